//! Which broker is asked for which records, and what becomes of the answers.
//!
//! Of each broker one answer may be buffered while the next one is under way, so that it works while the application
//! does.

use std::collections::{BTreeMap, BTreeSet};

use protocol::Records;
use protocol::messages::fetch_request::{FetchPartition, FetchRequest};
use protocol::messages::fetch_response::{FetchResponse, PartitionData};
use tokio::time::Instant;
use types::{ErrorCode, LeaderEpoch, NodeId, Offset, ProducerId, TopicName, TopicPartition, Uuid};

use super::ConsumerMachine;
use super::effect::{Asked, Effect};
use super::partitions::{Position, Stage};
use super::positions::unanswered;
use crate::consumer::aborted_transactions::AbortedTransactions;
use crate::consumer::partition_records::{LastCut, PartitionRecords, next_position};
use crate::consumer::{IsolationLevel, OffsetReset};
use crate::error::{ClientError, error_code};
use crate::metadata::ClusterMetadata;
use crate::network_client::topic_error;

/// The last version that names topics by name instead of by id.
const LAST_VERSION_WITH_NAMES: i16 = 12;

/// Records that wait for the application.
pub(super) struct Fetched {
    node: NodeId,
    round: u64,
    token: u64,
    next_epoch: LeaderEpoch,
    records: PartitionRecords,
}

impl Fetched {
    pub(super) fn partition(&self) -> &TopicPartition {
        &self.records.partition
    }
}

impl ConsumerMachine {
    /// Asks every broker that leads partitions and has nothing to do.
    pub(super) fn advance_fetching(&mut self, now: Instant, metadata: &ClusterMetadata) {
        let mut buffered: BTreeMap<NodeId, BTreeSet<u64>> = BTreeMap::new();
        for fetched in &self.fetched {
            buffered.entry(fetched.node).or_default().insert(fetched.round);
        }
        let is_full = |node: &NodeId| buffered.get(node).is_some_and(|rounds| rounds.len() > 1);
        let mut by_node: BTreeMap<NodeId, Vec<TopicPartition>> = BTreeMap::new();
        let mut without_leader = false;
        let mut wake_at: Option<Instant> = None;
        for (partition, state) in &self.partitions {
            let is_wanted = state.stage == Stage::Ready && !state.is_paused && !state.is_revoking;
            if !is_wanted || state.is_asked || state.is_held {
                continue;
            }
            if let Some(at) = state.not_before.filter(|at| *at > now) {
                wake_at = Some(wake_at.map_or(at, |earlier| earlier.min(at)));
                continue;
            }
            let nearer =
                state.read_replica.filter(|(node, until)| now < *until && metadata.nodes.contains_key(node));
            match nearer.map(|(node, _)| node).or_else(|| metadata.leader(partition).map(|(node, _)| node)) {
                Some(node) if self.fetching_from.contains(&node) || is_full(&node) => {}
                Some(node) => by_node.entry(node).or_default().push(partition.clone()),
                None => without_leader = true,
            }
        }
        if without_leader {
            self.want_metadata();
        }
        if let Some(at) = wake_at {
            self.wake(at);
        }
        for (node, partitions) in by_node {
            self.fetch_from(node, partitions, metadata);
        }
    }

