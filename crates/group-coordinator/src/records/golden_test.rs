//! Records against those that Kafka's classes wrote, at every version: `conformance/golden-groups/GroupRecords.java`,
//! whose header tells the columns.

use bytes::Bytes;
use coordinator::CoordinatorRecord;
use types::{LeaderEpoch, Offset, TopicPartition, Uuid};

use super::*;
use crate::offsets::CommittedOffset;

const KAFKA: &str = include_str!("../../testdata/group-records-4.3.1.tsv");

fn bytes(hex: &str) -> Bytes {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("hexadecimal") as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn optional_bytes(hex: &str) -> Option<Bytes> {
    (hex != "-").then(|| bytes(hex))
}

fn text(hex: &str) -> String {
    String::from_utf8(bytes(hex).to_vec()).expect("UTF-8")
}

fn optional_text(hex: &str) -> Option<String> {
    (hex != "-").then(|| text(hex))
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(word: &str) -> T {
    word.parse().expect("a number")
}

/// A number that -1 stands for the lack of.
fn known(word: &str) -> Option<i64> {
    Some(number(word)).filter(|number| *number != -1)
}

fn lines_of(kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    KAFKA.lines().map(|line| line.split('\t').collect::<Vec<_>>()).filter(move |columns| columns[0] == kind)
}

fn committed(columns: &[&str]) -> CommittedOffset {
    CommittedOffset {
        offset: Offset(number(columns[0])),
        leader_epoch: known(columns[1]).map(|epoch| LeaderEpoch(epoch as i32)),
        metadata: text(columns[2]),
        committed_at_ms: number(columns[3]),
        expires_at_ms: known(columns[4]),
        topic_id: Some(columns[5].parse().expect("an id")).filter(|id| *id != Uuid::ZERO),
    }
}

fn member(column: &str) -> LoadedMember {
    let words: Vec<_> = column.split(',').collect();
    let session_timeout_ms = number(words[5]);
    LoadedMember {
        member_id: text(words[0]),
        group_instance_id: optional_text(words[1]),
        client_id: text(words[2]),
        client_host: text(words[3]),
        // The oldest version has only one of them.
        rebalance_timeout_ms: known(words[4]).map_or(session_timeout_ms, |timeout_ms| timeout_ms as i32),
        session_timeout_ms,
        subscription: bytes(words[6]),
        assignment: bytes(words[7]),
    }
}

fn group(columns: &[&str]) -> GroupMetadata {
    GroupMetadata {
        generation: number(columns[0]),
        protocol_type: Some(text(columns[1])).filter(|kind| !kind.is_empty()),
        protocol_name: optional_text(columns[2]),
        leader: optional_text(columns[3]),
        state_since_ms: known(columns[4]),
        members: columns[5..].iter().copied().map(member).collect(),
    }
}

#[test]
fn offsets_are_read_at_every_version_and_written_as_kafka_writes_them() {
    let (mut versions, mut written_again) = ([0; 5], 0);
    for columns in lines_of("offset") {
        let [key, group_id, topic] = [columns[2], columns[4], columns[5]];
        let record = CoordinatorRecord { key: bytes(key), value: optional_bytes(columns[3]) };
        assert_eq!(RecordType::of(&record.key), Ok(RecordType::Offset));
        let read = read_offset_commit_key(&record.key).expect("a key");
        let partition = TopicPartition::new(text(topic).as_str(), number::<i32>(columns[6]));
        assert_eq!(
            (read.group, read.topic, read.partition),
            (text(group_id), text(topic), number(columns[6]))
        );
        let is_of_today = key.starts_with("0001");
        let Some(value) = &record.value else {
            let tombstone = offset_commit_tombstone(&text(group_id), &partition);
            assert!(!is_of_today || tombstone == record, "{columns:?}");
            continue;
        };
        let expected = committed(&columns[7..]);
        let version: usize = number(columns[1]);
        let read = read_offset_commit_value(&record.key, value);
        // Kafka knows values under an old key at version 0 alone.
        if !is_of_today && version > 0 {
            assert!(read.is_err(), "{columns:?}");
            continue;
        }
        assert_eq!(read.as_ref(), Ok(&expected), "{columns:?}");
        versions[version] += 1;
        // Kafka writes these two: version 1 where the offset has an end of its own.
        if is_of_today && version == if expected.expires_at_ms.is_some() { 1 } else { 4 } {
            assert_eq!(offset_commit_record(&text(group_id), &partition, &expected), record, "{columns:?}");
            written_again += 1;
        }
    }
    assert!(versions.iter().all(|lines| *lines >= 4) && written_again >= 4, "{versions:?} {written_again}");
}

#[test]
fn groups_are_read_at_every_version_and_written_as_kafka_writes_them() {
    let (mut versions, mut written_again) = ([0; 5], 0);
    for columns in lines_of("group") {
        let record = CoordinatorRecord { key: bytes(columns[2]), value: optional_bytes(columns[3]) };
        let group_id = text(columns[4]);
        assert_eq!(group_of(&record.key).as_deref(), Ok(&*group_id), "{columns:?}");
        let Some(value) = &record.value else {
            assert_eq!(group_metadata_tombstone(&group_id), record);
            continue;
        };
        let read = GroupMetadata::read(value).expect("a value");
        assert_eq!(read, group(&columns[5..]), "{columns:?}");
        let version: usize = number(columns[1]);
        versions[version] += 1;
        if version == 3 {
            assert_eq!(group_metadata_record(&group_id, read), record, "{columns:?}");
            written_again += 1;
        }
    }
    assert!(versions.iter().all(|lines| *lines >= 4) && written_again >= 4, "{versions:?} {written_again}");
}

/// Records of consumer groups that Kafka's coordinator wrote in scenarios.
const CONSUMERS: &str = include_str!("../../testdata/consumer-records-4.3.1.hex");

#[test]
fn records_of_consumer_groups_are_kafkas_byte_for_byte() {
    let mut of_each_type = std::collections::BTreeMap::new();
    for line in CONSUMERS.lines() {
        let (key, value) = line.split_once(' ').expect("a key and a value");
        let record = CoordinatorRecord { key: bytes(key), value: optional_bytes(value) };
        let (group_id, read) = ConsumerRecord::read(&record).expect("Kafka wrote it");
        let written = read.encode(&group_id);
        match &read {
            // Kafka writes topics in the order of a hash map.
            ConsumerRecord::Current(_, Some(current))
                if current.assigned.len() + current.revoking.len() > 1 =>
            {
                assert_eq!(written.size(), record.size(), "{read:?}");
                assert_eq!(ConsumerRecord::read(&written), Ok((group_id, read)));
            }
            _ => assert_eq!(written, record, "{read:?}"),
        }
        *of_each_type.entry((record.key[1], record.value.is_some())).or_insert(0) += 1;
    }
    // Nobody writes the topics (4) any more but for their end.
    for number in [3, 5, 6, 7, 8, 16] {
        assert!(of_each_type.contains_key(&(number, true)), "{number}");
        assert!(of_each_type.contains_key(&(number, false)), "{number}");
    }
    assert!(of_each_type.contains_key(&(4, false)));
}
