//! Clients, as short as tests like them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use client::admin::{Admin, Effect, GroupDescription, NewTopic, OffsetSpec};
use client::consumer::{Consumer, ConsumerConfig, IsolationLevel, OffsetReset};
use client::producer::{Producer, ProducerConfig, ProducerRecord};
use client::{ClientConfig, ClientError, NetworkClient};
use embedded::Milena;
use types::{Offset, PartitionIndex, TopicPartition};

/// A client that tries again at once.
pub fn eager(node: &Milena, client_id: &str) -> NetworkClient {
    let mut config = ClientConfig::new(vec![node.bootstrap().to_owned()], client_id);
    config.retry_backoff = Duration::from_millis(1);
    config.retry_backoff_max = Duration::from_millis(5);
    NetworkClient::new(config)
}

pub fn admin(node: &Milena) -> Admin {
    Admin::new(eager(node, "admin"))
}

pub async fn create(node: &Milena, topic: &str, configs: &[(&str, &str)]) {
    let configs = configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let topic = NewTopic { name: topic.to_owned(), partitions: Some(1), configs, ..NewTopic::default() };
    let created = admin(node).create_topics(&[topic], Effect::Apply).await.expect("answered");
    assert!(created.values().all(Result::is_ok), "{created:?}");
}

pub fn producer(node: &Milena, seed: u64) -> Producer {
    let config = ProducerConfig { linger: Duration::ZERO, ..ProducerConfig::default() };
    Producer::new(eager(node, "producer"), config, io::Clock::System, io::Entropy::from_seed(seed))
}

/// Sends one record to partition 0 of `t`, and waits until it is acknowledged.
pub async fn send(producer: &Producer, value: &str) -> Result<Option<Offset>, ClientError> {
    let partition = Some(PartitionIndex(0));
    let record =
        ProducerRecord { topic: "t", partition, value: Some(value.as_bytes()), ..ProducerRecord::default() };
    Ok(producer.send(record).await?.wait().await?.offset)
}

/// A member of the group `g` that reads `t` from its beginning.
pub fn member(node: &Milena, client_id: &str) -> Consumer {
    let config = ConsumerConfig::of_group("g")
        .auto_offset_reset(OffsetReset::Earliest)
        .enable_auto_commit(false)
        .heartbeat_interval(Duration::from_millis(20));
    let consumer = Consumer::new(&eager(node, client_id), config);
    consumer.subscribe(["t"]).expect("nothing is assigned by hand");
    consumer
}

/// The next values.
pub async fn read(consumer: &Consumer) -> Vec<String> {
    let mut values = Vec::new();
    let records = consumer.poll().await.expect("records");
    let read = records.for_each(|record| {
        values.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned());
        ControlFlow::<()>::Continue(())
    });
    assert_eq!(read, Ok(ControlFlow::Continue(())));
    values
}

/// The first offset of `t`, and the one behind its last.
pub async fn ends(node: &Milena) -> (i64, i64) {
    let partition = TopicPartition::new("t", 0);
    let end = async |spec| {
        let query = BTreeMap::from([(partition.clone(), spec)]);
        let offsets = admin(node).list_offsets(&query, IsolationLevel::ReadUncommitted).await;
        let end = offsets.expect("answered").remove(&partition).expect("told");
        end.expect("found").offset.expect("there is one").0
    };
    (end(OffsetSpec::Earliest).await, end(OffsetSpec::Latest).await)
}

/// The group `g`.
pub async fn group(node: &Milena) -> Result<GroupDescription, ClientError> {
    admin(node).describe_groups(&["g".to_owned()]).await.expect("answered").remove("g").expect("told")
}
