//! TransactionLog: a transactional id as the log keeps it.
//!
//! The value's version is 0 under `transaction.version` 0; above, it is 1, which can have tagged fields: the producer ids
//! before and after, and the client's version (KIP-890). Records of other types, and values of newer versions, are
//! skipped, as the oracle does.

use std::collections::BTreeSet;

use bytes::Bytes;
use coordinator::{CoordinatorRecord, MalformedRecord};
use protocol::records::transaction_log_key::TransactionLogKey;
use protocol::records::transaction_log_value::{PartitionsSchema, TransactionLogValue};
use protocol::{DecodeError, Reader, Writer};
use types::{ProducerEpoch, ProducerId, TopicName, TopicPartition, TransactionVersion};

use crate::{Producer, Transaction, TransactionState};

const KIND: &str = "TransactionLog";

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LogRecord {
    /// How a transactional id stands.
    Transaction(String, Box<Transaction>),
    /// A transactional id is gone.
    Tombstone(String),
    /// Something that Kafka 4.3 does not know.
    Unknown,
}

impl LogRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`MalformedRecord`].
    pub(crate) fn read(record: &CoordinatorRecord) -> Result<Self, MalformedRecord> {
        let (version, mut reader) = versioned(&record.key)?;
        if version != TransactionLogKey::API_KEY {
            return Ok(Self::Unknown);
        }
        let key = TransactionLogKey::decode(&mut reader, 0).map_err(undecodable)?;
        let Some(value) = &record.value else { return Ok(Self::Tombstone(key.transactional_id)) };
        let (version, mut reader) = versioned(value)?;
        if !(TransactionLogValue::MIN_VERSION..=TransactionLogValue::MAX_VERSION).contains(&version) {
            return Ok(Self::Unknown);
        }
        let value = TransactionLogValue::decode(&mut reader, version).map_err(undecodable)?;
        Ok(Self::Transaction(key.transactional_id, Box::new(transaction(value)?)))
    }
}

/// The version that bytes begin with, and what follows.
fn versioned(bytes: &Bytes) -> Result<(i16, Reader), MalformedRecord> {
    let mut reader = Reader::new(bytes.clone());
    let version = reader.i16().map_err(undecodable)?;
    Ok((version, reader))
}

fn undecodable(error: DecodeError) -> MalformedRecord {
    MalformedRecord { kind: KIND, reason: error.to_string() }
}

fn transaction(value: TransactionLogValue) -> Result<Transaction, MalformedRecord> {
    let malformed = |reason: String| MalformedRecord { kind: KIND, reason };
    let state = TransactionState::from_id(value.transaction_status)
        .ok_or_else(|| malformed(format!("there is no state {}", value.transaction_status)))?;
    let client_version = TransactionVersion::from_level(value.client_transaction_version)
        .ok_or_else(|| malformed(format!("there is no version {}", value.client_transaction_version)))?;
    let mut partitions = BTreeSet::new();
    if state != TransactionState::Empty {
        let topics =
            value.transaction_partitions.ok_or_else(|| malformed("it has no partitions".to_owned()))?;
        for topic in topics {
            let name = TopicName::from(topic.topic);
            partitions
                .extend(topic.partition_ids.into_iter().map(|it| TopicPartition::new(name.clone(), it)));
        }
    }
    Ok(Transaction {
        state,
        producer: Producer { id: ProducerId(value.producer_id), epoch: ProducerEpoch(value.producer_epoch) },
        previous_producer_id: ProducerId(value.previous_producer_id),
        next_producer_id: ProducerId(value.next_producer_id),
        last_epoch: ProducerEpoch::NONE,
        timeout_ms: value.transaction_timeout_ms,
        partitions,
        started_at_ms: value.transaction_start_timestamp_ms,
        updated_at_ms: value.transaction_last_update_timestamp_ms,
        client_version,
    })
}

/// The record that says how a transactional id stands.
pub(crate) fn transaction_record(
    transactional_id: &str,
    transaction: &Transaction,
    server_version: TransactionVersion,
) -> CoordinatorRecord {
    let mut value = TransactionLogValue {
        producer_id: transaction.producer.id.0,
        producer_epoch: transaction.producer.epoch.0,
        transaction_timeout_ms: transaction.timeout_ms,
        transaction_status: transaction.state.id(),
        transaction_partitions: partitions(transaction),
        transaction_last_update_timestamp_ms: transaction.updated_at_ms,
        transaction_start_timestamp_ms: transaction.started_at_ms,
        ..TransactionLogValue::default()
    };
    let version = i16::from(server_version >= TransactionVersion::V1);
    if version > 0 {
        value.previous_producer_id = transaction.previous_producer_id.0;
        value.next_producer_id = transaction.next_producer_id.0;
        value.client_transaction_version = transaction.client_version.level();
    }
    let mut writer = Writer::new();
    writer.i16(version);
    value.encode(&mut writer, version).expect("names of topics are short enough for records");
    CoordinatorRecord { key: key(transactional_id), value: Some(writer.into_bytes()) }
}

/// By topic; nothing at all where no transaction can be.
fn partitions(transaction: &Transaction) -> Option<Vec<PartitionsSchema>> {
    if transaction.state == TransactionState::Empty {
        return None;
    }
    let mut topics = Vec::<PartitionsSchema>::new();
    for TopicPartition { topic, partition } in &transaction.partitions {
        match topics.last_mut() {
            Some(last) if *last.topic == **topic => last.partition_ids.push(partition.0),
            _ => topics.push(PartitionsSchema {
                topic: topic.to_string(),
                partition_ids: vec![partition.0],
                ..PartitionsSchema::default()
            }),
        }
    }
    Some(topics)
}

/// The record that ends a transactional id.
pub(crate) fn tombstone(transactional_id: &str) -> CoordinatorRecord {
    CoordinatorRecord { key: key(transactional_id), value: None }
}

fn key(transactional_id: &str) -> Bytes {
    let mut writer = Writer::new();
    writer.i16(TransactionLogKey::API_KEY);
    let key = TransactionLogKey { transactional_id: transactional_id.to_owned() };
    key.encode(&mut writer, 0).expect("strings from requests are short enough for records");
    writer.into_bytes()
}

#[cfg(test)]
#[path = "record_test.rs"]
mod tests;
