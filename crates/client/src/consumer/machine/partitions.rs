//! Where each partition of a consumer stands.

use tokio::time::Instant;
use types::{LeaderEpoch, NodeId, Offset, TopicPartition, Uuid};

use super::ConsumerMachine;
use crate::consumer::OffsetReset;
use crate::error::ClientError;

/// An offset to read from, and the leader epoch of the record before it where that is known (KIP-320).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) offset: Offset,
    pub(crate) epoch: LeaderEpoch,
}

impl Position {
    pub(crate) const fn at(offset: Offset) -> Self {
        Self { offset, epoch: LeaderEpoch::NONE }
    }
}

/// What a partition needs before it is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The group is to be asked where to go on.
    Uncommitted,
    /// The leader is to be asked for an offset.
    Resetting(OffsetReset),
    /// There is another leader: does its log have what was read?
    Validating,
    Ready,
}

#[derive(Clone, Debug)]
pub(super) struct PartitionState {
    /// Changes whenever answers that are under way are of no use any more.
    pub(super) token: u64,
    pub(super) stage: Stage,
    /// The offset behind what the application was given.
    pub(super) position: Option<Position>,
    /// Where the next fetch goes: ahead of `position` by what is buffered.
    pub(super) fetch_at: Position,
    /// The offset behind what the application has processed.
    pub(super) processed: Option<Position>,
    /// A request is under way for it.
    pub(super) is_asked: bool,
    pub(super) failures: u32,
    pub(super) not_before: Option<Instant>,
    pub(super) is_paused: bool,
    /// It is about to be given up: nothing of it is handed out any more.
    pub(super) is_revoking: bool,
    /// The application has to be told of an error first.
    pub(super) is_held: bool,
    /// Of the leader that it was validated against.
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) high_watermark: Option<Offset>,
    /// The replica to be read instead of the leader, and until when (KIP-392).
    pub(super) read_replica: Option<(NodeId, Instant)>,
    /// The topic's id when it was last read; another one is another topic of the same name.
    pub(super) topic_id: Uuid,
}

impl PartitionState {
    pub(super) const fn new(token: u64, stage: Stage) -> Self {
        Self {
            token,
            stage,
            position: None,
            fetch_at: Position::at(Offset(0)),
            processed: None,
            is_asked: false,
            failures: 0,
            not_before: None,
            is_paused: false,
            is_revoking: false,
            is_held: false,
            leader_epoch: LeaderEpoch::NONE,
            high_watermark: None,
            read_replica: None,
            topic_id: Uuid::ZERO,
        }
    }

    /// Whether something may be asked for it now.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        !self.is_asked && !self.is_held && self.not_before.is_none_or(|at| at <= now)
    }

    /// Is read from here on.
    pub(super) fn start_at(&mut self, position: Position) {
        self.position = Some(position);
        self.fetch_at = position;
        self.stage = Stage::Ready;
    }
}

impl ConsumerMachine {
    /// The state that an answer is about, unless it changed since the question.
    pub(super) fn answered(&mut self, partition: &TopicPartition, token: u64) -> Option<&mut PartitionState> {
        let state = self.partitions.get_mut(partition).filter(|state| state.token == token)?;
        state.is_asked = false;
        Some(state)
    }

    /// What heals is tried again later, after a look at who leads; of the rest the application is told.
    pub(super) fn partition_failed(&mut self, partition: &TopicPartition, error: ClientError, now: Instant) {
        let Some(state) = self.partitions.get_mut(partition) else { return };
        if error.is_retriable() {
            tracing::debug!(%partition, %error, "is tried again");
            state.failures += 1;
            state.not_before = Some(now + self.client.backoff(state.failures));
            self.want_metadata();
        } else {
            state.is_held = true;
            self.errors.push_back((Some(partition.clone()), error));
        }
    }

    /// Partitions that are owned or assigned.
    pub(crate) fn assignment(&self) -> Vec<TopicPartition> {
        self.partitions.keys().cloned().collect()
    }

