//! What the tests of several crates do in the same way: seeded runs, and scenarios that Kafka has played before.

pub mod scenarios;
pub mod seeds;
