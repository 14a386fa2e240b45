//! What is asked of the coordinators, and when: it follows from the state.

use std::collections::BTreeMap;

use protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use protocol::messages::add_partitions_to_txn_request::{AddPartitionsToTxnRequest, AddPartitionsToTxnTopic};
use protocol::messages::end_txn_request::EndTxnRequest;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use tokio::time::Instant;
use types::{ProducerEpoch, ProducerId, TopicName, TopicPartition};

use super::{PendingOffsets, State, TransactionCall, TransactionMachine};
use crate::find_coordinator::{self, Coordinated};

/// Newest versions where the epoch does not rise with every transaction: later ones say that it does.
const END_TXN_BEFORE_VERSION_2: i16 = 4;
const TXN_OFFSET_COMMIT_BEFORE_VERSION_2: i16 = 4;

impl TransactionMachine {
    /// The next call, if one is due; its answer is to be handed to [`Self::handle`]. A transaction is not ended while records
    /// of it are under way.
    pub(in crate::producer) fn next_call(
        &mut self,
        now: Instant,
        records_are_under_way: bool,
    ) -> Option<TransactionCall> {
        self.wake_at = None;
        let is_ending = matches!(self.state, State::CommittingTransaction | State::AbortingTransaction);
        let has_more = !(self.new_partitions.is_empty() && self.adding.is_empty() && self.offsets.is_empty());
        let is_due = match self.state {
            State::Initializing => true,
            State::InTransaction => has_more,
            _ => is_ending && (has_more || !records_are_under_way),
        };
        if !is_due || self.call.is_under_way() {
            return None;
        }
        if is_ending && !has_more && !self.has_begun {
            // Nobody was told that it began.
            self.ended();
            return None;
        }
        if !self.call.begins(now) {
            self.wake_at = self.call.wake_at();
            return None;
        }
        let Some(coordinator) = self.coordinator.clone() else {
            let of = Coordinated::TransactionalId(&self.transactional_id);
            return Some(TransactionCall::FindCoordinator(find_coordinator::request(of)));
        };
        if self.state == State::Initializing {
            return Some(TransactionCall::InitProducerId(coordinator, self.init_producer_id()));
        }
        self.adding.append(&mut self.new_partitions);
        if !self.adding.is_empty() {
            return Some(TransactionCall::AddPartitions(coordinator, self.add_partitions()));
        }
        if let Some(first) = self.offsets.front_mut() {
            first.is_asked = true;
        }
        match self.offsets.front() {
            Some(first) if !first.is_added => {
                Some(TransactionCall::AddOffsets(coordinator, self.add_offsets_to_txn(first)))
            }
            Some(first) => Some(self.txn_offset_commit(first)),
            None => {
                let newest =
                    if self.is_version_2 { EndTxnRequest::MAX_VERSION } else { END_TXN_BEFORE_VERSION_2 };
                Some(TransactionCall::EndTxn(coordinator, self.end_txn(), newest))
            }
        }
    }

    /// When the call is due for which the last [`Self::next_call`] was too early.
    pub(in crate::producer) const fn wake_at(&self) -> Option<Instant> {
        self.wake_at
    }

    fn ids(&self) -> (i64, i16) {
        let (id, epoch) = self.producer.unwrap_or((ProducerId::NONE, ProducerEpoch::NONE));
        (id.0, epoch.0)
    }

    /// At first, or for the next epoch of the same producer id (KIP-360).
    fn init_producer_id(&self) -> InitProducerIdRequest {
        let (producer_id, producer_epoch) = self.ids();
        InitProducerIdRequest {
            transactional_id: Some(self.transactional_id.clone()),
            transaction_timeout_ms: i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX),
            producer_id,
            producer_epoch,
            ..InitProducerIdRequest::default()
        }
    }

    fn add_partitions(&self) -> AddPartitionsToTxnRequest {
        let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
        for TopicPartition { topic, partition } in &self.adding {
            topics.entry(topic).or_default().push(partition.0);
        }
        let topics = topics.into_iter().map(|(name, partitions)| AddPartitionsToTxnTopic {
            name: name.to_string(),
            partitions,
            ..AddPartitionsToTxnTopic::default()
        });
        let (producer_id, producer_epoch) = self.ids();
        AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.transactional_id.clone(),
            v3_and_below_producer_id: producer_id,
            v3_and_below_producer_epoch: producer_epoch,
            v3_and_below_topics: topics.collect(),
            ..AddPartitionsToTxnRequest::default()
        }
    }

    fn add_offsets_to_txn(&self, pending: &PendingOffsets) -> AddOffsetsToTxnRequest {
        let (producer_id, producer_epoch) = self.ids();
        AddOffsetsToTxnRequest {
            transactional_id: self.transactional_id.clone(),
            producer_id,
            producer_epoch,
            group_id: pending.group.group_id.clone(),
            ..AddOffsetsToTxnRequest::default()
        }
    }

    /// With who consumed them, so that nobody commits for partitions that are somebody else's by now (KIP-447).
    fn txn_offset_commit(&self, pending: &PendingOffsets) -> TransactionCall {
        let group = &pending.group;
        let coordinator = self.group_coordinator.as_ref().filter(|(of, _)| *of == group.group_id);
        let Some((_, coordinator)) = coordinator else {
            let of = Coordinated::Group(&group.group_id);
            return TransactionCall::FindGroupCoordinator(find_coordinator::request(of));
        };
        let mut topics: BTreeMap<&TopicName, Vec<TxnOffsetCommitRequestPartition>> = BTreeMap::new();
        for (partition, offset) in &pending.offsets {
            topics.entry(&partition.topic).or_default().push(TxnOffsetCommitRequestPartition {
                partition_index: partition.partition.0,
                committed_offset: offset.offset.0,
                committed_leader_epoch: offset.leader_epoch.0,
                committed_metadata: Some(offset.metadata.clone()),
                ..TxnOffsetCommitRequestPartition::default()
            });
        }
        let topics = topics.into_iter().map(|(name, partitions)| TxnOffsetCommitRequestTopic {
            name: name.to_string(),
            partitions,
            ..TxnOffsetCommitRequestTopic::default()
        });
        let (producer_id, producer_epoch) = self.ids();
        let request = TxnOffsetCommitRequest {
            transactional_id: self.transactional_id.clone(),
            group_id: group.group_id.clone(),
            producer_id,
            producer_epoch,
            generation_id: group.generation_id,
            member_id: group.member_id.clone(),
            group_instance_id: group.group_instance_id.clone(),
            topics: topics.collect(),
            ..TxnOffsetCommitRequest::default()
        };
        let newest = match self.is_version_2 {
            true => TxnOffsetCommitRequest::MAX_VERSION,
            false => TXN_OFFSET_COMMIT_BEFORE_VERSION_2,
        };
        TransactionCall::CommitOffsets(coordinator.clone(), request, newest)
    }

    fn end_txn(&self) -> EndTxnRequest {
        let (producer_id, producer_epoch) = self.ids();
        EndTxnRequest {
            transactional_id: self.transactional_id.clone(),
            producer_id,
            producer_epoch,
            committed: self.state == State::CommittingTransaction,
            ..EndTxnRequest::default()
        }
    }
}
