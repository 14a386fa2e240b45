//! The life of a member of the consumer protocol, played without a coordinator.

use std::sync::Arc;

use protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions as AssignedTopic};
use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use protocol::messages::offset_fetch_request::OffsetFetchRequest;
use protocol::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartitions, OffsetFetchResponseTopics,
};
use types::{LeaderEpoch, NodeId, Offset, PartitionIndex, TopicPartition, Uuid};

use super::super::effect::{Asked, Effect, Event, MetadataAnswer, MetadataWanted};
use super::super::membership::CallbackKind;
use super::super::{Handed, Now, Position};
use super::*;
use crate::config::ClientConfig;
use crate::consumer::{ConsumerConfig, GroupProtocol};
use crate::metadata::{PartitionMetadata, TopicMetadata};

const INTERVAL: Duration = Duration::from_secs(5);

struct Play {
    machine: ConsumerMachine,
    now: Instant,
    metadata: ClusterMetadata,
}

fn id() -> Uuid {
    Uuid::from_halves(7, 7)
}

fn config() -> ConsumerConfig {
    ConsumerConfig::of_group("g").group_protocol(GroupProtocol::Consumer)
}

fn partitions(indexes: &[i32]) -> Vec<TopicPartition> {
    indexes.iter().map(|index| TopicPartition::new("t", *index)).collect()
}

impl Play {
    /// A subscribed consumer whose application polls, and whose coordinator is known.
    fn new(config: ConsumerConfig) -> Self {
        Self::subscribed(config, |machine| machine.subscribe(["t".into()].into()))
    }

    fn subscribed(
        config: ConsumerConfig,
        subscribe: impl FnOnce(&mut ConsumerMachine) -> Result<(), ClientError>,
    ) -> Self {
        let now = Instant::now();
        let client = ClientConfig::new(Vec::new(), "test");
        let mut machine = ConsumerMachine::with_member_id(Arc::new(config), client, "me".to_owned(), now);
        subscribe(&mut machine).expect("it has a group");
        machine.poll_began(now);
        let mut play = Self { machine, now, metadata: ClusterMetadata::default() };
        play.effects();
        let found = FindCoordinatorResponse { host: "one".to_owned(), port: 1, ..Default::default() };
        play.machine.handle(Event::Coordinator(Ok(found)), now);
        play.machine.handle(Event::Metadata(Ok(MetadataAnswer::default())), now);
        play
    }

    fn knows_topic(&mut self, id: Uuid) {
        let leader = |index| PartitionMetadata {
            index: PartitionIndex(index),
            leader: Some(NodeId(1)),
            leader_epoch: LeaderEpoch(0),
        };
        let topic = TopicMetadata {
            name: "t".into(),
            id,
            partitions: (0..4).map(leader).collect(),
            racks: Vec::new(),
            learnt_at: self.now,
        };
        self.metadata.topics.insert("t".into(), Arc::new(topic));
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.machine.advance(Now { at: self.now, wall_ms: 0 }, &self.metadata);
        std::iter::from_fn(|| self.machine.poll_effect()).collect()
    }

    fn calls(&mut self) -> Vec<CoordinatorCall> {
        let calls = self.effects().into_iter().filter_map(|effect| match effect {
            Effect::Coordinator { call: CoordinatorCall::CommittedOffsets { .. }, .. } => None,
            Effect::Coordinator { call, .. } => Some(call),
            _ => None,
        });
        calls.collect()
    }

    fn asks_for_offsets(&mut self) -> (Asked, OffsetFetchRequest) {
        let asked = self.effects().into_iter().find_map(|effect| match effect {
            Effect::Coordinator {
                call: CoordinatorCall::CommittedOffsets { asked, request, .. }, ..
            } => Some((asked, request)),
            _ => None,
        });
        asked.expect("committed offsets are asked for")
    }

    fn silent(&mut self) {
        let calls = self.calls();
        assert!(calls.is_empty(), "{calls:?}");
    }