    /// Adds partitions that are not there yet, and removes those that are not named.
    pub(super) fn set_partitions(&mut self, wanted: &[TopicPartition]) {
        self.partitions.retain(|partition, _| wanted.contains(partition));
        self.fetched.retain(|fetched| self.partitions.contains_key(fetched.partition()));
        for partition in wanted {
            if !self.partitions.contains_key(partition) {
                let token = self.token();
                self.partitions.insert(partition.clone(), PartitionState::new(token, Stage::Uncommitted));
            }
        }
    }

    pub(super) fn remove_partitions(&mut self, gone: &[TopicPartition]) {
        self.partitions.retain(|partition, _| !gone.contains(partition));
        self.fetched.retain(|fetched| !gone.contains(fetched.partition()));
    }

    /// Nothing more of these is handed out.
    pub(super) fn mark_revoking(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            if let Some(state) = self.partitions.get_mut(partition) {
                state.is_revoking = true;
            }
            self.forget_fetched(partition);
        }
    }

    /// Throws away what was fetched but not handed out; it is fetched again.
    pub(super) fn forget_fetched(&mut self, partition: &TopicPartition) {
        self.fetched.retain(|fetched| fetched.partition() != partition);
        let token = self.token();
        if let Some(state) = self.partitions.get_mut(partition) {
            state.token = token;
            state.is_asked = false;
            if let Some(position) = state.position {
                state.fetch_at = position;
            }
        }
    }

    /// Everything that was handed out is processed.
    pub(super) fn note_processed(&mut self) {
        for state in self.partitions.values_mut() {
            state.processed = state.position;
        }
    }

    fn owned_mut(&mut self, partition: &TopicPartition) -> Result<&mut PartitionState, ClientError> {
        let unowned = || ClientError::NotAssigned { partition: partition.to_string() };
        self.partitions.get_mut(partition).ok_or_else(unowned)
    }

    /// Goes on at `position`, whatever was there before.
    pub(crate) fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<(), ClientError> {
        self.owned_mut(partition)?;
        self.forget_fetched(partition);
        let state = self.owned_mut(partition)?;
        state.start_at(position);
        state.not_before = None;
        state.leader_epoch = LeaderEpoch::NONE;
        Ok(())
    }

    /// Goes on where `to` says, as the leader knows it.
    pub(crate) fn seek_to(&mut self, partition: &TopicPartition, to: OffsetReset) -> Result<(), ClientError> {
        self.owned_mut(partition)?;
        self.forget_fetched(partition);
        let state = self.owned_mut(partition)?;
        state.position = None;
        state.stage = Stage::Resetting(to);
        state.not_before = None;
        Ok(())
    }

    pub(crate) fn pause(&mut self, partition: &TopicPartition) -> Result<(), ClientError> {
        self.owned_mut(partition)?.is_paused = true;
        // What is buffered would keep others from being fetched.
        self.forget_fetched(partition);
        Ok(())
    }

    pub(crate) fn resume(&mut self, partition: &TopicPartition) -> Result<(), ClientError> {
        self.owned_mut(partition)?.is_paused = false;
        Ok(())
    }

    pub(crate) fn paused(&self) -> Vec<TopicPartition> {
        let paused = self.partitions.iter().filter(|(_, state)| state.is_paused);
        paused.map(|(partition, _)| partition.clone()).collect()
    }

    /// The position, `None` while it is being found.
    pub(crate) fn position(&self, partition: &TopicPartition) -> Result<Option<Position>, ClientError> {
        let unowned = || ClientError::NotAssigned { partition: partition.to_string() };
        Ok(self.partitions.get(partition).ok_or_else(unowned)?.position)
    }

    /// The first offset that is not replicated to all in-sync replicas, as of the last answer.
    pub(crate) fn high_watermark(&self, partition: &TopicPartition) -> Option<Offset> {
        self.partitions.get(partition)?.high_watermark
    }
}
