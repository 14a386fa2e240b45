//! Transactions as a whole: scenarios that Kafka played, and seeded random runs.

mod book;
mod client;
mod play;
mod random;
mod scenarios;
mod world;
