//! The server-side assignors: against what Kafka's make of the same groups, and against what they promise.

mod golden;
mod properties;
