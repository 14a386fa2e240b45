//! Existing partitions: who leads them, who is in sync, where their replicas are, and how all of it changes.

pub mod assign_directories;
mod broker_events;
mod change;
mod changed;
pub mod elect_leaders;
pub mod reassign;

pub(crate) use broker_events::BrokerEvent;
pub(crate) use change::{Election, PartitionChange};
