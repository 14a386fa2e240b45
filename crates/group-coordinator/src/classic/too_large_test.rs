//! What does not fit into a batch of the internal topic is refused, and nobody else is concerned.

use bytes::Bytes;
use coordinator::{Shard, Token, fit_into_batch};

use super::cast::{Cast, heartbeat, join, join_again, joined, sync};
use super::{JoinGroup, Protocol};
use crate::{GroupError, GroupReply, GroupRequest};

const BATCH_BYTES_MAX: usize = 2_000;

fn large(cast: &mut Cast) -> &'static str {
    cast.shard.set_batch_bytes_max(BATCH_BYTES_MAX);
    "x".repeat(BATCH_BYTES_MAX).leak()
}

fn synced(share: &str) -> GroupReply {
    let (protocol_type, protocol_name) = (Some("consumer".to_owned()), Some("range".to_owned()));
    let assignment = Bytes::copy_from_slice(share.as_bytes());
    GroupReply::Sync(Ok(super::Synced { protocol_type, protocol_name, assignment }))
}

#[test]
fn everybody_who_waits_for_an_assignment_that_is_too_large_is_told_and_may_join_anew() {
    let mut cast = Cast::generation_of(&["a", "b"]);
    let share = large(&mut cast);
    assert_eq!(cast.ask(GroupRequest::Sync(sync("b", 1, &[]))).replies, []);
    let refused = cast.ask(GroupRequest::Sync(sync("a", 1, &[("a", share), ("b", "1")])));
    let too_large = GroupReply::Sync(Err(GroupError::TooLarge));
    assert_eq!(refused.replies, [(Token(4), too_large.clone()), (Token(3), too_large)]);
    assert_eq!(refused.records, []);
    let told = cast.answer(GroupRequest::Heartbeat(heartbeat("a", 1)));
    assert_eq!(told, GroupReply::Heartbeat(Err(GroupError::RebalanceInProgress)));

    assert_eq!(cast.ask(GroupRequest::Join(join_again("b"))).replies, []);
    assert_eq!(joined(cast.answer(GroupRequest::Join(join_again("a")))).generation, 2);
    assert_eq!(cast.answer(GroupRequest::Sync(sync("a", 2, &[("a", "1"), ("b", "2")]))), synced("1"));
    assert_eq!(cast.answer(GroupRequest::Sync(sync("b", 2, &[]))), synced("2"));
}

#[test]
fn an_assignment_that_just_fits_is_written() {
    let fits = |length: usize| {
        let mut cast = Cast::generation_of(&["a"]);
        large(&mut cast);
        let step = cast.ask(GroupRequest::Sync(sync("a", 1, &[("a", "x".repeat(length).leak())])));
        assert!(fit_into_batch(&step.records, BATCH_BYTES_MAX));
        !step.records.is_empty()
    };
    let most = (0..BATCH_BYTES_MAX).rfind(|length| fits(*length)).expect("small ones fit");
    assert!((0..=most).all(fits) && most > BATCH_BYTES_MAX - 400);
}

#[test]
fn a_static_member_that_says_too_much_does_not_replace_its_old_process() {
    let fixed = |request: JoinGroup| JoinGroup { group_instance_id: Some("fixed".to_owned()), ..request };
    let mut cast = Cast::new();
    let _ = cast.ask(GroupRequest::Join(fixed(join("a"))));
    assert_eq!(cast.pass(3_000).replies.len(), 1);
    let old = "fixed-00000000-0000-0000-0000-000000000000";
    let mut request = sync("a", 1, &[]);
    request.member_id = old.to_owned();
    assert_eq!(cast.answer(GroupRequest::Sync(request.clone())), synced(""));

    let metadata = Bytes::from_static(large(&mut cast).as_bytes());
    let protocols = vec![Protocol { name: "range".to_owned(), metadata }];
    let fresh_id = types::Uuid::from_halves(7, 7);
    let second = fixed(JoinGroup { protocols, fresh_id, ..join("a") });
    let refusal = joined(cast.answer(GroupRequest::Join(second)));
    assert_eq!(refusal.error, Some(GroupError::TooLarge));
    assert_eq!((&*refusal.member_id, &*refusal.leader, refusal.generation), ("", old, 1));

    // It is the member still, with what it said, and its session runs.
    assert_eq!(cast.answer(GroupRequest::Sync(request)), synced(""));
    assert_eq!(cast.pass(45_000).records.len(), 1, "the group is empty");
}

#[test]
fn of_groups_that_end_at_the_same_moment_some_are_written_in_the_next_step() {
    let mut cast = Cast::new();
    for number in 0..100 {
        let group_id = format!("{number}-{}", "g".repeat(30_000));
        let _ = cast.ask(GroupRequest::Join(JoinGroup { group_id, ..join("a") }));
    }
    assert_eq!(cast.pass(3_000).replies.len(), 100);
    cast.now_ms += 45_000;
    let mut ended = 0;
    while ended < 100 {
        let step = cast.pass(0);
        assert!(!step.records.is_empty() && fit_into_batch(&step.records, 1_048_588));
        ended += step.records.len();
    }
    assert_eq!(cast.pass(0).records, []);
}
