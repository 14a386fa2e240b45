//! What the group committed: where partitions without a position go on, and what the application asks for.

use std::collections::BTreeMap;

use protocol::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use protocol::messages::offset_fetch_response::OffsetFetchResponse;
use tokio::time::Instant;
use types::{ErrorCode, LeaderEpoch, Offset, TopicName, TopicPartition};

use super::ConsumerMachine;
use super::commits::{OffsetAndMetadata, Offsets};
use super::effect::{Asked, CoordinatorCall};
use super::partitions::{PartitionState, Position, Stage};
use crate::consumer::GroupProtocol;
use crate::error::{ClientError, error_code};
use crate::network_client::topic_error;

impl ConsumerMachine {
    /// Asks where the group stopped reading, for partitions without a position.
    pub(super) fn ask_committed(&mut self, now: Instant) {
        let wanted = |state: &PartitionState| state.stage == Stage::Uncommitted && !state.is_revoking;
        if self.config.group_id.is_none() || !self.partitions.values().any(wanted) || !self.has_coordinator()
        {
            return;
        }
        let mut asked = Asked::new();
        let mut wake_at: Option<Instant> = None;
        for (partition, state) in self.partitions.iter_mut().filter(|(_, state)| wanted(state)) {
            if state.may_ask(now) {
                state.is_asked = true;
                asked.insert(partition.clone(), state.token);
            } else if let Some(at) = state.not_before.filter(|at| *at > now) {
                wake_at = Some(wake_at.map_or(at, |earlier| earlier.min(at)));
            }
        }
        if let Some(at) = wake_at {
            self.wake(at);
        }
        if !asked.is_empty() {
            let request = self.offset_fetch(asked.keys());
            self.call_coordinator(CoordinatorCall::CommittedOffsets { id: None, asked, request });
        }
    }

    pub(super) fn send_question(&mut self, id: u64) {
        let Some(question) = self.commits.questions.get_mut(&id) else { return };
        question.retry.is_under_way = true;
        let partitions = question.partitions.clone();
        let request = self.offset_fetch(partitions.iter());
        self.call_coordinator(CoordinatorCall::CommittedOffsets {
            id: Some(id),
            asked: Asked::new(),
            request,
        });
    }

    fn offset_fetch<'a>(&self, partitions: impl Iterator<Item = &'a TopicPartition>) -> OffsetFetchRequest {
        let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
        for partition in partitions {
            topics.entry(&partition.topic).or_default().push(partition.partition.0);
        }
        let group_id = self.config.group_id.clone().unwrap_or_default();
        let of_group = topics.iter().map(|(name, indexes)| OffsetFetchRequestTopics {
            name: name.to_string(),
            partition_indexes: indexes.clone(),
            ..OffsetFetchRequestTopics::default()
        });
        let is_member = self.config.group_protocol == GroupProtocol::Consumer
            && self.subscription.is_of_group()
            && self.membership.has_generation();
        let (member_epoch, member_id) = self.membership_now();
        let group = OffsetFetchRequestGroup {
            group_id: group_id.clone(),
            member_id: is_member.then_some(member_id),
            member_epoch: if is_member { member_epoch } else { -1 },
            topics: Some(of_group.collect()),
            ..OffsetFetchRequestGroup::default()
        };
        // Brokers before version 8 are told of one group in fields of their own.
        let before = topics.iter().map(|(name, indexes)| OffsetFetchRequestTopic {
            name: name.to_string(),
            partition_indexes: indexes.clone(),
            ..OffsetFetchRequestTopic::default()
        });
        OffsetFetchRequest {
            group_id,
            topics: Some(before.collect()),
            groups: vec![group],
            // What a transaction is about to commit is waited for: the group may go on behind it (KIP-447).
            require_stable: true,
            ..OffsetFetchRequest::default()
        }
    }

    pub(super) fn handle_committed_offsets(
        &mut self,
        id: Option<u64>,
        asked: &Asked,
        answer: Result<OffsetFetchResponse, ClientError>,
        now: Instant,
    ) {
        let found = answer.and_then(offsets_of_answer).map_err(|error| self.group_error(error, now));
        match (id, found) {
            (Some(id), Err(error)) if error.is_retriable() && self.retries(id, now) => {}
            (Some(id), found) => {
                if let Some(question) = self.commits.questions.remove(&id) {
                    self.to_be_told.push(Box::new(move || (question.outcome)(found)));
                }
            }
            (None, Err(error @ ClientError::CommitFailed { .. })) => {
                // The member is about to lose them.
                tracing::debug!(%error, "committed offsets are asked for again");
                let not_before = Some(now + self.client.backoff(1));
                for (partition, token) in asked {
                    if let Some(state) = self.answered(partition, *token) {
                        state.not_before = not_before;
                    }
                }
            }
            (None, Err(error)) => self.all_failed(asked, &error, now),
            (None, Ok(found)) => {
                let policy = self.config.offset_reset;
                for (partition, token) in asked {
                    let Some(state) = self.answered(partition, *token) else { continue };
                    state.failures = 0;
                    match found.get(partition) {
                        Some(committed) => state
                            .start_at(Position { offset: committed.offset, epoch: committed.leader_epoch }),
                        None => state.stage = Stage::Resetting(policy),
                    }
                }
            }
        }
    }
}

/// What is committed; partitions without are left out.
fn offsets_of_answer(answer: OffsetFetchResponse) -> Result<Offsets, ClientError> {
    let failed = |code: i16| match error_code(code) {
        ErrorCode::None => Ok(()),
        code => Err(ClientError::Server { api: "OffsetFetch", code }),
    };
    let mut offsets = Offsets::new();
    let mut take = |topic: &str, index: i32, offset: i64, epoch: i32, metadata: Option<String>, code: i16| {
        let partition = TopicPartition::new(topic, index);
        match error_code(code) {
            // A topic that is not there has nothing committed.
            ErrorCode::None | ErrorCode::UnknownTopicOrPartition => {}
            code => return Err(topic_error(&partition.to_string(), code)),
        }
        if offset >= 0 {
            let (offset, leader_epoch) = (Offset(offset), LeaderEpoch(epoch));
            let metadata = metadata.unwrap_or_default();
            offsets.insert(partition, OffsetAndMetadata { offset, leader_epoch, metadata });
        }
        Ok(())
    };
    failed(answer.error_code)?;
    for topic in answer.topics {
        for each in topic.partitions {
            let (offset, epoch) = (each.committed_offset, each.committed_leader_epoch);
            take(&topic.name, each.partition_index, offset, epoch, each.metadata, each.error_code)?;
        }
    }
    for group in answer.groups {
        failed(group.error_code)?;
        for topic in group.topics {
            for each in topic.partitions {
                let (offset, epoch) = (each.committed_offset, each.committed_leader_epoch);
                take(&topic.name, each.partition_index, offset, epoch, each.metadata, each.error_code)?;
            }
        }
    }
    Ok(offsets)
}
