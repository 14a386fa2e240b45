//! Each verb on a shard, and what its log says afterwards.

use std::collections::BTreeMap;

use coordinator::{CoordinatorRecord, Now, Shard, Token, Written};
use types::{LeaderEpoch, Offset, TopicPartition, Uuid};

use super::{CommitOffset, CommitOffsets, CommittedPartition, DeleteOffsets, DeletedPartition, FetchOffsets};
use crate::{GroupError, GroupReply, GroupRequest, GroupSettings, GroupShard};

pub(super) const HOUR_MS: i64 = 3_600_000;

pub(super) const SETTINGS: GroupSettings = GroupSettings {
    session_timeout_ms_min: 6_000,
    session_timeout_ms_max: 1_800_000,
    initial_rebalance_delay_ms: 3_000,
    members_max: usize::MAX,
    offset_metadata_bytes_max: 16,
    offsets_retention_ms: 24 * HOUR_MS,
    offsets_retention_check_interval_ms: 600_000,
    consumer: crate::consumer::ConsumerSettings::DEFAULT,
};

pub(super) fn at(uptime_ms: i64) -> Now {
    Now { clock_ms: 1_700_000_000_000 + uptime_ms, uptime_ms }
}

/// A shard and its log.
pub(super) struct Logged {
    pub(super) shard: GroupShard,
    pub(super) log: Vec<CoordinatorRecord>,
}

impl Logged {
    pub(super) fn new() -> Self {
        let mut shard = GroupShard::new(SETTINGS);
        assert!(shard.loaded(LeaderEpoch(0), at(0)).records.is_empty());
        Self { shard, log: Vec::new() }
    }

    pub(super) fn ask(&mut self, request: GroupRequest, now: Now) -> GroupReply {
        let step = self.shard.handle(Token(1), request, now);
        self.log.extend(step.records);
        let [(_, reply)] = <[_; 1]>::try_from(step.replies).expect("one reply at once");
        reply
    }

    /// Lets time pass until `now`, with every alarm on the way.
    pub(super) fn wait(&mut self, now: Now) {
        while self.shard.next_deadline_ms().is_some_and(|at_ms| at_ms <= now.uptime_ms) {
            let due = at(self.shard.next_deadline_ms().expect("just seen"));
            let step = self.shard.handle_timeout(due);
            self.log.extend(step.records);
        }
    }

    /// The shard that a broker would load now.
    pub(super) fn reloaded(&self) -> GroupShard {
        let mut shard = GroupShard::new(SETTINGS);
        for (offset, record) in (0..).zip(&self.log) {
            let written = Written { offset: Offset(offset), transaction: None };
            shard.replay(written, record).expect("what a shard writes, it reads");
        }
        shard
    }

    pub(super) fn commit(&mut self, group: &str, topic: &str, offset: i64, now: Now) -> GroupReply {
        self.ask(GroupRequest::CommitOffsets(commit(group, &[(topic, offset)])), now)
    }

    pub(super) fn fetched(
        &mut self,
        group: &str,
        require_stable: bool,
    ) -> Vec<(String, Result<Option<i64>, GroupError>)> {
        let partitions = None;
        let request = FetchOffsets { group_id: group.to_owned(), member: None, partitions, require_stable };
        let GroupReply::FetchOffsets(Ok(fetched)) = self.ask(GroupRequest::FetchOffsets(request), at(0))
        else {
            panic!("offsets of {group} cannot be read");
        };
        let offset =
            |committed: Option<super::CommittedOffset>| committed.map(|committed| committed.offset.0);
        fetched.into_iter().map(|one| (one.partition.to_string(), one.committed.map(offset))).collect()
    }
}

pub(super) fn commit(group: &str, offsets: &[(&str, i64)]) -> CommitOffsets {
    let offsets = offsets.iter().map(|(topic, offset)| CommitOffset {
        partition: TopicPartition::new(*topic, 0),
        topic_id: None,
        offset: Offset(*offset),
        leader_epoch: Some(LeaderEpoch(3)),
        metadata: "mine".to_owned(),
    });
    CommitOffsets {
        group_id: group.to_owned(),
        member_id: String::new(),
        group_instance_id: None,
        generation_or_member_epoch: -1,
        knows_member_epochs: true,
        retention_ms: None,
        offsets: offsets.collect(),
    }
}