    fn fetch_from(&mut self, node: NodeId, mut partitions: Vec<TopicPartition>, metadata: &ClusterMetadata) {
        // Answers are filled from the front: everyone gets to stand there.
        self.fetch_rounds += 1;
        let round = self.fetch_rounds;
        let front = (round % partitions.len() as u64) as usize;
        partitions.rotate_left(front);
        let mut asked = Asked::new();
        let mut names = BTreeMap::new();
        let mut wanted = Vec::new();
        for partition in partitions {
            let Some(state) = self.partitions.get_mut(&partition) else { continue };
            let Some(topic) = metadata.topics.get(&partition.topic) else { continue };
            state.is_asked = true;
            names.insert(topic.id, partition.topic.clone());
            asked.insert(partition.clone(), state.token);
            let fetch = FetchPartition {
                partition: partition.partition.0,
                current_leader_epoch: metadata.leader(&partition).map_or(-1, |(_, epoch)| epoch.0),
                fetch_offset: state.fetch_at.offset.0,
                partition_max_bytes: self.config.max_partition_fetch_bytes,
                ..FetchPartition::default()
            };
            wanted.push((partition, topic.id, fetch));
        }
        let has_ids = !names.contains_key(&Uuid::ZERO);
        let mut request = FetchRequest {
            max_wait_ms: i32::try_from(self.config.fetch_max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: self.config.fetch_min_bytes,
            max_bytes: self.config.fetch_max_bytes,
            isolation_level: self.config.isolation_level.number(),
            rack_id: self.config.client_rack.clone(),
            ..FetchRequest::default()
        };
        self.fetch_sessions.entry(node).or_default().fill(&mut request, wanted);
        let newest = if has_ids { FetchRequest::MAX_VERSION } else { LAST_VERSION_WITH_NAMES };
        self.fetching_from.insert(node);
        self.effects.push_back(Effect::Fetch { node, round, asked, names, request, newest });
    }

    pub(super) fn handle_fetched(
        &mut self,
        node: NodeId,
        round: u64,
        asked: &Asked,
        names: &BTreeMap<Uuid, TopicName>,
        answer: Result<FetchResponse, ClientError>,
        now: Instant,
    ) {
        self.fetching_from.remove(&node);
        let session = self.fetch_sessions.entry(node).or_default();
        let answer = match answer.and_then(|answer| session.answered(answer)) {
            Ok(answer) => answer,
            Err(error) => {
                session.end(&error);
                return match error.code() {
                    // The broker had no room for it any more: it is asked for everything again, at once.
                    Some(ErrorCode::FetchSessionIdNotFound | ErrorCode::InvalidFetchSessionEpoch) => {
                        for (partition, token) in asked {
                            self.answered(partition, *token);
                        }
                    }
                    _ => self.all_failed(asked, &error, now),
                };
            }
        };
        // A broker whose quota is used up tells nothing of any partition (KIP-219), and reads no request for that time.
        let is_throttled = answer.throttle_time_ms > 0 && answer.responses.is_empty();
        let tells_all = !session.is_incremental() && !is_throttled;
        let mut unanswered_yet = asked.clone();
        for topic in answer.responses {
            let name = match topic.topic_id.is_zero() {
                true => Some(TopicName::from(topic.topic)),
                false => names.get(&topic.topic_id).cloned(),
            };
            let Some(name) = name else { continue };
            for data in topic.partitions {
                let partition = TopicPartition::new(name.clone(), data.partition_index);
                let Some(token) = unanswered_yet.remove(&partition) else { continue };
                if self.answered(&partition, token).is_some() {
                    self.handle_partition(partition, node, round, data, now);
                }
            }
        }
        for (partition, token) in unanswered_yet {
            // In a session, what has not changed is not told.
            if self.answered(&partition, token).is_some() && tells_all {
                self.partition_failed(&partition, unanswered("Fetch", &partition), now);
            }
        }
    }

    fn handle_partition(
        &mut self,
        partition: TopicPartition,
        node: NodeId,
        round: u64,
        data: PartitionData,
        now: Instant,
    ) {
        let Some(state) = self.partitions.get_mut(&partition) else { return };
        let code = error_code(data.error_code);
        let was_replica = state.read_replica.is_some_and(|(replica, _)| replica == node);
        if code != ErrorCode::None && was_replica {
            tracing::debug!(%partition, %node, %code, "the leader is read again");
            state.read_replica = None;
            // It may be behind the leader: what it does not have, the leader may.
            if code == ErrorCode::OffsetOutOfRange {
                return;
            }
        }
        if data.preferred_read_replica >= 0 {
            let replica = NodeId(data.preferred_read_replica);
            tracing::debug!(%partition, %replica, "a nearer replica is read");
            state.read_replica = Some((replica, now + self.client.metadata_max_age));
        }
        if code == ErrorCode::OffsetOutOfRange && self.config.offset_reset != OffsetReset::Fail {
            let offset = state.fetch_at.offset;
            tracing::warn!(%partition, %offset, "offset does not exist, going on as auto.offset.reset says");
            state.stage = Stage::Resetting(self.config.offset_reset);
            return;
        }
        if code != ErrorCode::None {
            return self.partition_failed(&partition, topic_error(&partition.to_string(), code), now);
        }
        state.failures = 0;
        state.not_before = None;
        state.high_watermark = Some(Offset(data.high_watermark));
        let Some(Records::Bytes(batches)) = data.records.filter(|records| !records.is_empty()) else {
            return;
        };
        let from = state.fetch_at;
        let next = match next_position(&partition, from.offset, &batches) {
            Ok(Some(next)) if next.offset > from.offset => next,
            // A part of one batch: brokers of today send the first batch whole.
            Ok(_) => return,
            Err(error) => return self.partition_failed(&partition, error, now),
        };
        state.fetch_at = next;
        let token = state.token;
        let aborted = (self.config.isolation_level == IsolationLevel::ReadCommitted).then(|| {
            let aborted = data.aborted_transactions.unwrap_or_default();
            AbortedTransactions::new(
                aborted.iter().map(|one| (ProducerId(one.producer_id), Offset(one.first_offset))),
            )
        });
        let records = PartitionRecords {
            partition,
            position: from.offset,
            next_position: next.offset,
            high_watermark: Offset(data.high_watermark),
            batches,
            aborted,
            check_crcs: self.config.check_crcs,
            cut: LastCut::default(),
        };
        self.fetched.push_back(Fetched { node, round, token, next_epoch: next.epoch, records });
    }

    /// What ends the sessions that there are.
    pub(crate) fn close_fetch_sessions(&mut self) -> Vec<(NodeId, FetchRequest)> {
        let sessions = std::mem::take(&mut self.fetch_sessions).into_iter();
        sessions.filter_map(|(node, session)| Some((node, session.close()?))).collect()
    }

    /// The next records for the application; the position is behind them from now on. What a new leader has not confirmed
    /// yet is held back (KIP-320): it may be truncated.
    pub(super) fn next_records(&mut self) -> Option<PartitionRecords> {
        loop {
            let at = self.fetched.iter().position(|fetched| !self.is_held_back(fetched))?;
            let mut fetched = self.fetched.remove(at)?;
            let state = self.partitions.get_mut(fetched.partition());
            let Some(state) = state.filter(|state| state.token == fetched.token) else {
                self.has_news = true;
                continue;
            };
            let (records, epoch) = match fetched.records.part_front(self.config.max_poll_records) {
                Some(front) => {
                    self.fetched.insert(at, fetched);
                    front
                }
                None => {
                    // There may be room for the next fetch.
                    self.has_news = true;
                    (fetched.records, fetched.next_epoch)
                }
            };
            state.position = Some(Position { offset: records.next_position, epoch });
            return Some(records);
        }
    }

    fn is_held_back(&self, fetched: &Fetched) -> bool {
        let state = self.partitions.get(fetched.partition());
        state.is_some_and(|state| state.token == fetched.token && state.stage == Stage::Validating)
    }
}

#[cfg(test)]
#[path = "fetching_test.rs"]
mod tests;
