//! The controller's rules as a pure decide/replay machine.
//!
//! [`Controller`] holds the metadata image and what only a controller needs beside it. Each verb is a method
//! `decide_*` in a file of its own: it only reads and answers with a [`Decision`], the records to append and the reply
//! to give once they are committed. [`Controller::replay`] is the only mutator of what the log says, so that starting,
//! failing over and deciding run the same path. What is not in the log, the brokers' sessions, changes by
//! [`Controller::note_heartbeat`] and [`Controller::activate`].
//!
//! *Invariant:* a decision's records replay without error on the state they were decided on; no partition lacks
//! replicas; a leader stands in its ISR, the ISR among the replicas; leader and partition epochs only grow.
//! *Boundary:* no IO, no clock, no randomness: time (monotonic, from any fixed start) and random numbers are arguments.

pub mod bootstrap;
pub mod brokers;
pub mod client_quotas;
pub mod configs;
mod controller;
pub mod controllers;
mod decision;
mod error;
mod features;
pub mod invariants;
pub mod partitions;
pub mod placement;
pub mod producer_ids;
pub mod topics;
pub mod update_features;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod golden_test;
#[cfg(test)]
mod random_test;

pub use controller::{Controller, ControllerSettings};
pub use decision::Decision;
pub use error::{AssignmentError, ControllerError, PlacementError};
pub use features::supported_features;

/// A source of random numbers, for ids and placement.
pub type Random<'a> = &'a mut dyn FnMut() -> u64;
