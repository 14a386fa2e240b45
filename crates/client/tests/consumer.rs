//! What a consumer reads, and what it does when its broker does not serve it.

mod broker;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use broker::{Act, Broker};
use client::admin::{Admin, OffsetSpec};
use client::consumer::{
    Consumer, ConsumerConfig, ConsumerInterceptor, ConsumerRecord, IsolationLevel, OffsetReset,
    PartitionRecords,
};
use client::producer::{Codec, Compression, Producer, ProducerConfig, ProducerRecord};
use client::serialization::Plain;
use client::{ClientConfig, ClientError, NetworkClient};
use futures_core::Stream;
use types::{ErrorCode, Offset, TopicPartition};

fn client(broker: &Broker) -> NetworkClient {
    let mut config = ClientConfig::new(vec![broker.address.clone()], "test");
    config.retry_backoff = Duration::from_millis(1);
    config.retry_backoff_max = Duration::from_millis(5);
    NetworkClient::new(config)
}

async fn write(broker: &Broker, codec: Codec, values: std::ops::Range<i32>) {
    let config = ProducerConfig { compression: Compression::of(codec), ..ProducerConfig::default() };
    let producer = Producer::new(client(broker), config, io::Clock::simulated(0), io::Entropy::from_seed(1));
    for value in values {
        let value = value.to_string();
        let record =
            ProducerRecord { topic: "t", value: Some(value.as_bytes()), ..ProducerRecord::default() };
        producer.send(record).await.expect("sent");
    }
    producer.close().await;
}

fn consumer(broker: &Broker, from: i64, offset_reset: OffsetReset) -> Consumer {
    let consumer = Consumer::new(&client(broker), ConsumerConfig::default().auto_offset_reset(offset_reset));
    consumer.assign_at([(TopicPartition::new("t", 0), Offset(from))]).expect("nothing is subscribed to");
    consumer
}

