//! Who is asked for records, played without a broker.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::Records;
use protocol::messages::fetch_request::FetchRequest;
use protocol::messages::fetch_response::{FetchResponse, FetchableTopicResponse, PartitionData};
use protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use record::{BatchBuilder, BatchOptions};
use tokio::time::Instant;
use types::{ErrorCode, LeaderEpoch, NodeId, Offset, PartitionIndex, TopicPartition, Uuid};

use super::super::effect::{Asked, Effect, Event, MetadataAnswer};
use super::super::{ConsumerMachine, Handed, Now};
use crate::config::ClientConfig;
use crate::consumer::machine::Position;
use crate::consumer::{ConsumerConfig, OffsetReset, PartitionRecords};
use crate::metadata::{ClusterMetadata, PartitionMetadata, TopicMetadata};

struct Play {
    machine: ConsumerMachine,
    now: Instant,
    metadata: ClusterMetadata,
    id: Uuid,
}

/// A request for records that is under way.
struct Fetch {
    node: NodeId,
    round: u64,
    asked: Asked,
    names: std::collections::BTreeMap<Uuid, types::TopicName>,
    request: FetchRequest,
}

fn partition() -> TopicPartition {
    TopicPartition::new("t", 0)
}

impl Play {
    /// A consumer without a group that reads t-0 from offset 7 on; node 1 leads it in epoch 4, and there is a node 2.
    fn new(config: ConsumerConfig) -> Self {
        let now = Instant::now();
        let mut machine = ConsumerMachine::new(Arc::new(config), ClientConfig::new(Vec::new(), "test"), now);
        machine.assign(&[partition()]).expect("nothing is subscribed to");
        machine.poll_began(now);
        let mut play =
            Self { machine, now, metadata: ClusterMetadata::default(), id: Uuid::from_halves(1, 1) };
        play.metadata.nodes = [(NodeId(1), "one:1".to_owned()), (NodeId(2), "two:2".to_owned())].into();
        play.lead(4);
        play.machine.seek(&partition(), Position::at(Offset(7))).expect("it is assigned");
        play
    }

    fn lead(&mut self, epoch: i32) {
        let leader = Some(NodeId(1));
        let leader_epoch = LeaderEpoch(epoch);
        let leader = PartitionMetadata { index: PartitionIndex(0), leader, leader_epoch };
        let (name, learnt_at) = ("t".into(), self.now);
        let topic =
            TopicMetadata { name, id: self.id, partitions: vec![leader], racks: Vec::new(), learnt_at };
        self.metadata.topics.insert("t".into(), Arc::new(topic));
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.machine.advance(Now { at: self.now, wall_ms: 0 }, &self.metadata);
        std::iter::from_fn(|| self.machine.poll_effect()).collect()
    }

    fn fetch(&mut self) -> Fetch {
        let fetch = self.effects().into_iter().find_map(|effect| match effect {
            Effect::Fetch { node, round, asked, names, request, .. } => {
                Some(Fetch { node, round, asked, names, request })
            }
            _ => None,
        });
        fetch.expect("records are asked for")
    }

    fn answer(&mut self, fetch: Fetch, answer: FetchResponse) {
        let Fetch { node, round, asked, names, .. } = fetch;
        self.machine.handle(Event::Fetched { node, round, asked, names, answer: Ok(answer) }, self.now);
    }

    fn partition_is(&mut self, fetch: Fetch, data: PartitionData) {
        let topic_id = self.id;
        let topic = FetchableTopicResponse { topic_id, partitions: vec![data], ..Default::default() };
        let answer = FetchResponse { session_id: 5, responses: vec![topic], ..FetchResponse::default() };
        self.answer(fetch, answer);
    }

    fn handed(&mut self) -> Option<PartitionRecords> {
        match self.machine.for_poll(self.now) {
            Handed::Records(records) => Some(records),
            Handed::Nothing => None,
            Handed::Callback(_) | Handed::Error(_) => panic!("neither is due"),
        }
    }
}

