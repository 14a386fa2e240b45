//! As many records as told, as fast as they go: measured by whoever starts the program.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Instant;

use client::NetworkClient;
use client::consumer::{Consumer, ConsumerConfig};
use client::producer::{Delivery, Producer, ProducerConfig, ProducerRecord};
use serde_json::json;
use types::{Offset, TopicPartition};

use crate::speech::{Load, Told, report};

/// How many records are sent before it is looked what became of the oldest.
const ROUND: u64 = 1000;

fn load(told: &Told) -> &Load {
    told.load.as_ref().expect("the load is told")
}

fn settings(told: &Told) -> impl Iterator<Item = (&str, &str)> {
    let given = load(told).settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    given.chain([("bootstrap.servers", told.bootstrap.as_str())])
}

pub async fn produce(told: &Told) {
    let load = load(told);
    let text =
        std::fs::read(load.values.as_deref().expect("there are values")).expect("the values are there");
    let mut values = text.windows(load.record_bytes).step_by(load.record_bytes).cycle();
    let (client, config) = ProducerConfig::from_settings(settings(told)).expect("settings are legal");
    let entropy = io::Entropy::from_system().expect("the system has randomness");
    let producer = Producer::new(NetworkClient::new(client), config, io::Clock::System, entropy);
    let begun = Instant::now();
    let mut deliveries: VecDeque<Delivery> = VecDeque::new();
    for number in 0..load.records {
        let record = ProducerRecord { topic: &load.topic, value: values.next(), ..ProducerRecord::default() };
        deliveries.push_back(producer.send(record).await.expect("sent"));
        if number % ROUND == 0 {
            while let Some(done) = deliveries.pop_front_if(|delivery| delivery.is_done()) {
                done.wait().await.expect("delivered");
            }
        }
    }
    producer.flush().await;
    for delivery in deliveries {
        delivery.wait().await.expect("delivered");
    }
    let seconds = begun.elapsed().as_secs_f64();
    producer.close().await;
    report(json!({"records": load.records, "seconds": seconds}));
}

pub async fn consume(told: &Told) {
    let load = load(told);
    let (client, config) = ConsumerConfig::from_settings(settings(told)).expect("settings are legal");
    let consumer = Consumer::new(&NetworkClient::new(client), config);
    let partitions = (0..load.partitions).map(|index| TopicPartition::new(load.topic.as_str(), index));
    let begun = Instant::now();
    consumer.assign_at(partitions.map(|partition| (partition, Offset(0)))).expect("nothing is subscribed to");
    let (mut records, mut bytes) = (0, 0);
    while records < load.records {
        let batches = consumer.poll().await.expect("readable");
        let _ = batches
            .for_each(|record| {
                records += 1;
                bytes += record.value.map_or(0, <[u8]>::len) as u64;
                ControlFlow::<()>::Continue(())
            })
            .expect("whole");
    }
    let seconds = begun.elapsed().as_secs_f64();
    consumer.close().await.expect("nothing is committed");
    assert_eq!(bytes, records * load.record_bytes as u64, "every record has its size");
    report(json!({"records": records, "seconds": seconds}));
}