    fn heartbeat(&mut self) -> (u64, ConsumerGroupHeartbeatRequest) {
        match self.calls().pop() {
            Some(CoordinatorCall::ConsumerHeartbeat { attempt, request }) => (attempt, request),
            other => panic!("no heartbeat: {other:?}"),
        }
    }

    fn answered(&mut self, attempt: u64, epoch: i32, assigned: Option<(Uuid, &[i32])>) {
        let assignment = assigned.map(|(topic_id, partitions)| Assignment {
            topic_partitions: vec![AssignedTopic {
                topic_id,
                partitions: partitions.to_vec(),
                ..AssignedTopic::default()
            }],
            ..Assignment::default()
        });
        let answer = ConsumerGroupHeartbeatResponse {
            member_epoch: epoch,
            heartbeat_interval_ms: INTERVAL.as_millis() as i32,
            assignment: assignment.map(Box::new),
            ..ConsumerGroupHeartbeatResponse::default()
        };
        self.machine.handle(Event::ConsumerHeartbeat { attempt, answer: Ok(answer) }, self.now);
    }

    fn refused(&mut self, attempt: u64, code: ErrorCode) {
        let answer = ConsumerGroupHeartbeatResponse { error_code: code.code(), ..Default::default() };
        self.machine.handle(Event::ConsumerHeartbeat { attempt, answer: Ok(answer) }, self.now);
    }

    /// What the application is told of its partitions, which ends at once.
    fn told(&mut self) -> (CallbackKind, Vec<TopicPartition>) {
        match self.machine.for_poll(self.now) {
            Handed::Callback(callback) => {
                self.machine.callback_done();
                (callback.kind, callback.partitions)
            }
            _ => panic!("nothing is told"),
        }
    }

    fn fatal(&mut self) -> Option<ErrorCode> {
        match self.machine.for_poll(self.now) {
            Handed::Error(error) => error.code(),
            _ => None,
        }
    }

    /// In the group with these partitions, which the coordinator knows it has.
    fn member(config: ConsumerConfig, owned: &[i32]) -> Self {
        let mut play = Self::new(config);
        play.knows_topic(id());
        let (attempt, _) = play.heartbeat();
        play.answered(attempt, 1, Some((id(), owned)));
        play.silent();
        assert_eq!(play.told(), (CallbackKind::Assigned, partitions(owned)));
        let (attempt, request) = play.heartbeat();
        assert_eq!(has(&request), Some(vec![(id(), owned.to_vec())]));
        play.answered(attempt, 1, None);
        play.silent();
        play
    }
}

fn has(request: &ConsumerGroupHeartbeatRequest) -> Option<Vec<(Uuid, Vec<i32>)>> {
    let topics = request.topic_partitions.as_ref()?;
    Some(topics.iter().map(|topic| (topic.topic_id, topic.partitions.clone())).collect())
}

#[tokio::test]
async fn a_member_tells_everything_when_it_joins_and_then_only_what_changed() {
    let mut config = config().group_remote_assignor("range").client_rack("here").group_instance_id("one");
    config.max_poll_interval = Duration::from_secs(60);
    let mut play = Play::new(config);
    let (attempt, request) = play.heartbeat();
    assert_eq!((request.member_id.as_str(), request.member_epoch), ("me", 0));
    assert_eq!(request.subscribed_topic_names.as_deref(), Some(["t".to_owned()].as_slice()));
    assert_eq!((request.subscribed_topic_regex.clone(), has(&request)), (None, Some(Vec::new())));
    assert_eq!((request.rebalance_timeout_ms, request.rack_id.as_deref()), (60_000, Some("here")));
    assert_eq!(
        (request.server_assignor.as_deref(), request.instance_id.as_deref()),
        (Some("range"), Some("one"))
    );
    play.silent();
    play.answered(attempt, 3, Some((id(), &[])));
    play.silent();
    play.now += INTERVAL;
    let (attempt, request) = play.heartbeat();
    assert_eq!((request.member_epoch, request.rebalance_timeout_ms, has(&request)), (3, -1, None));
    assert_eq!((request.subscribed_topic_names, request.server_assignor), (None, None));
    assert_eq!(request.instance_id.as_deref(), Some("one"));
    play.answered(attempt, 4, None);
    play.machine.subscribe(["t".into(), "u".into()].into()).expect("it has a group");
    let (_, request) = play.heartbeat();
    assert_eq!((request.member_epoch, request.subscribed_topic_names.map(|names| names.len())), (4, Some(2)));
}

