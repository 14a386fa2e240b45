//! Kafka clients: producer, consumer and admin, over the wire like everybody else.
//!
//! [`NetworkClient`] holds connections and metadata; [`producer`], [`consumer`], [`admin`] and [`why`] stand on it.
//!
//! *Boundary:* sees the words and the network only; nothing of a node. Wire types stay inside.

pub mod admin;
mod broker_connection;
mod call;
mod config;
pub mod consumer;
mod errand;
mod error;
mod metadata;
mod network_client;
mod patience;
pub mod producer;
pub mod serialization;

pub use config::ClientConfig;
pub use error::ClientError;
pub use metadata::{ClusterMetadata, PartitionMetadata, TopicMetadata};
pub use network_client::{AutoCreate, NetworkClient};
