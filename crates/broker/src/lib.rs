//! A broker's services: partitions, produce, fetch, sessions, delayed operations, lifecycle.

pub mod fetch_sessions;
pub mod purgatory;
#[cfg(test)]
mod purgatory_test;

pub use purgatory::{Purgatory, TimedOut, Wait};
