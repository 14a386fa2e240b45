//! What scenarios cannot show: bounds, requests that overtake each other, and why a group waits.

use bytes::Bytes;
use coordinator::{Step, Token};
use types::waits::GroupWait;

use super::cast::{Cast, at, heartbeat, id, join, join_again, joined, leave, sync};
use super::{Heartbeat, JoinGroup, LeaveGroup, Protocol, SyncGroup};
use crate::{GroupError, GroupReply, GroupRequest};

#[test]
fn an_empty_group_id_is_not_valid() {
    let mut cast = Cast::new();
    let group_id = String::new();
    let refusal =
        joined(cast.answer(GroupRequest::Join(JoinGroup { group_id: group_id.clone(), ..join("a") })));
    assert_eq!(refusal.error, Some(GroupError::InvalidGroupId));
    let invalid = GroupError::InvalidGroupId;
    let request = SyncGroup { group_id: group_id.clone(), ..sync("a", 1, &[]) };
    assert_eq!(cast.answer(GroupRequest::Sync(request)), GroupReply::Sync(Err(invalid)));
    let request = Heartbeat { group_id: group_id.clone(), ..heartbeat("a", 1) };
    assert_eq!(cast.answer(GroupRequest::Heartbeat(request)), GroupReply::Heartbeat(Err(invalid)));
    let request = LeaveGroup { group_id, ..leave("a") };
    assert_eq!(cast.answer(GroupRequest::Leave(request)), GroupReply::Leave(Err(invalid)));
}

#[test]
fn a_session_timeout_out_of_bounds_is_refused_and_makes_no_group() {
    for session_timeout_ms in [-1, 0, 5_999, 1_800_001] {
        let mut cast = Cast::new();
        let step = cast.ask(GroupRequest::Join(JoinGroup { session_timeout_ms, ..join_again("a") }));
        assert_eq!(step.records, []);
        let (_, reply) = step.replies.into_iter().next().expect("an answer");
        let refusal = joined(reply);
        assert_eq!((refusal.error, refusal.member_id), (Some(GroupError::InvalidSessionTimeout), id("a")));
    }
    for session_timeout_ms in [6_000, 1_800_000] {
        let step = Cast::new().ask(GroupRequest::Join(JoinGroup { session_timeout_ms, ..join("a") }));
        assert_eq!((step.records.len(), step.replies.len()), (1, 0));
    }
}

#[test]
fn a_member_that_joins_twice_is_answered_twice() {
    let mut cast = Cast::stable(&["a", "b"]);
    let first = cast.ask(GroupRequest::Join(join_again("a")));
    assert_eq!(first.replies, []);
    let second = cast.ask(GroupRequest::Join(join_again("a")));
    let [(Token(5), GroupReply::Join(earlier))] = &second.replies[..] else { panic!("{second:?}") };
    assert_eq!(earlier.error, Some(GroupError::RebalanceInProgress));
    let third = cast.ask(GroupRequest::Join(join_again("b")));
    let tokens: Vec<_> = third.replies.iter().map(|(token, _)| token.0).collect();
    assert_eq!(tokens, [6, 7]);
}

#[test]
fn a_member_that_syncs_twice_is_answered_twice() {
    let mut cast = Cast::generation_of(&["a", "b"]);
    assert_eq!(cast.ask(GroupRequest::Sync(sync("b", 1, &[]))).replies, []);
    let second = cast.ask(GroupRequest::Sync(sync("b", 1, &[])));
    let refused = GroupReply::Sync(Err(GroupError::RebalanceInProgress));
    assert_eq!(second.replies, [(Token(3), refused)]);
    let assigned = cast.ask(GroupRequest::Sync(sync("a", 1, &[("a", "1"), ("b", "2")])));
    let tokens: Vec<_> = assigned.replies.iter().map(|(token, _)| token.0).collect();
    assert_eq!(tokens, [5, 4]);
}

#[test]
fn a_member_that_leaves_while_it_waits_for_its_assignment_is_answered() {
    let mut cast = Cast::generation_of(&["a", "b"]);
    assert_eq!(cast.ask(GroupRequest::Sync(sync("b", 1, &[]))).replies, []);
    let step = cast.ask(GroupRequest::Leave(leave("b")));
    assert_eq!(step.replies[0], (Token(3), GroupReply::Sync(Err(GroupError::UnknownMemberId))));
}

#[test]
fn a_protocol_that_is_named_twice_counts_once() {
    let mut cast = Cast::new();
    let protocol = join("a").protocols[0].clone();
    let twice = JoinGroup { protocols: vec![protocol.clone(), protocol], ..join("a") };
    let _ = cast.ask(GroupRequest::Join(twice));
    let step = cast.join("b");
    assert_eq!(step.replies, [], "the two have it in common");
    let told = [cast.pass(3_000).replies, cast.pass(3_000).replies].concat();
    assert!(told.into_iter().all(|(_, reply)| joined(reply).protocol_name.as_deref() == Some("range")));
}

