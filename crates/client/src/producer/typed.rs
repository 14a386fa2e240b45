//! A producer of values instead of bytes.

use types::PartitionIndex;

use crate::error::ClientError;
use crate::producer::{Delivery, HeaderRef, Producer, ProducerRecord};
use crate::serialization::Serializer;

/// A [`Producer`] with serializers for keys and values.
///
/// ```no_run
/// use client::producer::{Producer, ProducerConfig, TypedRecord};
/// use client::serialization::Plain;
/// use client::{ClientConfig, NetworkClient};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = NetworkClient::new(ClientConfig::new(vec!["localhost:9092".to_owned()], "example"));
/// let entropy = io::Entropy::from_system()?;
/// let producer = Producer::new(client, ProducerConfig::default(), io::Clock::System, entropy).typed(Plain, Plain);
/// let record = TypedRecord { topic: "orders", key: Some(&7_i64), value: Some("paid"), ..TypedRecord::default() };
/// producer.send(record).await?.wait().await?;
/// # Ok(())
/// # }
/// ```
pub struct TypedProducer<KS, VS> {
    producer: Producer,
    key_serializer: KS,
    value_serializer: VS,
}

/// A record to be sent.
#[derive(Debug)]
pub struct TypedRecord<'a, K: ?Sized, V: ?Sized> {
    /// The topic.
    pub topic: &'a str,
    /// `None`: by key, or wherever it suits.
    pub partition: Option<PartitionIndex>,
    /// Milliseconds since 1970; `None`: now.
    pub timestamp: Option<i64>,
    /// `None` is null.
    pub key: Option<&'a K>,
    /// `None` is null.
    pub value: Option<&'a V>,
    /// In order; keys may repeat.
    pub headers: &'a [HeaderRef<'a>],
}

impl<K: ?Sized, V: ?Sized> Default for TypedRecord<'_, K, V> {
    fn default() -> Self {
        Self { topic: "", partition: None, timestamp: None, key: None, value: None, headers: &[] }
    }
}

impl Producer {
    /// This producer with serializers.
    pub fn typed<KS, VS>(self, key_serializer: KS, value_serializer: VS) -> TypedProducer<KS, VS> {
        TypedProducer { producer: self, key_serializer, value_serializer }
    }
}

impl<KS, VS> TypedProducer<KS, VS> {
    /// As [`Producer::send`].
    ///
    /// # Errors
    /// As there, and `Serialization`.
    pub async fn send<K: ?Sized, V: ?Sized>(
        &self,
        record: TypedRecord<'_, K, V>,
    ) -> Result<Delivery, ClientError>
    where
        KS: Serializer<K>,
        VS: Serializer<V>,
    {
        let topic = record.topic;
        let failed =
            |what| move |reason| ClientError::Serialization { what: format!("{what} for {topic}"), reason };
        let key = record.key.map(|key| self.key_serializer.serialize(topic, key));
        let key = key.transpose().map_err(failed("key"))?;
        let value = record.value.map(|value| self.value_serializer.serialize(topic, value));
        let value = value.transpose().map_err(failed("value"))?;
        let record = ProducerRecord {
            topic,
            partition: record.partition,
            timestamp: record.timestamp,
            key: key.as_deref(),
            value: value.as_deref(),
            headers: record.headers,
        };
        self.producer.send(record).await
    }

    /// The producer of bytes.
    pub const fn producer(&self) -> &Producer {
        &self.producer
    }

    /// The producer without its serializers.
    pub fn into_inner(self) -> Producer {
        self.producer
    }
}