/// A batch of so many records at this offset.
fn batch(base: i64, count: i32) -> Bytes {
    let options = BatchOptions { base_offset: Offset(base), ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options).expect("no codec");
    for number in 0..count {
        builder.append(0, None, Some(number.to_string().as_bytes()), &[]).expect("it is small");
    }
    builder.build().expect("it is whole").expect("it is not empty")
}

/// The batch as a leader of this epoch has appended it.
fn in_epoch(epoch: i32, batch: Bytes) -> Vec<u8> {
    let mut batch = batch.to_vec();
    // Behind offset and length.
    batch[12..16].copy_from_slice(&epoch.to_be_bytes());
    batch
}

fn offsets(records: &PartitionRecords) -> Vec<i64> {
    let mut offsets = Vec::new();
    let whole = records.for_each(|record| {
        offsets.push(record.offset.0);
        std::ops::ControlFlow::<()>::Continue(())
    });
    assert!(whole.is_ok(), "{whole:?}");
    offsets
}

#[tokio::test]
async fn a_nearer_replica_is_read_until_it_lacks_something() {
    let mut play =
        Play::new(ConsumerConfig::default().client_rack("here").auto_offset_reset(OffsetReset::Fail));
    let first = play.fetch();
    assert_eq!((first.node, first.request.rack_id.as_str()), (NodeId(1), "here"));
    play.partition_is(first, PartitionData { preferred_read_replica: 2, ..PartitionData::default() });
    let second = play.fetch();
    assert_eq!(second.node, NodeId(2));
    assert_eq!(second.request.session_id, 0, "each broker has a session of its own");
    let code = ErrorCode::OffsetOutOfRange.code();
    play.partition_is(second, PartitionData { error_code: code, ..PartitionData::default() });
    let third = play.fetch();
    assert_eq!(third.node, NodeId(1), "the leader may have what its follower does not");
    assert_eq!((third.request.session_id, third.request.session_epoch), (5, 1));
    assert!(third.request.topics.is_empty(), "it knows what is wanted");
}

#[tokio::test]
async fn a_nearer_replica_is_asked_for_again_once_in_a_while() {
    let mut play = Play::new(ConsumerConfig::default().client_rack("here"));
    let first = play.fetch();
    play.partition_is(first, PartitionData { preferred_read_replica: 2, ..PartitionData::default() });
    play.now += Duration::from_secs(300);
    assert_eq!(play.fetch().node, NodeId(1));
}

#[tokio::test]
async fn a_session_that_is_gone_is_opened_again_at_once() {
    let mut play = Play::new(ConsumerConfig::default());
    let first = play.fetch();
    play.partition_is(first, PartitionData::default());
    let second = play.fetch();
    let error_code = ErrorCode::FetchSessionIdNotFound.code();
    play.answer(second, FetchResponse { error_code, ..FetchResponse::default() });
    let third = play.fetch();
    assert_eq!((third.request.session_id, third.request.session_epoch), (0, 0));
    assert_eq!(third.request.topics[0].partitions[0].fetch_offset, 7);
}

#[tokio::test]
async fn a_broker_that_has_no_quota_left_is_asked_again() {
    let mut play = Play::new(ConsumerConfig::default());
    let first = play.fetch();
    play.answer(first, FetchResponse { throttle_time_ms: 1000, ..FetchResponse::default() });
    assert!(play.handed().is_none(), "which is no error");
    let second = play.fetch();
    assert_eq!((second.request.session_id, second.request.session_epoch), (0, 0));
    assert_eq!(second.request.topics[0].partitions[0].fetch_offset, 7);
}

#[tokio::test]
async fn an_error_is_told_once_however_often_it_came_meanwhile() {
    let mut play = Play::new(ConsumerConfig::default());
    let denied = ErrorCode::TopicAuthorizationFailed;
    for _ in 0..100 {
        let answer = MetadataAnswer { all: None, errors: vec![("t".into(), denied)] };
        play.machine.handle(Event::Metadata(Ok(answer)), play.now);
    }
    assert!(matches!(play.machine.for_poll(play.now), Handed::Error(error) if error.code() == Some(denied)));
    assert!(play.handed().is_none());
}

