//! Records as other versions of Kafka wrote them, and such as no coordinator writes.

use std::sync::Arc;

use coordinator::{Shard, Written};
use types::{Offset, PartitionIndex, Uuid};

use super::cast::Cast;
use super::member::{Current, MemberState, Owned};
use crate::records::{ConsumerRecord, GroupEpoch};

fn replay(cast: &mut Cast, record: &ConsumerRecord) -> bool {
    let written = Written { offset: Offset(0), transaction: None };
    cast.shard.replay(written, &record.encode("g")).is_ok()
}

/// A member that has partition 0 of the topic since an epoch.
fn has(name: &str, epoch: i32) -> ConsumerRecord {
    let assigned: Owned = [(Uuid::from_halves(1, 1), [(PartitionIndex(0), epoch)].into())].into();
    let (state, revoking) = (MemberState::Stable, Owned::new());
    let current = Current { epoch, previous_epoch: 0, state, assigned, revoking };
    ConsumerRecord::Current(name.into(), Some(Arc::new(current)))
}

#[test]
fn the_topics_that_kafka_wrote_down_before_4_1_end_with_the_next_look_at_them() {
    let mut cast = Cast::with_topic("t", 1);
    let topics = ConsumerRecord::Topics { are_there: true }.encode("g");
    // Version 0, no topics, no tags.
    let topics = coordinator::CoordinatorRecord { value: Some(vec![0, 0, 1, 0].into()), ..topics };
    let written = Written { offset: Offset(0), transaction: None };
    assert!(replay(&mut cast, &ConsumerRecord::Group(Some(GroupEpoch { epoch: 3, metadata_hash: 0 }))));
    cast.shard.replay(written, &topics).expect("readable");
    cast.join("a");
    let ends = |record: &&coordinator::CoordinatorRecord| record.key[..2] == [0, 4] && record.value.is_none();
    assert_eq!(cast.log().iter().filter(ends).count(), 1);
    cast.join("b");
    assert_eq!(cast.log().iter().filter(ends).count(), 1, "they are gone");
}

#[test]
fn a_partition_changes_hands_only_in_a_later_epoch() {
    let mut cast = Cast::with_topic("t", 1);
    assert!(replay(&mut cast, &has("a", 2)));
    assert!(replay(&mut cast, &has("b", 3)));
    assert!(!replay(&mut cast, &has("c", 3)));
}

#[test]
fn what_ends_before_its_parts_ends_the_loading() {
    let mut cast = Cast::with_topic("t", 1);
    assert!(replay(&mut cast, &has("a", 2)));
    assert!(!replay(&mut cast, &ConsumerRecord::Member("a".into(), None)));
    assert!(!replay(&mut cast, &ConsumerRecord::Group(None)));
    assert!(replay(&mut cast, &ConsumerRecord::Target("a".into(), Some(Arc::default()))));
    assert!(!replay(&mut cast, &ConsumerRecord::TargetEpoch(None)));
    assert!(replay(&mut cast, &ConsumerRecord::Current("a".into(), None)));
    assert!(!replay(&mut cast, &ConsumerRecord::Member("a".into(), None)), "it still has a target");
    assert!(replay(&mut cast, &ConsumerRecord::Target("a".into(), None)));
    assert!(replay(&mut cast, &ConsumerRecord::Member("a".into(), None)));
    assert!(!replay(&mut cast, &ConsumerRecord::Group(None)), "it still has a target epoch");
    assert!(replay(&mut cast, &ConsumerRecord::TargetEpoch(None)));
    assert!(replay(&mut cast, &ConsumerRecord::Group(None)));
    assert!(cast.shard.groups().get("g").is_none());
}

#[test]
fn a_member_in_a_state_of_a_later_kafka_joins_anew() {
    let mut cast = Cast::with_topic("t", 1);
    let current = Current { epoch: 5, previous_epoch: 4, state: MemberState::Unknown, ..Current::joining() };
    assert!(replay(&mut cast, &ConsumerRecord::Group(Some(GroupEpoch { epoch: 5, metadata_hash: 0 }))));
    assert!(replay(&mut cast, &ConsumerRecord::Current("a".into(), Some(Arc::new(current)))));
    let request = super::ConsumerHeartbeat { member_epoch: 5, owned: None, ..cast.request("a") };
    let job = cast.send(request).expect_err("there is no target assignment of its epoch");
    assert_eq!(cast.send_result(job), Err(crate::GroupError::FencedMemberEpoch));
    cast.join("a");
    let described = cast.shard.describe_consumer("g").expect("it is there");
    assert_eq!((described.state, described.members[0].assignment.len()), ("Stable", 1));
}
