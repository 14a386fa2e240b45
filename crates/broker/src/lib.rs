//! A broker's services: partitions, produce, fetch, sessions, delayed operations, lifecycle.

pub mod fetch_sessions;
