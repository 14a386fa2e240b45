//! Partitions read without a group.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::json;

use crate::speech::{Run, Told, report, report_record, with_error};

const TIMEOUT: Duration = Duration::from_secs(30);

pub fn run(told: &Told) {
    for (number, run) in told.runs.iter().enumerate() {
        if let Err(error) = read(told, number, run) {
            report(with_error(json!({"run": number}), &error));
        }
    }
}

fn read(told: &Told, number: usize, run: &Run) -> KafkaResult<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &told.bootstrap)
        .set("group.id", "unused")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("isolation.level", &run.isolation)
        .create()?;
    consumer.assign(&positions(&consumer, run)?)?;
    report(json!({"run": number, "positioned": true}));
    let mut left = run.count;
    while left > 0 {
        if let Some(message) = consumer.poll(Duration::from_millis(500)) {
            report_record(json!({"run": number}), &message?);
            left -= 1;
        }
    }
    Ok(())
}

/// Where to read each partition from, as the broker tells it before the reading starts.
fn positions(consumer: &BaseConsumer, run: &Run) -> KafkaResult<TopicPartitionList> {
    let mut places = TopicPartitionList::new();
    for partition in &run.partitions {
        let offset = match (run.from.as_str(), run.from["offset"].as_i64(), run.from["time"].as_i64()) {
            (Some("beginning"), ..) => consumer.fetch_watermarks(&run.topic, *partition, TIMEOUT)?.0,
            (Some(_), ..) => consumer.fetch_watermarks(&run.topic, *partition, TIMEOUT)?.1,
            (_, Some(offset), _) => offset,
            (_, _, time) => time.expect("a place to read from"),
        };
        places.add_partition_offset(&run.topic, *partition, Offset::Offset(offset))?;
    }
    if run.from["time"].is_i64() { consumer.offsets_for_times(places, TIMEOUT) } else { Ok(places) }
}