#[test]
fn what_is_committed_is_read_and_is_in_the_log() {
    let mut logged = Logged::new();
    let committed = logged.ask(GroupRequest::CommitOffsets(commit("g", &[("b", 5), ("a", 4)])), at(0));
    let of = |topic| CommittedPartition { partition: TopicPartition::new(topic, 0), error: None };
    assert_eq!(committed, GroupReply::CommitOffsets(Ok(vec![of("b"), of("a")])));
    let all = vec![("a-0".to_owned(), Ok(Some(4))), ("b-0".to_owned(), Ok(Some(5)))];
    assert_eq!(logged.fetched("g", true), all);
    assert_eq!(
        logged.reloaded().offsets().get("g", &TopicPartition::new("a", 0)).map(|kept| kept.offset.0),
        Some(4)
    );
}

#[test]
fn a_group_that_never_committed_has_no_offsets() {
    let mut logged = Logged::new();
    assert_eq!(logged.fetched("nobody", true), []);
    let partitions = Some(vec![TopicPartition::new("a", 0)]);
    let request =
        FetchOffsets { group_id: "nobody".to_owned(), member: None, partitions, require_stable: true };
    let GroupReply::FetchOffsets(Ok(fetched)) = logged.ask(GroupRequest::FetchOffsets(request), at(0)) else {
        panic!("a group that is not there is no error");
    };
    assert_eq!(fetched[0].committed, Ok(None));
}

#[test]
fn a_generation_of_a_group_that_is_not_there_commits_nothing() {
    let mut logged = Logged::new();
    let mut request = commit("g", &[("a", 1)]);
    request.generation_or_member_epoch = 3;
    let refused = logged.ask(GroupRequest::CommitOffsets(request), at(0));
    assert_eq!(refused, GroupReply::CommitOffsets(Err(GroupError::GroupIdNotFound)));
    assert!(logged.log.is_empty());
}

#[test]
fn metadata_that_is_too_long_is_refused_alone() {
    let mut logged = Logged::new();
    let mut request = commit("g", &[("a", 1), ("b", 2)]);
    request.offsets[0].metadata = "x".repeat(17);
    let GroupReply::CommitOffsets(Ok(committed)) = logged.ask(GroupRequest::CommitOffsets(request), at(0))
    else {
        panic!("the other one is committed");
    };
    let errors: Vec<_> = committed.into_iter().map(|partition| partition.error).collect();
    assert_eq!(errors, [Some(GroupError::OffsetMetadataTooLarge), None]);
    assert_eq!(logged.fetched("g", false), [("b-0".to_owned(), Ok(Some(2)))]);
}

#[test]
fn a_commit_that_fits_no_batch_changes_nothing() {
    let mut logged = Logged::new();
    logged.shard.set_batch_bytes_max(1_048_588);
    let topics: Vec<String> = (0..20_000).map(|number| format!("a-topic-with-a-name-{number}")).collect();
    let offsets: Vec<_> = topics.iter().map(|topic| (&**topic, 1)).collect();
    let refused = logged.ask(GroupRequest::CommitOffsets(commit("g", &offsets)), at(0));
    assert_eq!(refused, GroupReply::CommitOffsets(Err(GroupError::TooLarge)));
    assert!(logged.shard.offsets().is_empty() && logged.log.is_empty());
    assert!(logged.shard.groups().ids().is_empty(), "the group was made for it");
}

#[test]
fn offsets_of_an_empty_group_are_deleted_one_by_one_or_with_it() {
    let mut logged = Logged::new();
    logged.ask(GroupRequest::CommitOffsets(commit("g", &[("a", 1), ("b", 2)])), at(0));
    let partitions = vec![TopicPartition::new("a", 0), TopicPartition::new("c", 0)];
    let request = DeleteOffsets { group_id: "g".to_owned(), partitions: partitions.clone() };
    let deleted: Vec<_> =
        partitions.into_iter().map(|partition| DeletedPartition { partition, error: None }).collect();
    assert_eq!(
        logged.ask(GroupRequest::DeleteOffsets(request), at(0)),
        GroupReply::DeleteOffsets(Ok(deleted))
    );
    assert_eq!(logged.fetched("g", false), [("b-0".to_owned(), Ok(Some(2)))]);
    let request = GroupRequest::Delete { group_id: "g".to_owned() };
    assert_eq!(logged.ask(request, at(0)), GroupReply::Delete(Ok(())));
    let last: Vec<_> = logged.log.iter().rev().take(2).map(|record| record.value.is_none()).collect();
    assert_eq!(last, [true, true], "its offset and then the group");
    assert!(logged.shard.offsets().is_empty() && logged.reloaded().offsets().is_empty());
    assert!(logged.reloaded().groups().ids().is_empty());
}

