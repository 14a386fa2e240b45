//! What a committed offset costs in memory once it is loaded: a shard can hold millions.

use coordinator::{CoordinatorRecord, Now, Shard, Token, Written};
use group_coordinator::offsets::{CommitOffset, CommitOffsets};
use group_coordinator::{GroupRequest, GroupSettings, GroupShard};
use types::{LeaderEpoch, Offset, TopicPartition, Uuid};

const SETTINGS: GroupSettings = GroupSettings {
    session_timeout_ms_min: 6_000,
    session_timeout_ms_max: 1_800_000,
    initial_rebalance_delay_ms: 3_000,
    members_max: 1_000,
    offset_metadata_bytes_max: 4_096,
    offsets_retention_ms: 604_800_000,
    offsets_retention_check_interval_ms: 600_000,
    consumer: group_coordinator::consumer::ConsumerSettings::DEFAULT,
};

/// How many groups commit how many partitions of how many topics.
#[derive(Clone, Copy, Debug)]
struct Shape {
    groups: usize,
    topics: usize,
    partitions: usize,
}

impl Shape {
    fn offsets(self) -> usize {
        self.groups * self.topics * self.partitions
    }

    /// The log after every group has committed each partition twice.
    fn log(self) -> Vec<CoordinatorRecord> {
        let mut shard = GroupShard::new(SETTINGS);
        let now = Now { clock_ms: 1_700_000_000_000, uptime_ms: 0 };
        let mut log = Vec::with_capacity(2 * self.offsets());
        for round in 0..2 {
            for group in 0..self.groups {
                for topic in 0..self.topics {
                    let request = self.commit(group, topic, round);
                    log.extend(shard.handle(Token(0), request, now).records);
                }
            }
        }
        log
    }

    fn commit(self, group: usize, topic: usize, offset: i64) -> GroupRequest {
        let offset = |partition| CommitOffset {
            partition: TopicPartition::new(format!("a-topic-with-a-usual-name-{topic}"), partition),
            topic_id: Some(Uuid::from_halves(7, topic as u64)),
            offset: Offset(offset),
            leader_epoch: Some(LeaderEpoch(3)),
            metadata: String::new(),
        };
        GroupRequest::CommitOffsets(CommitOffsets {
            group_id: format!("a-group-with-a-usual-name-{group}"),
            member_id: String::new(),
            group_instance_id: None,
            generation_or_member_epoch: -1,
            knows_member_epochs: true,
            retention_ms: None,
            offsets: (0..self.partitions as i32).map(offset).collect(),
        })
    }
}

/// Bytes that stay allocated for each offset after its log was loaded.
fn bytes_per_offset(shape: Shape) -> usize {
    let log = shape.log();
    let mut loaded = None;
    let allocated = allocation_counter::measure(|| {
        let mut shard = GroupShard::new(SETTINGS);
        for (offset, record) in log.iter().enumerate() {
            let written = Written { offset: Offset(offset as i64), transaction: None };
            shard.replay(written, record).expect("what was written can be read");
        }
        loaded = Some(shard);
    });
    assert_eq!(loaded.expect("it was loaded").offsets().len(), shape.offsets());
    let bytes = usize::try_from(allocated.bytes_current).expect("a shard takes memory");
    bytes / shape.offsets()
}

#[test]
fn an_offset_costs_its_place_in_a_table_and_its_share_of_the_group() {
    // A table of hashes is between 7/16 and 7/8 full: an entry of 104 bytes costs 120 to 240. What a group itself takes
    // shows where it has few offsets.
    for (shape, bytes_max) in [
        (Shape { groups: 1_000, topics: 10, partitions: 10 }, 180),
        (Shape { groups: 100, topics: 100, partitions: 10 }, 205),
        (Shape { groups: 10, topics: 100, partitions: 100 }, 165),
        (Shape { groups: 10_000, topics: 2, partitions: 5 }, 235),
    ] {
        let bytes = bytes_per_offset(shape);
        assert!(bytes <= bytes_max, "{shape:?}: {bytes} bytes for an offset");
    }
}