#[test]
fn of_protocols_with_as_many_votes_the_first_by_name_is_chosen() {
    let mut cast = Cast::new();
    let protocols = |names: [&str; 2]| {
        names.map(|name| Protocol { name: name.to_owned(), metadata: Bytes::new() }).to_vec()
    };
    let one = JoinGroup { protocols: protocols(["sticky", "range"]), ..join("a") };
    let other = JoinGroup { protocols: protocols(["range", "sticky"]), ..join("b") };
    let _ = cast.ask(GroupRequest::Join(one));
    let _ = cast.ask(GroupRequest::Join(other));
    let told = [cast.pass(3_000).replies, cast.pass(3_000).replies].concat();
    assert!(told.into_iter().all(|(_, reply)| joined(reply).protocol_name.as_deref() == Some("range")));
}

#[test]
fn a_member_id_fits_into_records_however_long_the_clients_id_is() {
    let mut cast = Cast::new();
    let client_id = "ä".repeat(16_383);
    let request = JoinGroup { client_id, needs_known_member_id: true, ..join("a") };
    let refusal = joined(cast.answer(GroupRequest::Join(request)));
    assert!(refusal.member_id.len() <= 32_767 && refusal.member_id.starts_with("ää"));
}

#[test]
fn a_slow_group_holds_no_other_up() {
    let mut cast = Cast::stable(&["a", "b"]);
    assert_eq!(cast.ask(GroupRequest::Join(join_again("a"))).replies, [], "waits for b");
    let other = JoinGroup { group_id: "h".to_owned(), ..join("x") };
    assert_eq!(cast.ask(GroupRequest::Join(other)).replies, []);
    let told = cast.pass(3_000).replies;
    assert!(matches!(&told[..], [(_, GroupReply::Join(joined))] if joined.error.is_none()));
}

#[test]
fn static_members_that_give_themselves_no_time_to_join_end_no_other_group() {
    let mut cast = Cast::new();
    let group_instance_id = Some("fixed".to_owned());
    let _ =
        cast.ask(GroupRequest::Join(JoinGroup { group_instance_id, rebalance_timeout_ms: 0, ..join("a") }));
    let _ = cast.join("b");
    assert_eq!(cast.pass(3_000).replies.len() + cast.pass(3_000).replies.len(), 2);
    for name in ["fixed", "b"] {
        let _ = cast.ask(GroupRequest::Sync(sync(name, 1, &[])));
    }
    let _ = cast.ask(GroupRequest::Leave(leave("b")));
    // Nobody joins, and the alarm is set anew again and again: each of these returns.
    for _ in 0..10 {
        assert_eq!(cast.pass(4_000), Step::default());
    }
    assert_eq!(cast.pass(10_000).records.len(), 1, "its session has ended, and the group is empty");
}

fn waits(cast: &Cast) -> (&'static str, Vec<GroupWait>) {
    let why = cast.shard.why("g", at(cast.now_ms)).expect("there is a group");
    (why.state, why.waits)
}

#[test]
fn the_first_rebalance_waits_for_time() {
    let mut cast = Cast::new();
    let _ = cast.join("a");
    assert_eq!(cast.pass(1_000).replies, []);
    let expected = GroupWait::InitialDelay { left_ms: 2_000, may_grow_ms: 57_000 };
    assert_eq!(waits(&cast), ("PreparingRebalance", vec![expected]));
}

#[test]
fn a_rebalance_waits_for_who_has_not_joined_and_for_members_to_be() {
    let mut cast = Cast::stable(&["a", "b"]);
    let pending = JoinGroup { needs_known_member_id: true, ..join("c") };
    assert_eq!(joined(cast.answer(GroupRequest::Join(pending))).error, Some(GroupError::MemberIdRequired));
    let _ = cast.ask(GroupRequest::Join(join_again("a")));
    assert_eq!(cast.pass(5_000).replies, []);
    let (state, waits) = waits(&cast);
    assert_eq!(state, "PreparingRebalance");
    let [GroupWait::MemberHasNotJoined { member, left_ms: 55_000 }, pending] = &waits[..] else {
        panic!("{waits:?}")
    };
    assert_eq!((&*member.member_id, member.session_left_ms), (&*id("b"), Some(40_000)));
    assert_eq!(*pending, GroupWait::PendingMember { member_id: id("c"), left_ms: 40_000 });
}

#[test]
fn a_generation_waits_for_its_leader_and_for_who_has_not_synced() {
    let mut cast = Cast::generation_of(&["a", "b", "c"]);
    let told_ms = cast.now_ms;
    let _ = cast.ask(GroupRequest::Sync(sync("b", 1, &[])));
    let (state, found) = waits(&cast);
    assert_eq!(state, "CompletingRebalance");
    let [GroupWait::AssignmentIsMissing { leader, left_ms }, GroupWait::MemberHasNotSynced { member, .. }] =
        &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!((&*leader.member_id, &*member.member_id), (&*id("a"), &*id("c")));
    assert_eq!(*left_ms, 60_000 - (cast.now_ms - told_ms));
    let _ = cast.ask(GroupRequest::Sync(sync("a", 1, &[])));
    let (state, found) = waits(&cast);
    assert_eq!((state, found.len()), ("Stable", 1));
    let _ = cast.ask(GroupRequest::Sync(sync("c", 1, &[])));
    assert_eq!(waits(&cast), ("Stable", vec![]));
}

#[test]
fn a_group_that_is_not_there_waits_for_nothing() {
    let why = Cast::new().shard.why("g", at(0));
    assert_eq!(why, Err(GroupError::GroupIdNotFound));
}