#[test]
fn a_group_with_more_offsets_than_fit_into_a_batch_is_deleted_in_several_requests() {
    let mut logged = Logged::new();
    for part in 0..30 {
        let topics: Vec<String> =
            (0..1_000).map(|number| format!("{}-{part}-{number}", "n".repeat(40))).collect();
        let offsets: Vec<_> = topics.iter().map(|topic| (&**topic, 1)).collect();
        logged.ask(GroupRequest::CommitOffsets(commit("g", &offsets)), at(0));
    }
    let mut asked = 0;
    loop {
        asked += 1;
        match logged.ask(GroupRequest::Delete { group_id: "g".to_owned() }, at(0)) {
            GroupReply::Delete(Err(GroupError::NotFinished)) => {}
            reply => break assert_eq!(reply, GroupReply::Delete(Ok(()))),
        }
    }
    assert!(asked > 1);
    assert!(logged.shard.offsets().is_empty());
}

#[test]
fn offsets_go_with_their_topic_but_not_with_another_of_its_name() {
    let mut logged = Logged::new();
    let mut request = commit("g", &[("a", 1), ("b", 2), ("c", 3)]);
    request.offsets[0].topic_id = Some(Uuid::from_halves(0, 1));
    request.offsets[1].topic_id = Some(Uuid::from_halves(0, 2));
    logged.ask(GroupRequest::CommitOffsets(request), at(0));
    let gone = Uuid::from_halves(0, 1);
    let topics = BTreeMap::from(["a", "b", "c"].map(|name| (name.into(), gone)));
    assert_eq!(logged.ask(GroupRequest::TopicsDeleted { topics }, at(0)), GroupReply::TopicsDeleted);
    assert_eq!(logged.fetched("g", false), [("b-0".to_owned(), Ok(Some(2)))]);
}

#[test]
fn offsets_and_then_their_group_end_after_their_retention() {
    let mut logged = Logged::new();
    logged.commit("g", "a", 1, at(0));
    logged.wait(at(23 * HOUR_MS));
    logged.commit("g", "b", 1, at(23 * HOUR_MS));
    logged.wait(at(25 * HOUR_MS));
    assert_eq!(logged.fetched("g", false), [("b-0".to_owned(), Ok(Some(1)))]);
    logged.wait(at(48 * HOUR_MS));
    assert_eq!(logged.fetched("g", false), []);
    assert!(logged.shard.groups().ids().is_empty() && logged.reloaded().groups().ids().is_empty());
}

#[test]
fn an_offset_with_an_end_of_its_own_ends_then() {
    let mut logged = Logged::new();
    let mut request = commit("g", &[("a", 1)]);
    request.retention_ms = Some(HOUR_MS);
    logged.ask(GroupRequest::CommitOffsets(request), at(0));
    logged.wait(at(HOUR_MS - 1));
    assert_eq!(logged.shard.offsets().len(), 1);
    logged.wait(at(HOUR_MS + 600_000));
    assert_eq!(logged.shard.offsets().len(), 0);
}

#[test]
fn expiry_of_many_offsets_comes_in_batches() {
    let mut logged = Logged::new();
    for group in 0..30 {
        let topics: Vec<String> = (0..1_000).map(|number| format!("{}-{number}", "n".repeat(40))).collect();
        let offsets: Vec<_> = topics.iter().map(|topic| (&**topic, 1)).collect();
        logged.ask(GroupRequest::CommitOffsets(commit(&format!("g{group}"), &offsets)), at(0));
    }
    let mut steps = 0;
    while !logged.shard.offsets().is_empty() {
        let now = at(logged.shard.next_deadline_ms().expect("retention is looked at").max(24 * HOUR_MS));
        let step = logged.shard.handle_timeout(now);
        assert!(step.records.iter().map(CoordinatorRecord::size).sum::<usize>() < 1_048_588);
        steps += 1;
    }
    assert!(steps > 1);
}

#[test]
fn expiry_waits_for_a_step_of_its_own() {
    let mut logged = Logged::new();
    logged.commit("g", "a", 1, at(0));
    let join = crate::classic::JoinGroup { group_id: "h".to_owned(), ..crate::classic::cast::join("a") };
    // Its session ends just before offsets are looked at.
    let now = at(24 * HOUR_MS);
    let _ = logged.shard.handle(Token(2), GroupRequest::Join(join), at(now.uptime_ms - 48_001));
    logged.wait(at(now.uptime_ms - 45_001));
    let step = logged.shard.handle_timeout(now);
    assert!(matches!(&step.records[..], [group] if group.value.is_some()));
    let rest = logged.shard.handle_timeout(at(now.uptime_ms + 1));
    assert!(!rest.records.is_empty() && rest.records.iter().all(|record| record.value.is_none()));
}
