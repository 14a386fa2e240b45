//! How partitions come to their positions, played without a broker.

use std::sync::Arc;
use std::time::Duration;

use protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use tokio::time::Instant;
use types::{LeaderEpoch, NodeId, Offset, PartitionIndex, TopicPartition, Uuid};

use super::super::effect::{Asked, Effect, Event};
use super::super::{ConsumerMachine, Handed, Now, Position};
use crate::config::ClientConfig;
use crate::consumer::{ConsumerConfig, OffsetReset};
use crate::error::ClientError;
use crate::metadata::{ClusterMetadata, PartitionMetadata, TopicMetadata};

struct Play {
    machine: ConsumerMachine,
    now: Instant,
    metadata: ClusterMetadata,
}

fn partition() -> TopicPartition {
    TopicPartition::new("t", 0)
}

impl Play {
    /// A consumer without a group that is assigned t-0, which node 1 leads in epoch 4.
    fn new(reset: OffsetReset) -> Self {
        let now = Instant::now();
        let config = ConsumerConfig::default().auto_offset_reset(reset);
        let mut machine = ConsumerMachine::new(Arc::new(config), ClientConfig::new(Vec::new(), "test"), now);
        machine.assign(&[partition()]).expect("nothing is subscribed to");
        machine.poll_began(now);
        let mut play = Self { machine, now, metadata: ClusterMetadata::default() };
        play.lead(4);
        play
    }

    fn lead(&mut self, epoch: i32) {
        let leader = PartitionMetadata {
            index: PartitionIndex(0),
            leader: Some(NodeId(1)),
            leader_epoch: LeaderEpoch(epoch),
        };
        let topic = TopicMetadata {
            name: "t".into(),
            id: Uuid::from_halves(1, 1),
            partitions: vec![leader],
            racks: Vec::new(),
            learnt_at: self.now,
        };
        self.metadata.topics.insert("t".into(), Arc::new(topic));
    }

    fn effects(&mut self) -> Vec<Effect> {
        self.machine.advance(Now { at: self.now, wall_ms: 1_000_000 }, &self.metadata);
        let all = std::iter::from_fn(|| self.machine.poll_effect());
        all.filter(|effect| !matches!(effect, Effect::Metadata(_))).collect()
    }

    fn timestamp_asked(&mut self) -> (Asked, i64) {
        match self.effects().pop() {
            Some(Effect::Offsets { asked, request, .. }) => {
                (asked, request.topics[0].partitions[0].timestamp)
            }
            other => panic!("no offsets asked for: {other:?}"),
        }
    }

    fn offset_is(&mut self, asked: Asked, offset: i64) {
        let found = ListOffsetsPartitionResponse { offset, leader_epoch: 4, ..Default::default() };
        let topic = ListOffsetsTopicResponse {
            name: "t".to_owned(),
            partitions: vec![found],
            ..ListOffsetsTopicResponse::default()
        };
        let answer = ListOffsetsResponse { topics: vec![topic], ..ListOffsetsResponse::default() };
        self.machine.handle(Event::Offsets { asked, answer: Ok(answer) }, self.now);
    }

    fn fetched_from(&mut self) -> i64 {
        match self.effects().pop() {
            Some(Effect::Fetch { request, .. }) => request.topics[0].partitions[0].fetch_offset,
            other => panic!("nothing fetched: {other:?}"),
        }
    }

    /// At offset 10 with a record of epoch 4 before it, when epoch 5 begins; what is asked then.
    fn another_leader(reset: OffsetReset) -> (Self, Asked) {
        let mut play = Self::new(reset);
        let position = Position { offset: Offset(10), epoch: LeaderEpoch(4) };
        play.machine.seek(&partition(), position).expect("it is assigned");
        play.lead(5);
        let asked = match play.effects().pop() {
            Some(Effect::Epochs { asked, request, .. }) => {
                let each = &request.topics[0].partitions[0];
                assert_eq!((each.current_leader_epoch, each.leader_epoch), (5, 4));
                asked
            }
            other => panic!("not validated: {other:?}"),
        };
        (play, asked)
    }