#[tokio::test]
async fn what_goes_is_given_up_before_what_comes_is_taken_and_then_the_coordinator_is_told() {
    let mut play = Play::member(config().enable_auto_commit(false), &[0, 1]);
    play.now += INTERVAL;
    let (attempt, request) = play.heartbeat();
    assert_eq!(has(&request), None);
    play.answered(attempt, 2, Some((id(), &[1, 2])));
    play.silent();
    assert_eq!(play.machine.assignment(), partitions(&[0, 1]), "as long as the application is not done");
    assert_eq!(play.told(), (CallbackKind::Revoked, partitions(&[0])));
    play.silent();
    assert_eq!(play.told(), (CallbackKind::Assigned, partitions(&[2])));
    let (_, request) = play.heartbeat();
    assert_eq!((request.member_epoch, has(&request)), (2, Some(vec![(id(), vec![1, 2])])));
}

#[tokio::test]
async fn what_is_processed_is_committed_before_anything_is_given_up() {
    let mut play = Play::member(config(), &[0]);
    play.machine.seek(&partitions(&[0])[0], Position::at(Offset(5))).expect("it is assigned");
    play.machine.poll_ended(play.now);
    play.machine.poll_began(play.now);
    play.now += INTERVAL;
    let (attempt, _) = play.heartbeat();
    play.answered(attempt, 2, Some((id(), &[])));
    let (commit, request) = loop {
        match play.calls().pop() {
            Some(CoordinatorCall::Commit { id, request }) => break (id, request),
            Some(other) => panic!("no commit: {other:?}"),
            None => {}
        }
    };
    assert_eq!((request.member_id.as_str(), request.generation_id_or_member_epoch), ("me", 2));
    assert!(matches!(play.machine.for_poll(play.now), Handed::Nothing));
    let answer = Ok(OffsetCommitResponse::default());
    play.machine.handle(Event::Committed { id: commit, answer }, play.now);
    play.silent();
    assert_eq!(play.told(), (CallbackKind::Revoked, partitions(&[0])));
}

#[tokio::test]
async fn who_is_fenced_loses_everything_and_joins_again_under_its_id() {
    for code in [ErrorCode::FencedMemberEpoch, ErrorCode::UnknownMemberId] {
        let mut play = Play::member(config(), &[0]);
        play.now += INTERVAL;
        let (attempt, _) = play.heartbeat();
        play.refused(attempt, code);
        play.silent();
        assert_eq!(play.told(), (CallbackKind::Lost, partitions(&[0])));
        let (again, request) = play.heartbeat();
        assert_eq!((request.member_id.as_str(), request.member_epoch), ("me", 0));
        assert_eq!((has(&request), again > attempt), (Some(Vec::new()), true));
        play.answered(attempt, 9, Some((id(), &[3])));
        play.answered(again, 4, Some((id(), &[])));
        assert_eq!(play.machine.membership_now(), (4, "me".to_owned()), "older answers count for nothing");
    }
}

