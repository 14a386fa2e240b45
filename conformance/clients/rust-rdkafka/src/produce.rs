//! Each run with a producer of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext};
use serde_json::json;

use crate::speech::{Record, Run, Told, bytes, report, with_error};

pub fn run(told: &Told) {
    for (number, run) in told.runs.iter().enumerate() {
        let mut settings = ClientConfig::new();
        settings
            .set("bootstrap.servers", &told.bootstrap)
            .set("compression.type", &run.codec)
            .set("acks", &run.acks)
            .set("enable.idempotence", run.idempotent.to_string())
            .set("message.timeout.ms", "30000")
            .set("linger.ms", "5");
        if let Some(largest) = run.largest {
            settings.set("message.max.bytes", largest.to_string());
        }
        let deliveries = Deliveries { run: number, each: run.values.is_none(), done: AtomicUsize::new(0) };
        let producer: ThreadedProducer<_> =
            settings.create_with_context(deliveries).expect("settings are legal");
        send_all(&producer, run);
        producer.flush(Duration::from_secs(60)).expect("flushed");
        report(json!({"run": number, "done": producer.context().done.load(Ordering::Relaxed)}));
    }
}

/// What became of the records of one run.
struct Deliveries {
    run: usize,
    each: bool,
    done: AtomicUsize,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, index: Box<usize>) {
        match result {
            Err((error, _)) => report(with_error(json!({"run": self.run, "failed": index}), error)),
            Ok(message) => {
                self.done.fetch_add(1, Ordering::Relaxed);
                if self.each {
                    let (partition, offset) = (message.partition(), message.offset());
                    report(
                        json!({"run": self.run, "produced": index, "partition": partition, "offset": offset}),
                    );
                }
            }
        }
    }
}

fn send_all(producer: &ThreadedProducer<Deliveries>, run: &Run) {
    if let Some(path) = &run.values {
        let file = std::fs::read(path).expect("the values are there");
        let mut rest = file.as_slice();
        while let Some((length, more)) = rest.split_first_chunk() {
            let (value, after) = more.split_at(u32::from_be_bytes(*length) as usize);
            send(producer, &run.topic, 0, &Record::default(), None, Some(value));
            rest = after;
        }
    }
    for (index, record) in run.records.iter().enumerate() {
        let key = record.key.as_deref().map(bytes);
        let value = record.value.as_deref().map(bytes);
        send(producer, &run.topic, index, record, key.as_deref(), value.as_deref());
    }
}

/// Sends one record; where the library's queue is full, as soon as it is not.
fn send(
    producer: &ThreadedProducer<Deliveries>,
    topic: &str,
    index: usize,
    record: &Record,
    key: Option<&[u8]>,
    payload: Option<&[u8]>,
) {
    let headers = record.headers.iter().fold(OwnedHeaders::new(), |headers, (name, value)| {
        let value = value.as_deref().map(bytes);
        headers.insert(Header { key: name, value: value.as_ref() })
    });
    let mut wanted = BaseRecord {
        topic,
        partition: Some(record.partition),
        payload,
        key,
        timestamp: record.timestamp,
        headers: Some(headers),
        delivery_opaque: Box::new(index),
    };
    loop {
        match producer.send(wanted) {
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                wanted = back;
                std::thread::sleep(Duration::from_millis(5));
            }
            Err((error, _)) => {
                let fields = json!({"run": producer.context().run, "failed": index});
                return report(with_error(fields, &error));
            }
            Ok(()) => return,
        }
    }
}
