//! Connections that we open: to a broker, as one of its clients.

mod connection;
#[cfg(test)]
mod connection_test;
mod error;

pub use connection::{Connection, ConnectionSettings, PendingResponse};
pub use error::ConnectionError;