/// Of records 7 to 14 of epoch 4, three are handed out when epoch 5 begins; what is asked then.
fn half_read_when_the_leader_changes() -> (Play, Asked) {
    let config = ConsumerConfig::default().max_poll_records(3).auto_offset_reset(OffsetReset::Fail);
    let mut play = Play::new(config);
    let first = play.fetch();
    let batches = [in_epoch(4, batch(7, 3)), in_epoch(4, batch(10, 5))].concat();
    let records = Some(Records::Bytes(batches.into()));
    play.partition_is(first, PartitionData { records, ..PartitionData::default() });
    assert_eq!(play.handed().map(|records| offsets(&records)), Some(vec![7, 8, 9]));
    play.lead(5);
    let asked = play.effects().into_iter().find_map(|effect| match effect {
        Effect::Epochs { asked, .. } => Some(asked),
        _ => None,
    });
    (play, asked.expect("what was read is validated"))
}

fn epoch_4_ends(play: &mut Play, asked: Asked, end_offset: i64) {
    let end = EpochEndOffset { leader_epoch: 4, end_offset, ..EpochEndOffset::default() };
    let topic =
        OffsetForLeaderTopicResult { topic: "t".to_owned(), partitions: vec![end], ..Default::default() };
    let answer = OffsetForLeaderEpochResponse { topics: vec![topic], ..Default::default() };
    play.machine.handle(Event::Epochs { asked, answer: Ok(answer) }, play.now);
}

#[tokio::test]
async fn a_log_truncated_behind_what_was_handed_out_is_read_on_from_there() {
    let (mut play, asked) = half_read_when_the_leader_changes();
    epoch_4_ends(&mut play, asked, 12);
    assert!(play.handed().is_none(), "what was fetched from the old leader is not there any more");
    assert_eq!(
        play.fetch().request.topics[0].partitions[0].fetch_offset,
        10,
        "10 and 11 were never handed out"
    );
}

#[tokio::test]
async fn what_was_fetched_from_the_old_leader_waits_for_the_new_one_to_confirm_it() {
    let (mut play, asked) = half_read_when_the_leader_changes();
    assert!(play.handed().is_none(), "the new leader need not have it");
    epoch_4_ends(&mut play, asked, 15);
    assert_eq!(play.handed().map(|records| offsets(&records)), Some(vec![10, 11, 12]));
}

#[tokio::test]
async fn a_topic_made_anew_is_validated_although_its_epochs_begin_anew() {
    let mut play = Play::new(ConsumerConfig::default());
    let first = play.fetch();
    let records = Some(Records::Bytes(in_epoch(4, batch(7, 1)).into()));
    play.partition_is(first, PartitionData { records, ..PartitionData::default() });
    play.id = Uuid::from_halves(2, 2);
    play.lead(0);
    let asks = play.effects().into_iter().any(|effect| matches!(effect, Effect::Epochs { .. }));
    assert!(asks, "the new topic need not have what was read of the old one");
}

#[tokio::test]
async fn no_poll_hands_out_more_than_max_poll_records() {
    let mut play = Play::new(ConsumerConfig::default().max_poll_records(5));
    let first = play.fetch();
    // It was asked for from 7 on: the front of the first batch was read before.
    let batches = [batch(5, 4), batch(9, 2), batch(11, 12), batch(30, 3), batch(33, 3)].concat();
    let data = PartitionData { records: Some(Records::Bytes(batches.into())), ..PartitionData::default() };
    play.partition_is(first, data);
    let mut polls = Vec::new();
    while let Some(records) = play.handed() {
        let found = offsets(&records);
        assert_eq!(
            play.machine.position(&partition()).expect("assigned").map(|at| at.offset),
            Some(records.next_position)
        );
        polls.push(found);
    }
    let expected: [&[i64]; 5] =
        [&[7, 8, 9, 10], &[11, 12, 13, 14, 15], &[16, 17, 18, 19, 20], &[21, 22, 30, 31, 32], &[33, 34, 35]];
    assert_eq!(polls, expected);
}
