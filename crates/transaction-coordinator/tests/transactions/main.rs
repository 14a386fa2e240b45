//! Transactions as a whole: scenarios that Kafka played, and seeded random runs.

mod play;
mod scenarios;
