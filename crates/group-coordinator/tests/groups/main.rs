//! Consumer groups from outside: scenarios that Kafka's coordinator has played, and random runs against invariants.

mod play;
mod scenarios;
mod words;
