//! The life of a member, played without a coordinator: what it asks, when, and what the application is told.

use std::sync::Arc;
use std::time::Duration;

use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::messages::heartbeat_response::HeartbeatResponse;
use protocol::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use protocol::messages::leave_group_request::LeaveGroupRequest;
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use protocol::messages::sync_group_response::SyncGroupResponse;
use tokio::time::Instant;
use types::{ErrorCode, Offset, TopicPartition};

use super::super::effect::{CoordinatorCall, Effect, Event, MetadataAnswer};
use super::super::{ConsumerMachine, Handed, Now, OffsetAndMetadata, Position};
use super::{Callback, CallbackKind};
use crate::config::ClientConfig;
use crate::consumer::assignor::OfferedTopic;
use crate::consumer::{Assignor, ConsumerConfig, consumer_protocol};
use crate::error::ClientError;
use crate::metadata::ClusterMetadata;

/// A machine and its time.
struct Play {
    machine: ConsumerMachine,
    now: Instant,
    metadata: ClusterMetadata,
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn partitions(indexes: &[i32]) -> Vec<TopicPartition> {
    indexes.iter().map(|index| TopicPartition::new("t", *index)).collect()
}

impl Play {
    /// A subscribed consumer whose application polls, and whose coordinator is known.
    fn new(config: ConsumerConfig) -> Self {
        let now = Instant::now();
        let client = ClientConfig::new(Vec::new(), "test");
        let mut machine = ConsumerMachine::new(Arc::new(config), client, now);
        machine.subscribe(["t".into()].into()).expect("it has a group");
        machine.poll_began(now);
        let mut play = Self { machine, now, metadata: ClusterMetadata::default() };
        let effects = play.effects();
        assert!(effects.iter().any(|effect| matches!(effect, Effect::FindCoordinator(_))), "{effects:?}");
        let found = FindCoordinatorResponse { host: "one".to_owned(), port: 1, ..Default::default() };
        play.tell(Event::Coordinator(Ok(found)));
        play.tell(Event::Metadata(Ok(MetadataAnswer::default())));
        play
    }

    fn tell(&mut self, event: Event) {
        self.machine.handle(event, self.now);
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.machine.advance(Now { at: self.now, wall_ms: 0 }, &self.metadata);
        std::iter::from_fn(|| self.machine.poll_effect()).collect()
    }

    /// What the coordinator is asked, apart from committed offsets.
    fn calls(&mut self) -> Vec<CoordinatorCall> {
        let calls = self.effects().into_iter().filter_map(|effect| match effect {
            Effect::Coordinator { call: CoordinatorCall::CommittedOffsets { .. }, .. } => None,
            Effect::Coordinator { call, .. } => Some(call),
            _ => None,
        });
        calls.collect()
    }

