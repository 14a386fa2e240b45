//! A member of a group that copies what it reads, in transactions that hold records and offsets.

use std::ops::ControlFlow;
use std::time::Duration;

use client::ClientError;
use client::consumer::{
    Consumer, ConsumerConfig, IsolationLevel, OffsetAndMetadata, OffsetReset, Offsets, PartitionRecords,
};
use client::producer::{ProducerRecord, TransactionError, TransactionalProducer};
use serde_json::json;
use types::Offset;

use crate::member::of_strategy;
use crate::speech::{Copier, Told, client, lines, report, with_error, with_transaction_error};
use crate::transact::producer;

pub async fn run(told: &Told) {
    let copier: Copier = told.of_verb();
    let config = ConsumerConfig::of_group(&copier.group)
        .session_timeout(Duration::from_millis(copier.session_ms))
        .heartbeat_interval(Duration::from_millis(copier.heartbeat_ms))
        .isolation_level(IsolationLevel::ReadCommitted)
        .enable_auto_commit(false)
        .auto_offset_reset(OffsetReset::Earliest)
        .fetch_max_wait(Duration::from_millis(100))
        .max_poll_records(copier.batch);
    let consumer = Consumer::new(&client(told), of_strategy(config, &copier.strategy));
    consumer.subscribe([copier.source.as_str()]).expect("topics are legal");
    let mut producer = match producer(told).init_transactions().await {
        Ok(producer) => producer,
        Err(error) => return report(with_transaction_error(json!({}), &error)),
    };
    let mut leave = lines();
    let mut number = 0;
    loop {
        let polled = tokio::select! {
            biased;
            _ = leave.recv() => break,
            polled = consumer.poll() => polled,
        };
        let records = match polled {
            Ok(records) => records,
            Err(error) => {
                report(with_error(json!({}), &error));
                continue;
            }
        };
        let values = match Values::of(&records) {
            Ok(Some(values)) => values,
            // What was aborted, and the ends of transactions.
            Ok(None) => continue,
            Err(error) => {
                report(with_error(json!({}), &error));
                continue;
            }
        };
        number += 1;
        if let Err(error) = copy(&mut producer, &consumer, &copier, &records, &values, number).await {
            report(with_transaction_error(json!({}), &error));
            again(&consumer, &records);
        }
    }
    producer.close().await;
    match consumer.close().await {
        Ok(()) => report(json!({"left": true})),
        Err(error) => report(with_error(json!({}), &error)),
    }
}

/// The records are not copied yet; where the partition is somebody else's by now, that is theirs.
fn again(consumer: &Consumer, records: &PartitionRecords) {
    let _ = consumer.seek(&records.partition, records.position);
}

async fn copy(
    producer: &mut TransactionalProducer,
    consumer: &Consumer,
    copier: &Copier,
    records: &PartitionRecords,
    values: &Values,
    number: u64,
) -> Result<(), TransactionError> {
    let transaction = producer.begin().await?;
    let count = values.values.len();
    for value in &values.values {
        let (topic, partition) = (copier.target.as_str(), Some(records.partition.partition));
        let value = value.as_deref();
        transaction.send(ProducerRecord { topic, partition, value, ..ProducerRecord::default() }).await?;
    }
    let offsets = Offsets::from([(records.partition.clone(), OffsetAndMetadata::at(values.behind))]);
    let group = consumer.group_metadata().map_err(TransactionError::Abortable)?;
    transaction.send_offsets(offsets, &group).await?;
    if copier.hang == number {
        transaction.flush().await;
        report(json!({"open": count}));
        return std::future::pending().await;
    }
    if copier.abort > 0 && number.is_multiple_of(copier.abort) {
        transaction.abort().await?;
        report(json!({"aborted": count}));
        again(consumer, records);
    } else {
        transaction.commit().await?;
        report(json!({"copied": count}));
    }
    Ok(())
}

/// What is to be copied.
struct Values {
    values: Vec<Option<Vec<u8>>>,
    /// The offset behind the last record.
    behind: Offset,
}

impl Values {
    fn of(records: &PartitionRecords) -> Result<Option<Self>, ClientError> {
        let (mut values, mut behind) = (Vec::new(), records.position);
        let _ = records.for_each(|record| {
            values.push(record.value.map(<[u8]>::to_vec));
            behind = record.offset.plus(1);
            ControlFlow::<()>::Continue(())
        })?;
        Ok((!values.is_empty()).then_some(Self { values, behind }))
    }
}
