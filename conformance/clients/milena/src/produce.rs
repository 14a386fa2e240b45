//! Each run with a producer of its own.

use client::ClientError;
use client::producer::{
    Acks, Codec, Compression, Delivery, HeaderRef, Producer, ProducerConfig, ProducerRecord,
};
use serde_json::json;
use types::PartitionIndex;

use crate::speech::{Record, Run, Told, bytes, client, report, with_error};

pub async fn run(told: &Told) {
    for (number, run) in told.runs.iter().enumerate() {
        let mut config = ProducerConfig {
            acks: match run.acks.as_str() {
                "0" => Acks::None,
                "1" => Acks::Leader,
                _ => Acks::All,
            },
            enable_idempotence: run.idempotent,
            compression: Compression::of(codec(&run.codec)),
            ..ProducerConfig::default()
        };
        if let Some(largest) = run.largest {
            config.max_request_size = largest;
        }
        let entropy = io::Entropy::from_system().expect("the system has randomness");
        let producer = Producer::new(client(told), config, io::Clock::System, entropy);
        let done = send_all(&producer, number, run).await;
        producer.close().await;
        report(json!({"run": number, "done": done}));
    }
}

fn codec(name: &str) -> Codec {
    match name {
        "gzip" => Codec::Gzip,
        "snappy" => Codec::Snappy,
        "lz4" => Codec::Lz4,
        "zstd" => Codec::Zstd,
        _ => Codec::None,
    }
}

/// How many were delivered.
async fn send_all(producer: &Producer, number: usize, run: &Run) -> usize {
    let mut deliveries = Vec::new();
    if let Some(path) = &run.values {
        let file = std::fs::read(path).expect("the values are there");
        let mut rest = file.as_slice();
        while let Some((length, more)) = rest.split_first_chunk() {
            let (value, after) = more.split_at(u32::from_be_bytes(*length) as usize);
            deliveries.push(send(producer, &run.topic, &Record::default(), None, Some(value)).await);
            rest = after;
        }
    }
    for record in &run.records {
        let key = record.key.as_deref().map(bytes);
        let value = record.value.as_deref().map(bytes);
        deliveries.push(send(producer, &run.topic, record, key.as_deref(), value.as_deref()).await);
    }
    let mut done = 0;
    for (index, delivery) in deliveries.into_iter().enumerate() {
        let outcome = match delivery {
            Ok(delivery) => delivery.wait().await,
            Err(error) => Err(error),
        };
        match outcome {
            Err(error) => report(with_error(json!({"run": number, "failed": index}), &error)),
            Ok(written) => {
                done += 1;
                if run.values.is_none() {
                    let (partition, offset) =
                        (written.partition.partition.0, written.offset.map(|offset| offset.0));
                    report(
                        json!({"run": number, "produced": index, "partition": partition, "offset": offset}),
                    );
                }
            }
        }
    }
    done
}

async fn send(
    producer: &Producer,
    topic: &str,
    record: &Record,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Result<Delivery, ClientError> {
    with_record(topic, record, key, value, async |record| producer.send(record).await).await
}

/// The record as the library takes it.
pub async fn with_record<T>(
    topic: &str,
    record: &Record,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    send: impl AsyncFnOnce(ProducerRecord<'_>) -> T,
) -> T {
    let headers: Vec<(&str, Option<Vec<u8>>)> =
        record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref().map(bytes))).collect();
    let headers: Vec<HeaderRef<'_>> = headers
        .iter()
        .map(|(name, value)| HeaderRef { key: name.as_bytes(), value: value.as_deref() })
        .collect();
    let partition = Some(PartitionIndex(record.partition));
    let record =
        ProducerRecord { topic, partition, timestamp: record.timestamp, key, value, headers: &headers };
    send(record).await
}
