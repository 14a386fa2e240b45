//! Transactions of the client library against a whole node, at every level of `transaction.version`.

use std::collections::BTreeMap;

use client::admin::{Effect, FeatureDirection, FeatureUpdate};
use client::consumer::{
    Consumer, ConsumerConfig, ConsumerGroupMetadata, IsolationLevel, OffsetAndMetadata, OffsetReset, Offsets,
};
use client::producer::{Producer, ProducerConfig, ProducerRecord, TransactionError, TransactionalProducer};
use embedded::Milena;
use types::{ErrorCode, Offset, PartitionIndex, TopicPartition};

use crate::clients::{admin, create, eager, read};

async fn set_level(node: &Milena, level: i16) {
    let update = FeatureUpdate { level, direction: FeatureDirection::UnsafeDowngrade };
    let updates = BTreeMap::from([("transaction.version".to_owned(), update)]);
    let updated = admin(node).update_features(&updates, Effect::Apply).await.expect("answered");
    assert!(updated.values().all(Result::is_ok), "{updated:?}");
}

async fn initialized(node: &Milena, seed: u64) -> TransactionalProducer {
    let config = ProducerConfig::default().transactional_id("id");
    let producer =
        Producer::new(eager(node, "producer"), config, io::Clock::System, io::Entropy::from_seed(seed));
    producer.init_transactions().await.expect("it gets its id")
}

fn record(value: &str) -> ProducerRecord<'_> {
    let partition = Some(PartitionIndex(0));
    ProducerRecord { topic: "t", partition, value: Some(value.as_bytes()), ..ProducerRecord::default() }
}

fn offsets(offset: i64) -> Offsets {
    Offsets::from([(TopicPartition::new("t", 0), OffsetAndMetadata::at(Offset(offset)))])
}

/// What committed transactions have written.
async fn committed(node: &Milena, count: usize) -> Vec<String> {
    let config = ConsumerConfig::default()
        .isolation_level(IsolationLevel::ReadCommitted)
        .auto_offset_reset(OffsetReset::Earliest);
    let consumer = Consumer::new(&eager(node, "reader"), config);
    consumer.assign([TopicPartition::new("t", 0)]).expect("nothing is subscribed to");
    let mut values = Vec::new();
    while values.len() < count {
        values.extend(read(&consumer).await);
    }
    values
}

#[tokio::test]
async fn what_is_committed_is_seen_at_every_level_and_who_was_replaced_is_told() {
    for level in [2, 1, 0] {
        let node = Milena::builder().ephemeral().start().expect("started");
        if level < 2 {
            set_level(&node, level).await;
        }
        create(&node, "t", &[]).await;
        let group = ConsumerGroupMetadata::of_group("g");
        let mut producer = initialized(&node, 1).await;
        for (number, commits) in [true, false, true, true, false].into_iter().enumerate() {
            let transaction = producer.begin().await.expect("the one before has ended");
            for part in ["a", "b"] {
                let value = format!("{number}{part}");
                transaction.send(record(&value)).await.expect("it is on its way");
            }
            let at = i64::try_from(number).expect("it is small");
            transaction.send_offsets(offsets(at), &group).await.expect("the group has them");
            match commits {
                true => transaction.commit().await.expect("committed"),
                false => transaction.abort().await.expect("aborted"),
            }
        }
        let open = producer.begin().await.expect("the one before has ended");
        open.send(record("open")).await.expect("it is on its way").wait().await.expect("it is written");

        let mut another = initialized(&node, 2).await;
        let transaction = another.begin().await.expect("the other's was aborted");
        transaction.send(record("last")).await.expect("it is on its way");
        transaction.commit().await.expect("committed");
        let told = open.commit().await;
        let is_fenced = matches!(
            &told,
            Err(error @ TransactionError::Fatal(_)) if error.code() == Some(ErrorCode::ProducerFenced)
        );
        assert!(is_fenced, "at level {level}: {told:?}");

        let expected = ["0a", "0b", "2a", "2b", "3a", "3b", "last"];
        assert_eq!(committed(&node, expected.len()).await, expected, "at level {level}");
        let listed = admin(&node).list_group_offsets("g").await.expect("answered");
        let listed: Vec<_> = listed.into_values().map(|committed| committed.offset).collect();
        assert_eq!(listed, [Offset(3)], "at level {level}");
        node.stop().await.expect("it had not failed");
    }
}
