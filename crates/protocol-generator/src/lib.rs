//! Turns the tables of facts about Kafka's messages into Rust source.
