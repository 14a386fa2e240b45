//! Kafka clients: producer, consumer and admin, over the wire like everybody else.
//!
//! ```no_run
//! use client::admin::{Admin, Effect, NewTopic};
//! use client::consumer::{Consumer, ConsumerConfig, ConsumerRecord};
//! use client::producer::{Producer, ProducerConfig, TypedRecord};
//! use client::serialization::Plain;
//! use client::NetworkClient;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let servers = ("bootstrap.servers", "localhost:9092");
//! let (client, config) = ProducerConfig::from_settings([servers, ("compression.type", "zstd")])?;
//! let client = NetworkClient::new(client);
//! let topic = NewTopic { name: "orders".to_owned(), partitions: Some(3), ..NewTopic::default() };
//! Admin::new(client.clone()).create_topics(&[topic], Effect::Apply).await?;
//!
//! let producer = Producer::new(client, config, io::Clock::System, io::Entropy::from_system()?).typed(Plain, Plain);
//! let record = TypedRecord { topic: "orders", key: Some(&7_i64), value: Some("paid"), ..TypedRecord::default() };
//! producer.send(record).await?.wait().await?;
//!
//! let group = [servers, ("group.id", "readers"), ("auto.offset.reset", "earliest")];
//! let (client, config) = ConsumerConfig::from_settings(group)?;
//! let consumer = Consumer::new(&NetworkClient::new(client), config);
//! consumer.subscribe(["orders"])?;
//! let records: Vec<ConsumerRecord<i64, String>> = consumer.poll().await?.deserialize(&Plain, &Plain)?;
//! println!("{records:?}");
//! consumer.close().await?;
//! # Ok(())
//! # }
//! ```
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
mod find_coordinator;
mod list_offsets;
mod metadata;
mod network_client;
mod patience;
pub mod producer;
pub mod serialization;
pub mod settings;

pub use config::ClientConfig;
pub use error::ClientError;
pub use metadata::{ClusterMetadata, PartitionMetadata, TopicMetadata};
pub use network_client::{AutoCreate, NetworkClient};
