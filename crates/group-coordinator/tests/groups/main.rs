//! Consumer groups from outside: scenarios that Kafka's coordinator has played, and random runs against invariants.

mod client;
mod cluster;
mod golden_log;
mod invariants;
mod play;
mod play_consumer;
mod random;
mod scenarios;
mod words;
mod world;
