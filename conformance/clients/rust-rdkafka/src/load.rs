//! As many records as told, as fast as they go: measured by whoever starts the program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};
use serde_json::json;

use crate::speech::{Load, Told, report};

/// How many records are sent before it is looked what became of the oldest.
const ROUND: u64 = 1000;

fn load(told: &Told) -> &Load {
    told.load.as_ref().expect("the load is told")
}

fn settings(told: &Told) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", &told.bootstrap);
    for (key, value) in &load(told).settings {
        settings.set(key, value);
    }
    settings
}

/// Counts the records that were delivered.
#[derive(Default)]
struct Delivered(AtomicU64);

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        result.as_ref().expect("delivered");
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

pub fn produce(told: &Told) {
    let load = load(told);
    let text =
        std::fs::read(load.values.as_deref().expect("there are values")).expect("the values are there");
    let mut values = text.windows(load.record_bytes).step_by(load.record_bytes).cycle();
    let producer: BaseProducer<_> =
        settings(told).create_with_context(Delivered::default()).expect("settings are legal");
    let begun = Instant::now();
    for number in 0..load.records {
        let value = values.next().expect("it does not end");
        let mut record = BaseRecord::<[u8], [u8]>::to(&load.topic).payload(value);
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    producer.poll(Duration::from_millis(100));
                }
                Err((error, _)) => panic!("not sent: {error}"),
            }
        }
        if number % ROUND == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_secs(60)).expect("flushed");
    let seconds = begun.elapsed().as_secs_f64();
    let delivered = producer.context().0.load(Ordering::Relaxed);
    assert_eq!(delivered, load.records, "all are delivered");
    report(json!({"records": delivered, "seconds": seconds}));
}

pub fn consume(told: &Told) {
    let load = load(told);
    let consumer: BaseConsumer = settings(told)
        .set("group.id", "unused")
        .set("enable.auto.commit", "false")
        .create()
        .expect("settings are legal");
    let mut places = TopicPartitionList::new();
    for index in 0..load.partitions {
        places.add_partition_offset(&load.topic, index, Offset::Offset(0)).expect("an offset");
    }
    let begun = Instant::now();
    consumer.assign(&places).expect("assigned");
    let (mut records, mut bytes) = (0, 0);
    while records < load.records {
        if let Some(message) = consumer.poll(Duration::from_millis(500)) {
            records += 1;
            bytes += message.expect("readable").payload().map_or(0, <[u8]>::len) as u64;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(bytes, records * load.record_bytes as u64, "every record has its size");
    report(json!({"records": records, "seconds": seconds}));
}
