//! OffsetCommit: a committed offset as the log keeps it.
//!
//! Written at version 4, or at 1 where the commit says when it ends, as Kafka does. Read at 0 to 4, and under the key
//! of Kafka before 0.9 (type 0), whose values Kafka 4.3 reads at 0 alone. 1 has the time at which it ends, 3 the leader
//! epoch (KIP-320), 4 the topic's id.

use bytes::Bytes;
use coordinator::{CoordinatorRecord, MalformedRecord};
use protocol::records::offset_commit_key::OffsetCommitKey;
use protocol::records::offset_commit_value::OffsetCommitValue;
use protocol::{DecodeError, Writer};
use types::{LeaderEpoch, Offset, PartitionIndex, TopicPartition, Uuid};

use super::versioned;
use crate::offsets::CommittedOffset;

const KIND: &str = "OffsetCommit";
/// What keys of the older type begin with.
const OLD_KEY: [u8; 2] = [0, 0];
const VALUE_VERSION: i16 = 4;
/// The only version with a time at which the offset ends.
const VALUE_VERSION_WITH_END: i16 = 1;
/// Stands for a leader epoch or a time that is not known.
const UNKNOWN: i64 = -1;

/// Reads a key: the group, its topic and its partition.
pub(crate) fn read_offset_commit_key(key: &Bytes) -> Result<OffsetCommitKey, MalformedRecord> {
    // Both types of key have the same fields; neither has versions of its own.
    versioned("OffsetCommit key", key, |reader, _| OffsetCommitKey::decode(reader, 0))
}

/// Reads the value that stands under a key.
pub(crate) fn read_offset_commit_value(
    key: &Bytes,
    value: &Bytes,
) -> Result<CommittedOffset, MalformedRecord> {
    let value = versioned(KIND, value, |reader, version| {
        if key.starts_with(&OLD_KEY) && version != 0 {
            return Err(DecodeError::UnsupportedVersion { message: KIND, version });
        }
        OffsetCommitValue::decode(reader, version)
    })?;
    Ok(CommittedOffset {
        offset: Offset(value.offset),
        leader_epoch: (i64::from(value.leader_epoch) != UNKNOWN).then_some(LeaderEpoch(value.leader_epoch)),
        metadata: value.metadata,
        committed_at_ms: value.commit_timestamp,
        expires_at_ms: (value.expire_timestamp != UNKNOWN).then_some(value.expire_timestamp),
        topic_id: (value.topic_id != Uuid::ZERO).then_some(value.topic_id),
    })
}

/// The record that keeps an offset.
pub(crate) fn offset_commit_record(
    group_id: &str,
    partition: &TopicPartition,
    committed: &CommittedOffset,
) -> CoordinatorRecord {
    let version = if committed.expires_at_ms.is_some() { VALUE_VERSION_WITH_END } else { VALUE_VERSION };
    let value = OffsetCommitValue {
        offset: committed.offset.0,
        leader_epoch: committed.leader_epoch.map_or(-1, |epoch| epoch.0),
        metadata: committed.metadata.clone(),
        commit_timestamp: committed.committed_at_ms,
        expire_timestamp: committed.expires_at_ms.unwrap_or(UNKNOWN),
        topic_id: committed.topic_id.unwrap_or(Uuid::ZERO),
        unknown_tagged_fields: Default::default(),
    };
    let mut writer = Writer::new();
    writer.i16(version);
    value.encode(&mut writer, version).expect("strings from requests are short enough for records");
    CoordinatorRecord { key: key(group_id, partition), value: Some(writer.into_bytes()) }
}

/// The record that ends an offset.
pub(crate) fn offset_commit_tombstone(group_id: &str, partition: &TopicPartition) -> CoordinatorRecord {
    CoordinatorRecord { key: key(group_id, partition), value: None }
}

fn key(group_id: &str, partition: &TopicPartition) -> Bytes {
    let PartitionIndex(index) = partition.partition;
    let key =
        OffsetCommitKey { group: group_id.to_owned(), topic: partition.topic.to_string(), partition: index };
    let mut writer = Writer::new();
    writer.i16(OffsetCommitKey::API_KEY);
    key.encode(&mut writer, 0).expect("strings from requests are short enough for records");
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed() -> CommittedOffset {
        CommittedOffset {
            offset: Offset(42),
            leader_epoch: Some(LeaderEpoch(7)),
            metadata: "mine".to_owned(),
            committed_at_ms: 1_700_000_000_000,
            expires_at_ms: None,
            topic_id: Some(Uuid::from_halves(1, 2)),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let partition = TopicPartition::new("topic", 3);
        let record = offset_commit_record("g", &partition, &committed());
        let key = read_offset_commit_key(&record.key).expect("a key");
        assert_eq!((&*key.group, &*key.topic, key.partition), ("g", "topic", 3));
        let value = record.value.expect("a value");
        assert_eq!(read_offset_commit_value(&record.key, &value), Ok(committed()));
    }

    #[test]
    fn an_offset_with_an_end_of_its_own_keeps_it_and_not_its_epoch() {
        let ending = CommittedOffset { expires_at_ms: Some(9), ..committed() };
        let record = offset_commit_record("g", &TopicPartition::new("topic", 3), &ending);
        let value = record.value.expect("a value");
        let read = read_offset_commit_value(&record.key, &value).expect("a value");
        assert_eq!(read, CommittedOffset { leader_epoch: None, topic_id: None, ..ending });
    }

    #[test]
    fn keys_of_the_first_kafka_with_groups_are_read() {
        let record = offset_commit_tombstone("g", &TopicPartition::new("topic", 3));
        let mut old = record.key.to_vec();
        old[1] = 0;
        assert_eq!(read_offset_commit_key(&Bytes::from(old)), read_offset_commit_key(&record.key));
    }

    #[test]
    fn a_value_of_a_version_that_is_not_known_is_malformed() {
        let key = offset_commit_tombstone("g", &TopicPartition::new("topic", 3)).key;
        for value in [&[0, 5, 0, 0][..], &[0]] {
            assert!(read_offset_commit_value(&key, &Bytes::from_static(value)).is_err());
        }
    }

    #[test]
    fn under_an_old_key_a_value_has_version_0() {
        let old_key = Bytes::from_static(&[0, 0, 0, 1, b'g', 0, 1, b't', 0, 0, 0, 0]);
        let value = |version: u8| Bytes::from([&[0, version][..], &[0; 8], &[0, 0], &[0; 16]].concat());
        assert!(read_offset_commit_value(&old_key, &value(0)).is_ok());
        assert!(read_offset_commit_value(&old_key, &value(1)).is_err());
    }
}
