//! What goes wrong on purpose: a list of rules between the network and the node's handlers.
//!
//! | file | what |
//! |---|---|
//! | `rule` | which request, and what becomes of it |
//! | `api` | the requests that can be told apart |
//! | `service` | the rules at work, around the handlers |
//! | `error_answer` | the answer that a node gives which refuses all of a request |
//! | `fences` | producers whose epoch is too old |

mod api;
mod error_answer;
mod fences;
mod rule;
mod service;

pub use api::Api;
pub use rule::{Held, Script, Scripted};

pub(crate) use rule::Rules;
pub(crate) use service::ScriptedService;
