//! How a partition comes to its position: what the group committed, else where `auto.offset.reset` says; and whether a
//! new leader has what was read from the one before (KIP-320).

use std::collections::BTreeMap;

use protocol::messages::list_offsets_response::ListOffsetsResponse;
use protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use protocol::messages::offset_for_leader_epoch_response::OffsetForLeaderEpochResponse;
use tokio::time::Instant;
use types::{ErrorCode, LeaderEpoch, NodeId, Offset, TopicName, TopicPartition};

use super::effect::{Asked, Effect};
use super::partitions::{Position, Stage};
use super::{ConsumerMachine, Now};
use crate::consumer::OffsetReset;
use crate::error::{ClientError, error_code};
use crate::list_offsets::{self, OffsetSpec};
use crate::metadata::ClusterMetadata;
use crate::network_client::topic_error;

/// What is asked of one leader.
#[derive(Default)]
struct Questions {
    offsets: Vec<(TopicPartition, u64, OffsetSpec, LeaderEpoch)>,
    epochs: Vec<(TopicPartition, u64, LeaderEpoch, LeaderEpoch)>,
}

impl ConsumerMachine {
    /// Asks for what partitions need before they can be fetched.
    pub(super) fn advance_positions(&mut self, now: Now, metadata: &ClusterMetadata) {
        self.ask_committed(now.at);
        let policy = self.config.offset_reset;
        let mut by_node: BTreeMap<NodeId, Questions> = BTreeMap::new();
        let mut without_offset = Vec::new();
        let mut without_leader = false;
        let mut wake_at: Option<Instant> = None;
        for (partition, state) in &mut self.partitions {
            if state.stage == Stage::Uncommitted && self.config.group_id.is_none() {
                state.stage = Stage::Resetting(policy);
            }
            if state.is_revoking || state.is_asked || state.is_held {
                continue;
            }
            let leader = metadata.leader(partition);
            let epoch = leader.map_or(LeaderEpoch::NONE, |(_, epoch)| epoch);
            if let Some(id) = metadata.topics.get(&partition.topic).map(|topic| topic.id) {
                // A new topic of the same name begins its epochs anew.
                if id != state.topic_id {
                    state.leader_epoch = LeaderEpoch::NONE;
                }
                state.topic_id = id;
            }
            if state.stage == Stage::Ready && epoch > state.leader_epoch {
                state.leader_epoch = epoch;
                // What was read from this very leader needs no proof.
                if state.fetch_at.epoch.0 >= 0 && state.fetch_at.epoch != epoch {
                    state.stage = Stage::Validating;
                }
            }
            if matches!(state.stage, Stage::Ready | Stage::Uncommitted) {
                continue;
            }
            if state.stage == Stage::Resetting(OffsetReset::Fail) {
                without_offset.push(partition.clone());
                continue;
            }
            if let Some(at) = state.not_before.filter(|at| *at > now.at) {
                wake_at = Some(wake_at.map_or(at, |earlier| earlier.min(at)));
                continue;
            }
            let Some((node, epoch)) = leader else {
                without_leader = true;
                continue;
            };
            state.is_asked = true;
            let questions = by_node.entry(node).or_default();
            match state.stage {
                Stage::Resetting(to) => {
                    questions.offsets.push((partition.clone(), state.token, spec(to, now.wall_ms), epoch));
                }
                _ => questions.epochs.push((partition.clone(), state.token, epoch, state.fetch_at.epoch)),
            }
        }
        for partition in without_offset {
            let error = ClientError::NoOffset { partition: partition.to_string() };
            self.partition_failed(&partition, error, now.at);
        }
        if without_leader {
            self.want_metadata();
        }
        if let Some(at) = wake_at {
            self.wake(at);
        }
        for (node, questions) in by_node {
            self.ask_leader(node, questions);
        }
    }

    fn ask_leader(&mut self, node: NodeId, questions: Questions) {
        if !questions.offsets.is_empty() {
            let offsets = questions.offsets;
            let asked =
                offsets.iter().map(|(partition, token, ..)| (partition.clone(), *token)).collect::<Asked>();
            let questions =
                offsets.into_iter().map(|(partition, _, wanted, epoch)| (partition, epoch, wanted));
            let request = list_offsets::request(self.config.isolation_level, questions);
            self.effects.push_back(Effect::Offsets { node, asked, request });
        }
        if !questions.epochs.is_empty() {
            let mut asked = Asked::new();
            let mut topics: BTreeMap<TopicName, OffsetForLeaderTopic> = BTreeMap::new();
            for (partition, token, current, epoch) in questions.epochs {
                let topic = topics.entry(partition.topic.clone()).or_default();
                topic.topic = partition.topic.to_string();
                topic.partitions.push(OffsetForLeaderPartition {
                    partition: partition.partition.0,
                    current_leader_epoch: current.0,
                    leader_epoch: epoch.0,
                    ..OffsetForLeaderPartition::default()
                });
                asked.insert(partition, token);
            }
            let topics = topics.into_values().collect();
            let request = OffsetForLeaderEpochRequest { replica_id: -1, topics, ..Default::default() };
            self.effects.push_back(Effect::Epochs { node, asked, request });
        }
    }

