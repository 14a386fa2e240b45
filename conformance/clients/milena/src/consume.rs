//! Partitions read without a group.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use client::ClientError;
use client::consumer::{Consumer, ConsumerConfig, OffsetReset};
use serde_json::json;
use types::{Offset, TopicPartition};

use crate::speech::{Run, Told, client, isolation, report, report_record, with_error};

pub async fn run(told: &Told) {
    for (number, run) in told.runs.iter().enumerate() {
        if let Err(error) = read(told, number, run).await {
            report(with_error(json!({"run": number}), &error));
        }
    }
}

async fn read(told: &Told, number: usize, run: &Run) -> Result<(), ClientError> {
    let config = ConsumerConfig::default()
        .auto_offset_reset(OffsetReset::Fail)
        .isolation_level(isolation(&run.isolation));
    let consumer = Consumer::new(&client(told), config);
    consumer.assign_at(positions(&consumer, run).await?)?;
    report(json!({"run": number, "positioned": true}));
    let mut left = run.count;
    while left > 0 {
        let records = consumer.poll().await?;
        let _ = records.for_each(|record| {
            if left > 0 {
                report_record(json!({"run": number}), records.partition.partition.0, &record);
                left -= 1;
            }
            ControlFlow::<()>::Continue(())
        })?;
    }
    consumer.close().await
}

/// Where to read each partition from, as the broker tells it before the reading starts.
async fn positions(consumer: &Consumer, run: &Run) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
    let partitions: Vec<TopicPartition> =
        run.partitions.iter().map(|index| TopicPartition::new(run.topic.as_str(), *index)).collect();
    if let Some(offset) = run.from["offset"].as_i64() {
        return Ok(partitions.into_iter().map(|partition| (partition, Offset(offset))).collect());
    }
    if let Some(time) = run.from["time"].as_i64() {
        let times = partitions.into_iter().map(|partition| (partition, time)).collect();
        let found = consumer.offsets_for_times(&times).await?;
        return Ok(found.into_iter().map(|(partition, found)| (partition, found.offset)).collect());
    }
    match run.from.as_str() {
        Some("beginning") => consumer.beginning_offsets(&partitions).await,
        _ => consumer.end_offsets(&partitions).await,
    }
}
