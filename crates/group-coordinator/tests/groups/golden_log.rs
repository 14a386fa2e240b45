//! A log of `__consumer_offsets` that Kafka wrote is loaded to the state that Kafka's commands told
//! (`conformance/golden_offsets.py`): members with what they own, offsets with epochs and metadata, and nothing of what
//! was deleted or expired.

use std::io::Read;

use bytes::Bytes;
use coordinator::{CoordinatorRecord, Shard, Token, Written};
use flate2::read::GzDecoder;
use group_coordinator::offsets::FetchOffsets;
use group_coordinator::{GroupReply, GroupRequest, GroupShard};
use protocol::Reader;
use protocol::records::consumer_protocol_assignment::ConsumerProtocolAssignment;
use record::{Batches, Limits};
use types::LeaderEpoch;

use crate::play::{SETTINGS, at};

const LOG: &[u8] = include_bytes!("../../testdata/consumer-offsets/log.gz");
const GROUPS: &str = include_str!("../../testdata/consumer-offsets/groups.txt");
const MEMBERS: &str = include_str!("../../testdata/consumer-offsets/members.txt");
const OFFSETS: &str = include_str!("../../testdata/consumer-offsets/offsets.txt");

/// The shard as it was loaded, and how many tombstones the log has.
fn loaded() -> (GroupShard, usize) {
    let mut bytes = Vec::new();
    GzDecoder::new(LOG).read_to_end(&mut bytes).expect("a gzip file");
    let (mut shard, mut tombstones) = (GroupShard::new(SETTINGS), 0);
    for batch in Batches::new(Bytes::from(bytes)) {
        let batch = batch.expect("a batch");
        batch.verify_crc().expect("a batch as it was written");
        let mut records = batch.records(Limits::default()).expect("records");
        while let Some(record) = records.next().expect("a record") {
            let key = Bytes::copy_from_slice(record.key.expect("a key"));
            let value = record.value.map(Bytes::copy_from_slice);
            tombstones += usize::from(value.is_none());
            let written = Written { offset: record.offset, transaction: None };
            shard.replay(written, &CoordinatorRecord { key, value }).expect("a record that is known");
        }
    }
    let step = shard.loaded(LeaderEpoch(0), at(0));
    assert!(step.records.is_empty() && step.replies.is_empty(), "what was loaded is whole");
    (shard, tombstones)
}

fn ask(shard: &mut GroupShard, request: GroupRequest) -> GroupReply {
    let mut step = shard.handle(Token(1), request, at(0));
    assert!(step.records.is_empty(), "a question writes nothing");
    step.replies.pop().expect("an answer").1
}

fn group_ids() -> impl Iterator<Item = &'static str> {
    GROUPS.lines().map(|line| line.split('\t').next().unwrap_or_default())
}

#[test]
fn groups_are_listed_as_kafka_lists_them() {
    let (mut shard, tombstones) = loaded();
    assert!(tombstones > 6, "groups and offsets were deleted, or have expired: {tombstones}");
    let all = GroupRequest::List { states: Default::default(), types: Default::default() };
    let GroupReply::List(listed) = ask(&mut shard, all) else { panic!("not a list") };
    let lines = listed.iter().map(|group| {
        let kind = if group.group_type == "classic" { "Classic" } else { group.group_type };
        format!("{}\t{kind}\t{}\n", group.group_id, group.state)
    });
    assert_eq!(lines.collect::<String>(), GROUPS);
}

#[test]
fn members_are_described_as_kafka_describes_them() {
    let (mut shard, _) = loaded();
    let mut lines = Vec::new();
    for group_id in group_ids() {
        let describe = GroupRequest::Describe { group_id: group_id.to_owned() };
        let GroupReply::Describe(Ok(group)) = ask(&mut shard, describe) else { panic!("no {group_id}") };
        for member in group.members {
            let mut assignment = Reader::new(member.assignment);
            let version = assignment.i16().expect("a version");
            let owned = ConsumerProtocolAssignment::decode(&mut assignment, version).expect("an assignment");
            let [topic] = &owned.assigned_partitions[..] else { panic!("one topic") };
            let indexes: Vec<_> = topic.partitions.iter().map(i32::to_string).collect();
            let instance = member.group_instance_id.map(|id| format!("{id}\t")).unwrap_or_default();
            let (id, host, client) = (member.member_id, member.client_host, member.client_id);
            let (count, owned) = (indexes.len(), indexes.join(","));
            let topic = &topic.topic;
            lines.push(format!(
                "{group_id}\t{id}\t{instance}{host}\t{client}\t{count}\t-\t{topic}:{owned}\t-\t-\n"
            ));
        }
    }
    lines.sort_unstable();
    assert_eq!(lines.concat(), MEMBERS);
}

#[test]
fn offsets_are_what_kafka_told_of_them() {
    let (mut shard, _) = loaded();
    let mut lines = String::new();
    for group_id in group_ids() {
        let request = FetchOffsets {
            group_id: group_id.to_owned(),
            member: None,
            partitions: None,
            require_stable: true,
        };
        let GroupReply::FetchOffsets(Ok(fetched)) = ask(&mut shard, GroupRequest::FetchOffsets(request))
        else {
            panic!("no offsets of {group_id}")
        };
        for one in fetched {
            let (topic, index) = (one.partition.topic, one.partition.partition.0);
            let committed = one.committed.expect("no transaction").expect("an offset");
            let epoch = committed.leader_epoch.map_or("null".to_owned(), |epoch| epoch.0.to_string());
            let (offset, metadata) = (committed.offset.0, committed.metadata);
            lines += &format!(
                "{group_id} {topic}-{index} OffsetAndMetadata{{offset={offset}, leaderEpoch={epoch}, metadata='{metadata}'}}\n"
            );
        }
    }
    assert_eq!(lines, OFFSETS);
}