    pub(super) fn handle_offsets(
        &mut self,
        asked: &Asked,
        answer: Result<ListOffsetsResponse, ClientError>,
        now: Instant,
    ) {
        let found: BTreeMap<TopicPartition, _> = match answer {
            Err(error) => return self.all_failed(asked, &error, now),
            Ok(answer) => list_offsets::answers(answer).collect(),
        };
        for (partition, token) in asked {
            let Some(state) = self.answered(partition, *token) else { continue };
            let Some(each) = found.get(partition) else {
                let error = unanswered("ListOffsets", partition);
                self.partition_failed(partition, error, now);
                continue;
            };
            match error_code(each.error_code) {
                // No record is that young: what comes from now on is.
                ErrorCode::None if each.offset < 0 => state.stage = Stage::Resetting(OffsetReset::Latest),
                ErrorCode::None => {
                    state.failures = 0;
                    tracing::debug!(%partition, offset = each.offset, "position found");
                    let position =
                        Position { offset: Offset(each.offset), epoch: LeaderEpoch(each.leader_epoch) };
                    if self.fetched.iter().any(|fetched| fetched.partition() == partition) {
                        // What is buffered is handed out first.
                        state_of(self, partition).fetch_at = position;
                        state_of(self, partition).stage = Stage::Ready;
                    } else {
                        state_of(self, partition).start_at(position);
                    }
                }
                code => self.partition_failed(partition, topic_error(&partition.to_string(), code), now),
            }
        }
    }

    pub(super) fn handle_epochs(
        &mut self,
        asked: &Asked,
        answer: Result<OffsetForLeaderEpochResponse, ClientError>,
        now: Instant,
    ) {
        let mut found = BTreeMap::new();
        match answer {
            // A broker that is too old to be asked is trusted.
            Err(ClientError::UnsupportedApi { .. }) => {
                for (partition, token) in asked {
                    if let Some(state) = self.answered(partition, *token) {
                        state.stage = Stage::Ready;
                    }
                }
                return;
            }
            Err(error) => return self.all_failed(asked, &error, now),
            Ok(answer) => {
                for topic in answer.topics {
                    let name: TopicName = topic.topic.into();
                    for each in topic.partitions {
                        found.insert(TopicPartition::new(name.clone(), each.partition), each);
                    }
                }
            }
        }
        let policy = self.config.offset_reset;
        for (partition, token) in asked {
            let Some(state) = self.answered(partition, *token) else { continue };
            let Some(each) = found.get(partition) else {
                let error = unanswered("OffsetForLeaderEpoch", partition);
                self.partition_failed(partition, error, now);
                continue;
            };
            let code = error_code(each.error_code);
            if code != ErrorCode::None {
                self.partition_failed(partition, topic_error(&partition.to_string(), code), now);
                continue;
            }
            state.failures = 0;
            let reached = state.fetch_at;
            let is_known = each.end_offset >= 0 && each.leader_epoch >= 0;
            if is_known && each.end_offset >= reached.offset.0 {
                state.stage = Stage::Ready;
                continue;
            }
            if let Some(position) = state.position.filter(|at| is_known && each.end_offset >= at.offset.0) {
                // Only what waits to be handed out is not there any more: it is read again, as it is now.
                self.forget_fetched(partition);
                state_of(self, partition).start_at(position);
                continue;
            }
            let end = Position { offset: Offset(each.end_offset), epoch: LeaderEpoch(each.leader_epoch) };
            tracing::warn!(%partition, offset = %reached.offset, %end.offset, "the log was truncated");
            match (policy, is_known) {
                (OffsetReset::Fail, _) => {
                    let diverges_at = is_known.then_some(end.offset);
                    let (partition_name, position) = (partition.to_string(), reached.offset);
                    let error =
                        ClientError::LogTruncated { partition: partition_name, position, diverges_at };
                    self.partition_failed(partition, error, now);
                }
                (_, true) => {
                    self.forget_fetched(partition);
                    state_of(self, partition).start_at(end);
                }
                (policy, false) => {
                    self.forget_fetched(partition);
                    state_of(self, partition).stage = Stage::Resetting(policy);
                }
            }
        }
    }

    /// A request about several partitions came to nothing.
    pub(super) fn all_failed(&mut self, asked: &Asked, error: &ClientError, now: Instant) {
        for (partition, token) in asked {
            if self.answered(partition, *token).is_some() {
                self.partition_failed(partition, error.clone(), now);
            }
        }
    }
}

fn state_of<'a>(
    machine: &'a mut ConsumerMachine,
    partition: &TopicPartition,
) -> &'a mut super::partitions::PartitionState {
    machine.partitions.get_mut(partition).expect("it was there when its answer was taken in")
}

/// What the leader is asked for.
fn spec(to: OffsetReset, wall_ms: i64) -> OffsetSpec {
    match to {
        OffsetReset::Earliest => OffsetSpec::Earliest,
        OffsetReset::Latest | OffsetReset::Fail => OffsetSpec::Latest,
        OffsetReset::ByDuration(age) => OffsetSpec::Timestamp(
            wall_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX)).max(0),
        ),
    }
}

pub(super) fn unanswered(api: &'static str, partition: &TopicPartition) -> ClientError {
    ClientError::Malformed { api, reason: format!("no answer for {partition}") }
}

#[cfg(test)]
#[path = "positions_test.rs"]
mod tests;