    fn call(&mut self) -> CoordinatorCall {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    fn join(&mut self) -> (u64, protocol::messages::join_group_request::JoinGroupRequest) {
        match self.call() {
            CoordinatorCall::Join { attempt, request, .. } => (attempt, request),
            other => panic!("no join: {other:?}"),
        }
    }

    fn joined(&mut self, attempt: u64, code: ErrorCode, generation: i32) {
        let answer = JoinGroupResponse {
            error_code: code.code(),
            generation_id: generation,
            member_id: "me".to_owned(),
            leader: "other".to_owned(),
            protocol_name: Some("range".to_owned()),
            ..JoinGroupResponse::default()
        };
        self.tell(Event::Joined { attempt, answer: Ok(answer) });
    }

    fn synced(&mut self, code: ErrorCode, assigned: &[i32]) {
        let attempt = match self.call() {
            CoordinatorCall::Sync { attempt, .. } => attempt,
            other => panic!("no sync: {other:?}"),
        };
        let assignment = consumer_protocol::encode_assignment(&partitions(assigned));
        let answer =
            SyncGroupResponse { error_code: code.code(), assignment, ..SyncGroupResponse::default() };
        self.tell(Event::Synced { attempt, answer: Ok(answer) });
    }

    fn callback(&mut self) -> Option<Callback> {
        self.effects();
        match self.machine.for_poll(self.now) {
            Handed::Callback(callback) => Some(callback),
            _ => None,
        }
    }

    fn expect_callback(&mut self, kind: CallbackKind, indexes: &[i32]) {
        assert_eq!(self.callback(), Some(Callback { kind, partitions: partitions(indexes) }));
        self.machine.callback_done();
    }

    /// In the group with these partitions.
    fn member(config: ConsumerConfig, assigned: &[i32]) -> Self {
        let mut play = Self::new(config);
        let (attempt, _) = play.join();
        play.joined(attempt, ErrorCode::None, 1);
        play.synced(ErrorCode::None, assigned);
        play.expect_callback(CallbackKind::Assigned, assigned);
        play
    }

    fn heartbeat(&mut self, code: ErrorCode) {
        self.now += millis(3000);
        let attempt = match self.call() {
            CoordinatorCall::Heartbeat { attempt, .. } => attempt,
            other => panic!("no heartbeat: {other:?}"),
        };
        let answer = HeartbeatResponse { error_code: code.code(), ..HeartbeatResponse::default() };
        self.tell(Event::Heartbeat { attempt, answer: Ok(answer) });
    }

    fn fatal(&mut self) -> Option<ErrorCode> {
        self.effects();
        match self.machine.for_poll(self.now) {
            Handed::Error(error) => error.code(),
            _ => None,
        }
    }
}

fn eager() -> ConsumerConfig {
    ConsumerConfig::of_group("g").enable_auto_commit(false)
}

fn cooperative() -> ConsumerConfig {
    eager().partition_assignment_strategy([Assignor::CooperativeSticky])
}

#[tokio::test]
async fn the_first_join_only_gives_the_member_its_id() {
    let mut play = Play::new(eager());
    let (attempt, request) = play.join();
    assert_eq!((request.member_id.as_str(), request.group_id.as_str()), ("", "g"));
    let names: Vec<&str> = request.protocols.iter().map(|protocol| protocol.name.as_str()).collect();
    assert_eq!(names, ["range", "cooperative-sticky"]);
    play.joined(attempt, ErrorCode::MemberIdRequired, -1);
    let (again, request) = play.join();
    assert_eq!(request.member_id, "me");
    play.joined(attempt, ErrorCode::None, 9);
    assert!(play.calls().is_empty(), "the answer to an older join counts for nothing");
    play.joined(again, ErrorCode::None, 1);
    play.synced(ErrorCode::None, &[0, 2]);
    play.expect_callback(CallbackKind::Assigned, &[0, 2]);
    assert_eq!(play.machine.assignment(), partitions(&[0, 2]));
}

#[tokio::test]
async fn the_leader_shares_out_what_there_is() {
    let mut play = Play::new(eager());
    let (attempt, request) = play.join();
    let member = |id: &str| JoinGroupResponseMember {
        member_id: id.to_owned(),
        metadata: request.protocols[0].metadata.clone(),
        ..JoinGroupResponseMember::default()
    };
    let answer = JoinGroupResponse {
        generation_id: 1,
        member_id: "me".to_owned(),
        leader: "me".to_owned(),
        protocol_name: Some("range".to_owned()),
        members: vec![member("me"), member("you")],
        ..JoinGroupResponse::default()
    };
    play.tell(Event::Joined { attempt, answer: Ok(answer) });
    let effects = play.effects();
    let [Effect::GroupTopics { attempt, topics }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(topics, &["t".into()]);
    play.tell(Event::GroupTopics {
        attempt: *attempt,
        answer: Ok([("t".into(), OfferedTopic { count: 3, racks: Vec::new() })].into()),
    });
    let CoordinatorCall::Sync { request, .. } = play.call() else { panic!("no sync") };
    let told: Vec<_> = request
        .assignments
        .iter()
        .map(|each| {
            let assigned = consumer_protocol::decode_assignment(each.assignment.clone());
            (each.member_id.as_str(), assigned.expect("readable"))
        })
        .collect();
    assert_eq!(told, [("me", partitions(&[0, 1])), ("you", partitions(&[2]))]);
}

#[tokio::test]
async fn an_eager_member_gives_everything_up_before_it_joins_again() {
    let mut play = Play::member(eager(), &[0, 1]);
    play.heartbeat(ErrorCode::None);
    play.heartbeat(ErrorCode::RebalanceInProgress);
    play.expect_callback(CallbackKind::Revoked, &[0, 1]);
    assert_eq!(play.machine.assignment(), []);
    let (attempt, request) = play.join();
    assert_eq!(request.member_id, "me");
    play.joined(attempt, ErrorCode::None, 2);
    play.synced(ErrorCode::RebalanceInProgress, &[]);
    let (attempt, _) = play.join();
    play.joined(attempt, ErrorCode::None, 3);
    play.synced(ErrorCode::None, &[1]);
    play.expect_callback(CallbackKind::Assigned, &[1]);
}

#[tokio::test]
async fn a_busy_application_does_not_put_a_rebalance_off() {
    let mut play = Play::member(eager(), &[0, 1]);
    play.machine.poll_ended(play.now);
    play.heartbeat(ErrorCode::RebalanceInProgress);
    assert_eq!(play.callback(), None, "it works on what it was handed out");
    play.machine.poll_began(play.now);
    assert!(play.machine.take_news() && play.machine.awaits_rebalance(), "nothing more is handed out before");
    play.expect_callback(CallbackKind::Revoked, &[0, 1]);
    play.join();
    assert!(!play.machine.awaits_rebalance());
}

#[tokio::test]
async fn a_cooperative_member_gives_up_only_what_it_lost_and_joins_again() {
    let mut play = Play::member(cooperative(), &[0, 1, 2]);
    play.heartbeat(ErrorCode::RebalanceInProgress);
    let (attempt, request) = play.join();
    let told = consumer_protocol::decode_subscription(request.protocols[0].metadata.clone());
    let told = told.expect("readable");
    assert_eq!((told.owned, told.generation), (partitions(&[0, 1, 2]), Some(1)));
    play.joined(attempt, ErrorCode::None, 2);
    play.synced(ErrorCode::None, &[0, 1]);
    play.expect_callback(CallbackKind::Revoked, &[2]);
    play.expect_callback(CallbackKind::Assigned, &[]);
    assert_eq!(play.machine.assignment(), partitions(&[0, 1]));
    let (attempt, _) = play.join();
    play.joined(attempt, ErrorCode::None, 3);
    play.synced(ErrorCode::None, &[0, 1]);
    play.expect_callback(CallbackKind::Assigned, &[]);
    assert!(play.calls().is_empty(), "the group is at rest");
}

#[tokio::test]
async fn who_is_not_known_any_more_has_lost_its_partitions() {
    for config in [eager(), cooperative()] {
        let mut play = Play::member(config, &[0]);
        play.heartbeat(ErrorCode::UnknownMemberId);
        play.expect_callback(CallbackKind::Lost, &[0]);
        let (_, request) = play.join();
        assert_eq!(request.member_id, "");
    }
}

#[tokio::test]
async fn a_fenced_member_stays_out() {
    let mut play = Play::member(eager().group_instance_id("one"), &[0]);
    play.heartbeat(ErrorCode::FencedInstanceId);
    assert_eq!(play.fatal(), Some(ErrorCode::FencedInstanceId));
    assert_eq!(play.fatal(), Some(ErrorCode::FencedInstanceId), "every poll is told");
    play.now += millis(60_000);
    assert!(play.calls().is_empty());
}

#[tokio::test]
async fn who_does_not_poll_leaves_and_comes_back_with_the_next_poll() {
    let mut play = Play::member(eager().session_timeout(Duration::from_secs(1000)), &[0]);
    play.machine.poll_ended(play.now);
    play.now += Duration::from_secs(299);
    assert!(matches!(play.call(), CoordinatorCall::Heartbeat { .. }));
    play.now += Duration::from_secs(1);
    match play.call() {
        CoordinatorCall::Leave(LeaveGroupRequest { members, .. }) => assert_eq!(members[0].member_id, "me"),
        other => panic!("did not leave: {other:?}"),
    }
    play.now += Duration::from_secs(100);
    assert!(play.calls().is_empty(), "nothing without a poll");
    play.machine.poll_began(play.now);
    play.expect_callback(CallbackKind::Lost, &[0]);
    play.join();
}

#[tokio::test]
async fn a_silent_coordinator_is_looked_for_anew() {
    let mut play = Play::member(eager(), &[0]);
    play.now += millis(3000);
    assert!(matches!(play.call(), CoordinatorCall::Heartbeat { .. }));
    play.now += millis(45_000);
    let effects = play.effects();
    let searches = effects.iter().filter(|effect| matches!(effect, Effect::FindCoordinator(_))).count();
    assert_eq!(searches, 1, "{effects:?}");
}

#[tokio::test]
async fn what_is_processed_is_committed_before_it_is_given_up() {
    let mut play = Play::member(ConsumerConfig::of_group("g"), &[0, 1]);
    for (partition, offset) in partitions(&[0, 1]).iter().zip([5, 7]) {
        play.machine.seek(partition, Position::at(Offset(offset))).expect("it is assigned");
    }
    // The application comes back: it has processed what it had.
    play.machine.poll_ended(play.now);
    play.machine.poll_began(play.now);
    play.heartbeat(ErrorCode::RebalanceInProgress);
    let (id, request) = match play.call() {
        CoordinatorCall::Commit { id, request } => (id, request),
        other => panic!("no commit: {other:?}"),
    };
    assert_eq!((request.generation_id_or_member_epoch, request.member_id.as_str()), (1, "me"));
    let offsets: Vec<i64> = request.topics[0].partitions.iter().map(|each| each.committed_offset).collect();
    assert_eq!(offsets, [5, 7]);
    assert_eq!(play.callback(), None, "the commit comes first");
    play.tell(Event::Committed { id, answer: Ok(OffsetCommitResponse::default()) });
    play.expect_callback(CallbackKind::Revoked, &[0, 1]);
    play.join();
}

#[tokio::test]
async fn a_commit_of_an_old_generation_fails_and_the_partitions_are_lost() {
    let mut play = Play::member(eager(), &[0]);
    let (told, mut outcome) = tokio::sync::oneshot::channel();
    let offsets = [(partitions(&[0])[0].clone(), OffsetAndMetadata::at(Offset(3)))].into();
    play.machine.commit(offsets, None, Some(Box::new(|result| drop(told.send(result)))));
    let id = match play.call() {
        CoordinatorCall::Commit { id, .. } => id,
        other => panic!("no commit: {other:?}"),
    };
    let code = ErrorCode::IllegalGeneration;
    let answer = Err(ClientError::Server { api: "OffsetCommit", code });
    play.tell(Event::Committed { id, answer });
    play.machine.take_outcomes().into_iter().for_each(|tell| tell());
    assert_eq!(outcome.try_recv(), Ok(Err(ClientError::CommitFailed { code })));
    play.expect_callback(CallbackKind::Lost, &[0]);
}

#[tokio::test]
async fn closing_tells_the_application_and_then_the_coordinator() {
    let mut play = Play::member(eager(), &[0]);
    play.machine.begin_leaving();
    play.expect_callback(CallbackKind::Revoked, &[0]);
    play.machine.leave("closed", play.now);
    assert!(matches!(play.call(), CoordinatorCall::Leave(_)));
    assert!(!play.machine.has_left());
    play.tell(Event::Left);
    assert!(play.machine.has_left());
}

#[tokio::test]
async fn a_static_member_does_not_say_goodbye() {
    let mut play = Play::member(eager().group_instance_id("one"), &[0]);
    play.machine.begin_leaving();
    play.expect_callback(CallbackKind::Revoked, &[0]);
    play.machine.leave("closed", play.now);
    assert!(play.calls().is_empty());
    assert!(play.machine.has_left());
}