    fn epoch_ends(&mut self, asked: Asked, epoch: i32, end_offset: i64) {
        let end = EpochEndOffset { leader_epoch: epoch, end_offset, ..EpochEndOffset::default() };
        let topic = OffsetForLeaderTopicResult {
            topic: "t".to_owned(),
            partitions: vec![end],
            ..OffsetForLeaderTopicResult::default()
        };
        let answer = OffsetForLeaderEpochResponse { topics: vec![topic], ..Default::default() };
        self.machine.handle(Event::Epochs { asked, answer: Ok(answer) }, self.now);
    }

    fn told(&mut self) -> Option<ClientError> {
        self.effects();
        match self.machine.for_poll(self.now) {
            Handed::Error(error) => Some(error),
            _ => None,
        }
    }
}

#[tokio::test]
async fn auto_offset_reset_decides_what_the_leader_is_asked() {
    let age = OffsetReset::ByDuration(Duration::from_secs(1));
    for (reset, timestamp) in [(OffsetReset::Earliest, -2), (OffsetReset::Latest, -1), (age, 999_000)] {
        let mut play = Play::new(reset);
        let (asked, found) = play.timestamp_asked();
        assert_eq!(found, timestamp);
        play.offset_is(asked, 7);
        assert_eq!(play.fetched_from(), 7);
    }
}

#[tokio::test]
async fn without_a_record_that_young_reading_starts_at_the_end() {
    let mut play = Play::new(OffsetReset::ByDuration(Duration::from_secs(1)));
    let (asked, _) = play.timestamp_asked();
    play.offset_is(asked, -1);
    assert_eq!(play.timestamp_asked().1, -1);
}

#[tokio::test]
async fn without_a_reset_every_poll_tells_that_there_is_no_offset() {
    let mut play = Play::new(OffsetReset::Fail);
    let error = ClientError::NoOffset { partition: "t-0".to_owned() };
    assert_eq!(play.told(), Some(error.clone()));
    assert_eq!(play.told(), Some(error));
    play.machine.seek(&partition(), Position::at(Offset(3))).expect("it is assigned");
    assert_eq!(play.fetched_from(), 3);
}

#[tokio::test]
async fn a_new_leader_that_has_what_was_read_is_read_on() {
    let (mut play, asked) = Play::another_leader(OffsetReset::Latest);
    play.epoch_ends(asked, 4, 12);
    assert_eq!(play.fetched_from(), 10);
}

#[tokio::test]
async fn a_truncated_log_is_read_from_where_it_diverges() {
    let (mut play, asked) = Play::another_leader(OffsetReset::Latest);
    play.epoch_ends(asked, 4, 6);
    assert_eq!(play.fetched_from(), 6);
}

#[tokio::test]
async fn a_truncated_log_is_told_where_nothing_is_reset() {
    let (mut play, asked) = Play::another_leader(OffsetReset::Fail);
    play.epoch_ends(asked, 4, 6);
    let (position, diverges_at) = (Offset(10), Some(Offset(6)));
    let error = ClientError::LogTruncated { partition: "t-0".to_owned(), position, diverges_at };
    assert_eq!(play.told(), Some(error));
}

#[tokio::test]
async fn an_answer_from_before_a_seek_counts_for_nothing() {
    let mut play = Play::new(OffsetReset::Earliest);
    let (asked, _) = play.timestamp_asked();
    play.machine.seek(&partition(), Position::at(Offset(3))).expect("it is assigned");
    play.offset_is(asked, 7);
    assert_eq!(play.fetched_from(), 3);
}

#[tokio::test]
async fn a_paused_partition_is_not_fetched() {
    let mut play = Play::new(OffsetReset::Earliest);
    play.machine.seek(&partition(), Position::at(Offset(3))).expect("it is assigned");
    play.machine.pause(&partition()).expect("it is assigned");
    assert!(play.effects().is_empty());
    play.machine.resume(&partition()).expect("it is assigned");
    assert_eq!(play.fetched_from(), 3);
    let elsewhere = play.machine.pause(&TopicPartition::new("t", 9));
    assert_eq!(elsewhere, Err(ClientError::NotAssigned { partition: "t-9".to_owned() }));
}
