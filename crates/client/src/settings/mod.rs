//! Clients from settings by Kafka's names, such as those of a properties file.
//!
//! ```
//! use client::ClientConfig;
//! use client::producer::{Acks, ProducerConfig};
//!
//! let settings = [("bootstrap.servers", "one:9092,two:9092"), ("acks", "all"), ("linger.ms", "20")];
//! let (client, producer) = ProducerConfig::from_settings(settings)?;
//! assert_eq!(client.bootstrap_servers, ["one:9092", "two:9092"]);
//! assert_eq!((producer.acks, producer.linger.as_millis()), (Acks::All, 20));
//!
//! let slip = ProducerConfig::from_settings([("bootstrap.servers", "one:9092"), ("lingr.ms", "20")]);
//! assert_eq!(slip.unwrap_err().to_string(), "producers have no key lingr.ms; is linger.ms meant?");
//! # Ok::<(), client::settings::SettingError>(())
//! ```

mod client;
mod consumer;
mod key;
mod producer;
mod values;

pub use key::{ClientKey, ClientKind, Support};

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A key that Kafka's client of this kind does not have.
    #[error("{}s have no key {key}{}", kind.name(), meant(nearest))]
    Unknown {
        /// Whose settings they are.
        kind: ClientKind,
        /// As it was written.
        key: String,
        /// What may be meant.
        nearest: Option<&'static str>,
    },
    /// A key without default that is not set.
    #[error("{key} is not set")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A value that its key cannot have.
    #[error("{key}={value}: {reason}")]
    Invalid {
        /// The key.
        key: &'static str,
        /// As it was written.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that Kafka's clients would take, and this library does not serve.
    #[error("{key}={value} is not served: {reason}")]
    NotServed {
        /// The key.
        key: &'static str,
        /// As it was written.
        value: String,
        /// Why.
        reason: &'static str,
    },
}

fn meant(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; is {nearest} meant?"))
}

#[cfg(test)]
#[path = "settings_test.rs"]
mod tests;
