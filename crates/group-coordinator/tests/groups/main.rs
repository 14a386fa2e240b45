//! Consumer groups from outside: scenarios that Kafka's coordinator has played, and random runs against invariants.

mod client;
mod golden_log;
mod invariants;
mod play;
mod random;
mod scenarios;
mod words;
mod world;