#[tokio::test]
async fn offsets_that_a_transaction_may_change_are_waited_for() {
    let mut play = Play::new(config());
    play.knows_topic(id());
    let (attempt, _) = play.heartbeat();
    play.answered(attempt, 3, Some((id(), &[0])));
    let mut code = ErrorCode::UnstableOffsetCommit;
    loop {
        let (asked, request) = play.asks_for_offsets();
        let group = &request.groups[0];
        assert_eq!((group.member_id.as_deref(), group.member_epoch), (Some("me"), 3));
        assert!(request.require_stable);
        let partition = OffsetFetchResponsePartitions {
            committed_offset: if code == ErrorCode::None { 5 } else { -1 },
            error_code: code.code(),
            ..OffsetFetchResponsePartitions::default()
        };
        let topic = OffsetFetchResponseTopics {
            name: "t".to_owned(),
            partitions: vec![partition],
            ..OffsetFetchResponseTopics::default()
        };
        let group = OffsetFetchResponseGroup { topics: vec![topic], ..OffsetFetchResponseGroup::default() };
        let answer = Ok(OffsetFetchResponse { groups: vec![group], ..OffsetFetchResponse::default() });
        play.machine.handle(Event::CommittedOffsets { id: None, asked, answer }, play.now);
        if code == ErrorCode::None {
            break;
        }
        play.silent();
        play.now += Duration::from_millis(100);
        code = ErrorCode::None;
    }
    let position = play.machine.position(&partitions(&[0])[0]).expect("it is assigned");
    assert_eq!(position.map(|at| at.offset), Some(Offset(5)));
}

#[tokio::test]
async fn a_topic_that_is_known_by_its_id_alone_is_asked_for() {
    let mut play =
        Play::subscribed(config(), |machine| machine.subscribe_pattern_for_brokers("t.*".to_owned()));
    let (attempt, request) = play.heartbeat();
    assert_eq!(request.subscribed_topic_names, Some(Vec::new()));
    assert_eq!(request.subscribed_topic_regex.as_deref(), Some("t.*"));
    play.answered(attempt, 1, Some((id(), &[0])));
    play.silent();
    play.now += Duration::from_millis(100);
    let asked = play.effects().into_iter().find_map(|effect| match effect {
        Effect::Metadata(wanted) => Some(wanted),
        _ => None,
    });
    assert_eq!(asked, Some(MetadataWanted::Ids(vec![id()])));
    play.knows_topic(id());
    play.machine.handle(Event::Metadata(Ok(MetadataAnswer::default())), play.now);
    assert_eq!(play.told(), (CallbackKind::Assigned, Vec::new()), "as long as it has no name");
    play.effects();
    play.effects();
    play.effects();
    assert_eq!(play.told(), (CallbackKind::Assigned, partitions(&[0])));
}

#[tokio::test]
async fn nothing_is_given_up_that_the_application_still_processes() {
    for config in [config(), config().enable_auto_commit(false)] {
        let mut play = Play::member(config, &[0, 1]);
        play.machine.poll_ended(play.now);
        play.now += INTERVAL;
        let (attempt, _) = play.heartbeat();
        play.answered(attempt, 2, Some((id(), &[1])));
        play.silent();
        assert!(
            matches!(play.machine.for_poll(play.now), Handed::Nothing),
            "the application works on the last poll"
        );
        play.machine.poll_began(play.now);
        assert!(play.machine.take_news());
        assert!(matches!(play.machine.for_poll(play.now), Handed::Nothing), "the task is to look first");
        play.silent();
        assert_eq!(play.told(), (CallbackKind::Revoked, partitions(&[0])));
    }
}

#[tokio::test]
async fn what_need_not_be_given_up_any_more_holds_nothing_back() {
    let mut play = Play::member(config(), &[0, 1]);
    play.machine.poll_ended(play.now);
    for assigned in [&[1][..], &[0, 1]] {
        play.now += INTERVAL;
        let (attempt, _) = play.heartbeat();
        play.answered(attempt, 2, Some((id(), assigned)));
        play.silent();
        assert_eq!(play.machine.membership.reconciliation.awaits_poll(), assigned.len() == 1);
    }
}