/// Reads until `count` records are there, as `offset:value`.
async fn read(consumer: &Consumer, count: usize) -> Vec<String> {
    let mut read = Vec::new();
    while read.len() < count {
        let records = consumer.poll().await.expect("records");
        let whole = records.for_each(|record| {
            let value = String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned();
            read.push(format!("{}:{value}", record.offset));
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(whole, Ok(ControlFlow::Continue(())));
    }
    read
}

fn expected(range: std::ops::Range<i32>) -> Vec<String> {
    range.map(|number| format!("{number}:{number}")).collect()
}

#[tokio::test]
async fn records_of_every_codec_are_read_from_the_position_on() {
    let broker = Broker::start().await;
    for (number, codec) in
        [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd].into_iter().enumerate()
    {
        write(&broker, codec, number as i32 * 10..number as i32 * 10 + 10).await;
    }
    let consumer = consumer(&broker, 7, OffsetReset::Fail);
    assert_eq!(read(&consumer, 43).await, expected(7..50), "the first batch begins before the position");
}

#[tokio::test]
async fn a_consumer_waits_for_what_is_written_later() {
    let broker = Broker::start().await;
    let consumer = consumer(&broker, 0, OffsetReset::Fail);
    let reading = tokio::spawn(async move { read(&consumer, 3).await });
    write(&broker, Codec::None, 0..3).await;
    assert_eq!(reading.await.expect("no panic"), expected(0..3));
}

#[tokio::test]
async fn what_heals_is_tried_again() {
    let broker = Broker::start().await;
    write(&broker, Codec::None, 0..3).await;
    broker.state().on_fetch = [
        Act::Refuse(ErrorCode::NotLeaderOrFollower),
        Act::ServeAndHangUp,
        Act::Refuse(ErrorCode::FencedLeaderEpoch),
    ]
    .into();
    let consumer = consumer(&broker, 0, OffsetReset::Fail);
    assert_eq!(read(&consumer, 3).await, expected(0..3));
}

#[tokio::test]
async fn what_does_not_heal_is_told_and_tried_again_by_the_next_poll() {
    let broker = Broker::start().await;
    broker.state().on_fetch = [Act::Refuse(ErrorCode::TopicAuthorizationFailed)].into();
    let consumer = consumer(&broker, 0, OffsetReset::Fail);
    let code = ErrorCode::TopicAuthorizationFailed;
    let told = consumer.poll().await.map(|_| ());
    assert_eq!(told, Err(ClientError::Topic { subject: "t-0".to_owned(), code, message: None }));
    write(&broker, Codec::None, 0..3).await;
    assert_eq!(read(&consumer, 3).await, expected(0..3));
}

#[tokio::test]
async fn a_deleted_offset_is_an_error_or_a_reset() {
    let broker = Broker::start().await;
    for start in [0, 5] {
        write(&broker, Codec::None, start..start + 5).await;
    }
    broker.state().log_start = 5;
    let strict = consumer(&broker, 2, OffsetReset::Fail);
    let told = strict.poll().await.map(|_| ());
    assert!(matches!(told, Err(ClientError::Topic { code: ErrorCode::OffsetOutOfRange, .. })), "{told:?}");
    let lenient = consumer(&broker, 2, OffsetReset::Earliest);
    assert_eq!(read(&lenient, 5).await, expected(5..10));
}

#[tokio::test]
async fn damaged_batches_are_an_error() {
    let broker = Broker::start().await;
    write(&broker, Codec::None, 0..3).await;
    {
        let mut state = broker.state();
        let mut batch = state.log[0].to_vec();
        *batch.last_mut().expect("not empty") ^= 1;
        state.log[0] = batch.into();
    }
    let records = consumer(&broker, 0, OffsetReset::Fail).poll().await.expect("bytes that look like batches");
    let told = records.for_each(|_| ControlFlow::<()>::Continue(()));
    assert!(matches!(told, Err(ClientError::CorruptRecords { .. })), "{told:?}");
}

#[tokio::test]
async fn the_ends_of_a_partition_are_found() {
    let broker = Broker::start().await;
    write(&broker, Codec::None, 0..3).await;
    let admin = Admin::new(client(&broker));
    let (known, unknown) = (TopicPartition::new("t", 0), TopicPartition::new("t", 3));
    for (spec, offset) in [(OffsetSpec::Earliest, 0), (OffsetSpec::Latest, 3)] {
        let specs = BTreeMap::from([(known.clone(), spec), (unknown.clone(), spec)]);
        let found = admin.list_offsets(&specs, IsolationLevel::ReadUncommitted).await.expect("answered");
        let listed = found[&known].clone().expect("it exists");
        assert_eq!(listed.offset, Some(Offset(offset)));
        let missing = &found[&unknown];
        assert!(matches!(missing, Err(ClientError::NoSuchPartition { partition: 3, .. })), "{missing:?}");
    }
}

#[tokio::test]
async fn a_broker_that_hangs_up_when_it_is_asked_why_is_told_apart_from_one_that_is_gone() {
    let broker = Broker::start().await;
    let partition = TopicPartition::new("t", 0);
    let refused = Admin::new(client(&broker)).why_partition(&partition).await;
    assert_eq!(refused, Err(ClientError::NotMilena { address: broker.address.clone() }));
    let missing = Admin::new(client(&broker)).why_partition(&TopicPartition::new("t", 9)).await;
    assert!(matches!(missing, Err(ClientError::NoSuchPartition { partition: 9, .. })), "{missing:?}");
}

#[tokio::test]
async fn what_is_read_is_a_stream_of_typed_records_seen_by_interceptors() {
    /// Counts what is handed out.
    #[derive(Clone, Debug, Default)]
    struct Counting(Arc<AtomicUsize>);

    impl ConsumerInterceptor for Counting {
        fn on_consume(&self, records: &PartitionRecords) {
            let _ = records.for_each(|_| {
                self.0.fetch_add(1, Ordering::Relaxed);
                ControlFlow::<()>::Continue(())
            });
        }
    }

    let broker = Broker::start().await;
    write(&broker, Codec::Lz4, 0..40).await;
    write(&broker, Codec::None, 40..100).await;
    let counting = Counting::default();
    let config = ConsumerConfig::default().max_poll_records(30).interceptor(counting.clone());
    let consumer = Consumer::new(&client(&broker), config);
    consumer.assign_at([(TopicPartition::new("t", 0), Offset(0))]).expect("nothing is subscribed to");
    let mut stream = pin!(consumer.stream());
    let mut sizes = Vec::new();
    let mut values = Vec::new();
    while values.len() < 100 {
        let next = std::future::poll_fn(|context| stream.as_mut().poll_next(context)).await;
        let records = next.expect("it does not end").expect("records");
        let records: Vec<ConsumerRecord<Vec<u8>, String>> =
            records.deserialize(&Plain, &Plain).expect("text");
        sizes.push(records.len());
        values.extend(records.into_iter().filter_map(|record| record.value));
    }
    assert_eq!(values, (0..100).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(sizes, [30, 10, 30, 30], "whole batches where they fit");
    assert_eq!(counting.0.load(Ordering::Relaxed), 100);

    let records = self::consumer(&broker, 98, OffsetReset::Fail).poll().await.expect("records");
    let numbers: Result<Vec<ConsumerRecord<i64, i64>>, _> = records.deserialize(&Plain, &Plain);
    assert!(matches!(numbers, Err(ClientError::Serialization { .. })), "{numbers:?}");
}

#[tokio::test]
async fn a_consumer_that_closes_ends_its_fetch_session() {
    for session in [0, 77] {
        let broker = Broker::start().await;
        broker.state().fetch_session = session;
        write(&broker, Codec::None, 0..3).await;
        let consumer = consumer(&broker, 0, OffsetReset::Fail);
        assert_eq!(read(&consumer, 3).await.len(), 3);
        consumer.close().await.expect("nothing to commit");
        let ended: &[i32] = if session == 0 { &[] } else { &[77] };
        assert_eq!(broker.state().ended_sessions, ended);
    }
}

#[tokio::test]
async fn a_batch_larger_than_a_poll_is_handed_out_in_parts_in_any_order_of_reading() {
    for codec in [Codec::None, Codec::Lz4, Codec::Zstd, Codec::Gzip, Codec::Snappy] {
        let broker = Broker::start().await;
        write(&broker, codec, 0..2000).await;
        let config = ConsumerConfig::default().max_poll_records(300);
        let consumer = Consumer::new(&client(&broker), config);
        consumer.assign_at([(TopicPartition::new("t", 0), Offset(0))]).expect("nothing is subscribed to");
        let values = |part: &PartitionRecords| {
            let mut values = Vec::new();
            let whole = part.for_each(|record| {
                values.push(String::from_utf8_lossy(record.value.unwrap_or_default()).into_owned());
                ControlFlow::<()>::Continue(())
            });
            assert_eq!(whole, Ok(ControlFlow::Continue(())));
            values
        };
        let (mut parts, mut count) = (Vec::new(), 0);
        while count < 2000 {
            let part = consumer.poll().await.expect("records");
            count += (part.next_position.0 - part.position.0) as usize;
            parts.push(part);
        }
        assert!(parts.len() > 6 && parts.iter().all(|part| values(part).len() <= 300));
        let expected: Vec<String> = (0..2000).map(|value| value.to_string()).collect();
        let forwards: Vec<String> = parts.iter().flat_map(&values).collect();
        assert_eq!(forwards, expected, "{codec:?}");
        let mut backwards: Vec<Vec<String>> = parts.iter().rev().map(&values).collect();
        backwards.reverse();
        assert_eq!(backwards.concat(), expected, "{codec:?}, the last part first");
    }
}
