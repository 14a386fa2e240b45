//! Offsets that are committed in transactions (KIP-98, KIP-447).

use coordinator::{CoordinatorRecord, Shard, Token, Written};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition};

use super::offsets_test::{HOUR_MS, Logged, SETTINGS, at, commit};
use super::{CommitOffsetsInTransaction, CommittedPartition};
use crate::classic::cast::{Cast, id};
use crate::{GroupError, GroupReply, GroupRequest, GroupShard};

const PRODUCER: (ProducerId, ProducerEpoch) = (ProducerId(7), ProducerEpoch(0));
const OTHER: (ProducerId, ProducerEpoch) = (ProducerId(8), ProducerEpoch(3));

fn in_transaction(
    producer: (ProducerId, ProducerEpoch),
    group: &str,
    offsets: &[(&str, i64)],
) -> CommitOffsetsInTransaction {
    let plain = commit(group, offsets);
    CommitOffsetsInTransaction {
        producer,
        group_id: plain.group_id,
        member_id: plain.member_id,
        group_instance_id: plain.group_instance_id,
        generation_or_member_epoch: plain.generation_or_member_epoch,
        offsets: plain.offsets,
    }
}

fn ask(logged: &mut Logged, request: CommitOffsetsInTransaction) -> GroupReply {
    logged.ask(GroupRequest::CommitOffsetsInTransaction(request), at(0))
}

/// A shard with one offset committed and, after it, another one of the same partition in a transaction.
fn with_pending() -> Logged {
    let mut logged = Logged::new();
    logged.commit("g", "a", 1, at(0));
    ask(&mut logged, in_transaction(PRODUCER, "g", &[("a", 9)]));
    logged
}

/// The offset of `a`, and whether it may still change.
fn of_a(logged: &mut Logged) -> (Option<i64>, bool) {
    let [(_, now)] = <[_; 1]>::try_from(logged.fetched("g", false)).expect("one partition");
    let [(_, stable)] = <[_; 1]>::try_from(logged.fetched("g", true)).expect("one partition");
    (now.expect("always readable"), stable == Err(GroupError::UnstableOffsetCommit))
}

#[test]
fn the_records_belong_to_the_transaction() {
    let mut shard = GroupShard::new(SETTINGS);
    let request = in_transaction(PRODUCER, "g", &[("a", 9), ("b", 3)]);
    let step = shard.handle(Token(1), GroupRequest::CommitOffsetsInTransaction(request), at(0));
    assert_eq!((step.transaction, step.records.len()), (Some(PRODUCER), 2));
    let told = |topic| CommittedPartition { partition: TopicPartition::new(topic, 0), error: None };
    let reply = GroupReply::CommitOffsetsInTransaction(Ok(vec![told("a"), told("b")]));
    assert_eq!(step.replies, [(Token(1), reply)]);
}

#[test]
fn what_is_pending_is_unstable_and_counts_once_it_is_committed() {
    let mut logged = with_pending();
    assert_eq!(of_a(&mut logged), (Some(1), true));
    logged.shard.replay_end_of_transaction(PRODUCER, true);
    assert_eq!(of_a(&mut logged), (Some(9), false));
    assert!(logged.shard.offsets().pending.is_empty());
}

#[test]
fn what_is_aborted_never_was() {
    let mut logged = with_pending();
    logged.shard.replay_end_of_transaction(PRODUCER, false);
    assert_eq!(of_a(&mut logged), (Some(1), false));
    assert!(logged.shard.offsets().pending.is_empty());
}

#[test]
fn an_offset_is_unstable_until_the_last_of_its_transactions_is_decided() {
    let mut logged = with_pending();
    ask(&mut logged, in_transaction(OTHER, "g", &[("a", 12)]));
    logged.shard.replay_end_of_transaction(OTHER, true);
    assert_eq!(of_a(&mut logged), (Some(12), true));
    logged.shard.replay_end_of_transaction(PRODUCER, true);
    assert_eq!(of_a(&mut logged), (Some(12), false), "the later commit stays");
}

#[test]
fn a_plain_commit_that_came_later_stays() {
    let mut logged = with_pending();
    logged.commit("g", "a", 5, at(0));
    logged.shard.replay_end_of_transaction(PRODUCER, true);
    assert_eq!(of_a(&mut logged), (Some(5), false));
}

