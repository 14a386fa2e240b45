//! A node: the assembly of broker and controller from their parts.
//!
//! | file | what |
//! |---|---|
//! | `environment` | the ports a node runs on: disk, clock, randomness, threads |
//! | `descriptors` | how many files and sockets it may open |
//! | `directories` | data directories locked, checked and, where they are fresh, formatted |
//! | `assembly` | a node without sockets: what a simulation runs |
//! | `listeners` | the sockets of a node that runs for real |
//! | `served` | a node with its sockets |
//! | `holder` | which process holds what this one wants |

pub mod assembly;
#[cfg(test)]
mod cold_fetch_test;
#[cfg(test)]
mod consumer_groups_test;
mod descriptors;
mod directories;
#[cfg(test)]
mod dynamic_settings_test;
pub mod environment;
mod error;
#[cfg(test)]
mod error_test;
#[cfg(test)]
mod few_brokers_test;
#[cfg(test)]
mod flush_test;
#[cfg(test)]
mod full_disk_test;
#[cfg(test)]
mod groups_test;
pub mod holder;
#[cfg(test)]
mod idempotence_test;
mod listeners;
#[cfg(test)]
mod node_test;
mod served;
#[cfg(test)]
mod transactions_test;
#[cfg(test)]
mod why_test;

pub use assembly::{BoundListener, Node};
pub use descriptors::raise_limit;
pub use directories::controller_endpoints;
pub use environment::Environment;
pub use error::NodeError;
pub use listeners::warn_of_unknown_names;
pub use served::ServedNode;