#[tokio::test]
async fn a_topic_made_anew_is_given_up_and_taken() {
    let mut play = Play::member(config().enable_auto_commit(false), &[0]);
    let anew = Uuid::from_halves(8, 8);
    play.knows_topic(anew);
    play.now += INTERVAL;
    let (attempt, _) = play.heartbeat();
    play.answered(attempt, 2, Some((anew, &[0])));
    play.silent();
    assert_eq!(play.told(), (CallbackKind::Revoked, partitions(&[0])));
    play.silent();
    assert_eq!(play.told(), (CallbackKind::Assigned, partitions(&[0])));
    let (_, request) = play.heartbeat();
    assert_eq!(has(&request), Some(vec![(anew, vec![0])]));
}

#[tokio::test]
async fn a_static_member_says_that_it_comes_back() {
    for (config, epoch) in [(config(), -1), (config().group_instance_id("one"), -2)] {
        let mut play = Play::member(config, &[0]);
        play.machine.begin_leaving();
        assert_eq!(play.told(), (CallbackKind::Revoked, partitions(&[0])));
        play.machine.leave("the test ends", play.now);
        let left = std::iter::from_fn(|| play.machine.poll_effect()).find_map(|effect| match effect {
            Effect::Coordinator { call: CoordinatorCall::ConsumerLeave(request), .. } => Some(request),
            _ => None,
        });
        let left = left.expect("it says goodbye");
        assert_eq!((left.member_id.as_str(), left.member_epoch), ("me", epoch));
        assert!(!play.machine.has_left());
        play.machine.handle(Event::Left, play.now);
        assert!(play.machine.has_left());
    }
}

#[tokio::test]
async fn who_does_not_poll_leaves_and_joins_when_it_comes_back() {
    let mut play = Play::member(config().enable_auto_commit(false), &[0]);
    play.machine.poll_ended(play.now);
    play.now += Duration::from_secs(300);
    let left = matches!(play.calls().first(), Some(CoordinatorCall::ConsumerLeave(request)) if request.member_epoch == -1);
    assert!(left, "it leaves");
    play.machine.handle(Event::Left, play.now);
    play.silent();
    assert_eq!(play.told(), (CallbackKind::Lost, partitions(&[0])));
    play.silent();
    play.machine.poll_began(play.now);
    assert_eq!(play.heartbeat().1.member_epoch, 0);
}

#[tokio::test]
async fn errors_are_waited_out_or_told() {
    let mut play = Play::member(config(), &[0]);
    play.now += INTERVAL;
    let (attempt, _) = play.heartbeat();
    play.refused(attempt, ErrorCode::CoordinatorLoadInProgress);
    play.silent();
    play.now += Duration::from_millis(100);
    let (attempt, request) = play.heartbeat();
    assert_eq!(has(&request), Some(vec![(id(), vec![0])]), "it may have been heard or not");
    play.refused(attempt, ErrorCode::TopicAuthorizationFailed);
    assert_eq!(play.fatal(), Some(ErrorCode::TopicAuthorizationFailed));
    play.now += Duration::from_millis(200);
    let (attempt, _) = play.heartbeat();
    play.refused(attempt, ErrorCode::NotCoordinator);
    play.now += Duration::from_secs(1);
    assert!(play.effects().iter().any(|effect| matches!(effect, Effect::FindCoordinator(_))));

    let mut play = Play::new(config());
    let (attempt, _) = play.heartbeat();
    play.refused(attempt, ErrorCode::UnreleasedInstanceId);
    assert_eq!(play.fatal(), Some(ErrorCode::UnreleasedInstanceId));
    play.now += Duration::from_secs(60);
    play.silent();
}

#[test]
fn what_was_assigned_is_taken_at_once_and_not_at_the_next_heartbeat() {
    let mut play = Play::new(config());
    play.knows_topic(id());
    let (attempt, _) = play.heartbeat();
    play.answered(attempt, 2, Some((id(), &[0, 1])));
    play.silent();
    assert_eq!(play.told(), (CallbackKind::Assigned, partitions(&[0, 1])));
}
