//! A node of Milena inside a Rust program, for tests: `Milena::builder().ephemeral().start()`.
//!
//! | file | what |
//! |---|---|
//! | `builder` | where the node keeps its data, by which settings and which time it lives |
//! | `milena` | the node as its program holds it |
//! | `host` | the thread or task the node lives in |
//! | `ephemeral_disk` | a disk in memory that outlives its node, and fails when told to |
//! | `script` | what goes wrong on purpose |
//! | `virtual_time` | time that stands still until it is moved |
//!
//! docs/embedding.md shows all of it at work.
//!
//! *Invariant:* nothing here is global: as many nodes as a program likes, each with its own disk, clock and thread.
//! *Boundary:* no rule of Kafka's and none of the node's: what a test may change goes through the node's ports.

/// The page's programs, as tests of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct Embedding;

mod builder;
mod ephemeral_disk;
mod error;
mod host;
mod milena;
mod script;
mod virtual_time;

pub use ::client;
pub use io::Clock;
pub use types::ErrorCode;

pub use builder::Builder;
pub use ephemeral_disk::EphemeralDisk;
pub use error::StartError;
pub use milena::{Milena, RebalanceError};
pub use node::NodeError;
pub use script::{Api, Held, Script, Scripted};
