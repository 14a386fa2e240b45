//! Frames, headers and every message of the Kafka protocol, generated from tables of facts.
