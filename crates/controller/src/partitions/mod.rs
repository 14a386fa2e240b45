//! Existing partitions: who leads them, who is in sync, and what happens to both when brokers come and go.

mod broker_events;
mod change;

pub(crate) use broker_events::BrokerEvent;
pub(crate) use change::{Election, PartitionChange};