#[test]
fn pending_offsets_keep_their_group_and_go_with_it() {
    let mut logged = with_pending();
    logged.wait(at(48 * HOUR_MS));
    assert_eq!(logged.shard.offsets().len(), 1, "a transaction holds it");
    logged.ask(GroupRequest::Delete { group_id: "g".to_owned() }, at(48 * HOUR_MS));
    assert!(logged.shard.offsets().pending.is_empty());
    logged.shard.replay_end_of_transaction(PRODUCER, true);
    assert_eq!(logged.fetched("g", true), []);
}

#[test]
fn a_group_that_only_a_transaction_knows_is_made_and_stays_while_it_is_open() {
    let mut logged = Logged::new();
    ask(&mut logged, in_transaction(PRODUCER, "g", &[("a", 9)]));
    logged.wait(at(48 * HOUR_MS));
    assert!(logged.shard.groups().get("g").is_some());
    logged.shard.replay_end_of_transaction(PRODUCER, false);
    logged.wait(at(49 * HOUR_MS));
    assert!(logged.shard.groups().get("g").is_none(), "nothing is left of it");
}

#[test]
fn loading_the_log_leads_to_the_same_pending_offsets() {
    let mut logged = with_pending();
    let mut loaded = GroupShard::new(SETTINGS);
    for ((offset, record), transaction) in (0..).zip(&logged.log).zip([None, Some(PRODUCER)]) {
        let written = Written { offset: Offset(offset), transaction };
        loaded.replay(written, record).expect("what a shard writes, it reads");
    }
    let _ = loaded.loaded(LeaderEpoch(0), at(0));
    let mut loaded = Logged { shard: loaded, log: Vec::<CoordinatorRecord>::new() };
    assert_eq!(of_a(&mut loaded), of_a(&mut logged));
    loaded.shard.replay_end_of_transaction(PRODUCER, true);
    assert_eq!(of_a(&mut loaded), (Some(9), false));
}

#[test]
fn a_generation_of_a_group_that_is_not_there_is_refused() {
    let mut logged = Logged::new();
    let mut request = in_transaction(PRODUCER, "g", &[("a", 1)]);
    request.generation_or_member_epoch = 3;
    let refused = GroupReply::CommitOffsetsInTransaction(Err(GroupError::IllegalGeneration));
    assert_eq!(ask(&mut logged, request), refused);
    assert!(logged.shard.groups().get("g").is_none() && logged.log.is_empty());
}

#[test]
fn metadata_that_is_too_long_is_refused_alone() {
    let mut logged = Logged::new();
    let mut request = in_transaction(PRODUCER, "g", &[("a", 1), ("b", 2)]);
    request.offsets[0].metadata = "seventeen letters".to_owned();
    let GroupReply::CommitOffsetsInTransaction(Ok(told)) = ask(&mut logged, request) else { panic!() };
    let errors: Vec<_> = told.iter().map(|told| told.error).collect();
    assert_eq!(errors, [Some(GroupError::OffsetMetadataTooLarge), None]);
    assert_eq!(logged.log.len(), 1);
}

#[test]
fn who_says_who_it_is_must_be_it_and_who_does_not_may_commit() {
    let mut cast = Cast::stable(&["a"]);
    let request = |member: &str, generation| {
        let mut request = in_transaction(PRODUCER, "g", &[("a", 1)]);
        request.member_id = member.to_owned();
        request.generation_or_member_epoch = generation;
        GroupRequest::CommitOffsetsInTransaction(request)
    };
    let told = |reply| match reply {
        GroupReply::CommitOffsetsInTransaction(told) => told.map(|_| ()),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(cast.answer(request(&id("a"), 1))), Ok(()));
    assert_eq!(told(cast.answer(request(&id("a"), 0))), Err(GroupError::IllegalGeneration));
    assert_eq!(told(cast.answer(request("stranger", 1))), Err(GroupError::UnknownMemberId));
    assert_eq!(told(cast.answer(request("", -1))), Ok(()), "clients before v3 do not say");
}

#[test]
fn offsets_of_a_deleted_topic_are_not_pending_any_more() {
    let mut logged = with_pending();
    let topics = [("a".into(), types::Uuid::ZERO)].into();
    logged.ask(GroupRequest::TopicsDeleted { topics }, at(0));
    assert!(logged.shard.offsets().pending.is_empty());
    logged.shard.replay_end_of_transaction(PRODUCER, true);
    assert!(logged.shard.offsets().is_empty());
}
