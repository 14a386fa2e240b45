//! Offsets that the application, or the consumer by itself, commits.

use std::collections::BTreeMap;

use protocol::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use tokio::time::Instant;
use types::{ErrorCode, LeaderEpoch, Offset, TopicName, TopicPartition};

use super::ConsumerMachine;
use super::effect::CoordinatorCall;
use super::partitions::Position;
use super::subscription::Subscription;
use crate::error::{ClientError, error_code};
use crate::network_client::topic_error;

/// An offset to go on at, as a group keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetAndMetadata {
    /// Of the next record to be read.
    pub offset: Offset,
    /// Of the last record that was read; −1 where it is not known (KIP-320).
    pub leader_epoch: LeaderEpoch,
    /// The application's own words; at most `offset.metadata.max.bytes` of the brokers.
    pub metadata: String,
}

impl OffsetAndMetadata {
    /// Only the offset.
    pub const fn at(offset: Offset) -> Self {
        Self { offset, leader_epoch: LeaderEpoch::NONE, metadata: String::new() }
    }
}

/// Offsets by partition.
pub(crate) type Offsets = BTreeMap<TopicPartition, OffsetAndMetadata>;

/// Told what became of a request of the application.
pub(crate) type Outcome<T> = Box<dyn FnOnce(Result<T, ClientError>) + Send>;

pub(super) struct Commits {
    last_id: u64,
    pending: BTreeMap<u64, Commit>,
    pub(super) questions: BTreeMap<u64, Question>,
    /// When positions are committed by themselves next, and the commit that does so now.
    due: Instant,
    by_itself: Option<u64>,
}

struct Commit {
    offsets: Offsets,
    outcome: Option<Outcome<()>>,
    retry: Retry,
}

pub(super) struct Question {
    pub(super) partitions: Vec<TopicPartition>,
    pub(super) outcome: Outcome<Offsets>,
    pub(super) retry: Retry,
}

pub(super) struct Retry {
    /// `None`: it is tried once.
    until: Option<Instant>,
    failures: u32,
    not_before: Option<Instant>,
    pub(super) is_under_way: bool,
}

impl Retry {
    const fn until(until: Option<Instant>) -> Self {
        Self { until, failures: 0, not_before: None, is_under_way: false }
    }

    fn is_due(&self, now: Instant) -> bool {
        !self.is_under_way && self.not_before.is_none_or(|at| at <= now)
    }
}

impl Commits {
    pub(super) const fn new(due: Instant) -> Self {
        Self { last_id: 0, pending: BTreeMap::new(), questions: BTreeMap::new(), due, by_itself: None }
    }

    fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Positions are not committed by themselves before.
    pub(super) fn wait_until(&mut self, due: Instant) {
        self.due = due;
    }

    /// Whether that commit has no outcome yet.
    pub(super) fn is_pending(&self, id: u64) -> bool {
        self.pending.contains_key(&id)
    }
}

impl ConsumerMachine {
    /// Commits offsets; `until` says how long it is tried (`None`: once).
    pub(crate) fn commit(
        &mut self,
        offsets: Offsets,
        until: Option<Instant>,
        outcome: Option<Outcome<()>>,
    ) -> u64 {
        let id = self.commits.id();
        self.commits.pending.insert(id, Commit { offsets, outcome, retry: Retry::until(until) });
        id
    }

    /// Asks what is committed for these partitions.
    pub(crate) fn committed(
        &mut self,
        partitions: Vec<TopicPartition>,
        until: Instant,
        outcome: Outcome<Offsets>,
    ) {
        let id = self.commits.id();
        let retry = Retry::until(Some(until));
        self.commits.questions.insert(id, Question { partitions, outcome, retry });
    }

    /// The offsets behind everything that was handed out.
    pub(crate) fn positions(&self) -> Offsets {
        self.offsets_of(|state| state.position)
    }

    /// The offsets behind everything that is processed.
    pub(super) fn processed(&self) -> Offsets {
        self.offsets_of(|state| state.processed)
    }

    fn offsets_of(&self, at: impl Fn(&super::partitions::PartitionState) -> Option<Position>) -> Offsets {
        let known = self.partitions.iter().filter_map(|(partition, state)| {
            let Position { offset, epoch } = at(state)?;
            let metadata = String::new();
            Some((partition.clone(), OffsetAndMetadata { offset, leader_epoch: epoch, metadata }))
        });
        known.collect()
    }

    /// `enable.auto.commit`: what is processed, every `auto.commit.interval.ms`.
    pub(super) fn commit_by_itself(&mut self, now: Instant) {
        let is_under_way = self.commits.by_itself.is_some_and(|id| self.commits.is_pending(id));
        let may = matches!(self.subscription, Subscription::Partitions) || self.membership.is_settled();
        if !self.config.commits_by_itself() || now < self.commits.due || is_under_way || !may {
            return;
        }
        self.commits.due = now + self.config.auto_commit_interval;
        let offsets = self.processed();
        if !offsets.is_empty() {
            self.has_news = true;
            self.commits.by_itself = Some(self.commit(offsets, None, None));
        }
    }

    pub(super) fn advance_commits(&mut self, now: Instant) {
        let due: Vec<u64> = self
            .commits
            .pending
            .iter()
            .filter(|(_, each)| each.retry.is_due(now))
            .map(|(id, _)| *id)
            .collect();
        let asked: Vec<u64> = self
            .commits
            .questions
            .iter()
            .filter(|(_, each)| each.retry.is_due(now))
            .map(|(id, _)| *id)
            .collect();
        if (!due.is_empty() || !asked.is_empty()) && self.has_coordinator() {
            for id in due {
                self.send_commit(id);
            }
            for id in asked {
                self.send_question(id);
            }
        }
        let retries = self.commits.pending.values().map(|each| &each.retry);
        let retries = retries.chain(self.commits.questions.values().map(|each| &each.retry));
        let waiting = retries.filter(|retry| !retry.is_under_way);
        let times = waiting.flat_map(|retry| [retry.not_before.filter(|at| *at > now), retry.until]);
        if let Some(at) = times.flatten().min() {
            self.wake(at.max(now));
        }
        self.expire_commits(now);
    }

    /// Ends what was tried for too long, such as without a coordinator.
    fn expire_commits(&mut self, now: Instant) {
        let after = self.config.default_api_timeout;
        let is_over = |retry: &Retry| !retry.is_under_way && retry.until.is_some_and(|until| until <= now);
        for (_, commit) in self.commits.pending.extract_if(.., |_, each| is_over(&each.retry)) {
            if let Some(outcome) = commit.outcome {
                let error = ClientError::CallTimeout { what: "a commit", after };
                self.to_be_told.push(Box::new(move || outcome(Err(error))));
            }
        }
        for (_, question) in self.commits.questions.extract_if(.., |_, each| is_over(&each.retry)) {
            let error = ClientError::CallTimeout { what: "asking for committed offsets", after };
            self.to_be_told.push(Box::new(move || (question.outcome)(Err(error))));
        }
    }

    fn send_commit(&mut self, id: u64) {
        let is_member = self.subscription.is_of_group();
        let Some(commit) = self.commits.pending.get_mut(&id) else { return };
        if is_member && !self.membership.has_generation() {
            return self.commit_ends(id, Err(ClientError::CommitFailed { code: ErrorCode::UnknownMemberId }));
        }
        commit.retry.is_under_way = true;
        let mut topics: BTreeMap<TopicName, OffsetCommitRequestTopic> = BTreeMap::new();
        for (partition, offset) in &commit.offsets {
            let topic = topics.entry(partition.topic.clone()).or_default();
            topic.name = partition.topic.to_string();
            topic.partitions.push(OffsetCommitRequestPartition {
                partition_index: partition.partition.0,
                committed_offset: offset.offset.0,
                committed_leader_epoch: offset.leader_epoch.0,
                committed_metadata: Some(offset.metadata.clone()),
                ..OffsetCommitRequestPartition::default()
            });
        }
        let mut request = OffsetCommitRequest {
            group_id: self.config.group_id.clone().unwrap_or_default(),
            topics: topics.into_values().collect(),
            ..OffsetCommitRequest::default()
        };
        if is_member {
            request.member_id = self.membership.member_id.clone();
            request.generation_id_or_member_epoch = self.membership.generation;
            request.group_instance_id = self.config.group_instance_id.clone();
        }
        self.call_coordinator(CoordinatorCall::Commit { id, request });
    }

    pub(super) fn handle_committed(
        &mut self,
        id: u64,
        answer: Result<OffsetCommitResponse, ClientError>,
        now: Instant,
    ) {
        let mut error = None;
        match answer {
            Err(failed) => error = Some(failed),
            Ok(answer) => {
                for topic in answer.topics {
                    for each in topic.partitions {
                        let code = error_code(each.error_code);
                        if code != ErrorCode::None {
                            let subject = format!("{}-{}", topic.name, each.partition_index);
                            error.get_or_insert(topic_error(&subject, code));
                        }
                    }
                }
            }
        }
        let Some(error) = error else {
            self.tell_interceptors(id);
            return self.commit_ends(id, Ok(()));
        };
        if error.code() == Some(ErrorCode::UnknownTopicId) {
            self.want_metadata();
        }
        let error = self.group_error(error, now);
        let is_over = matches!(error, ClientError::CommitFailed { .. });
        if is_over || !error.is_retriable() || !self.retries(id, now) {
            self.commit_ends(id, Err(error));
        }
    }

    fn tell_interceptors(&mut self, id: u64) {
        let Some(commit) = self.commits.pending.get(&id) else { return };
        let interceptors = self.config.interceptors.clone();
        if !interceptors.is_empty() {
            let offsets = commit.offsets.clone();
            self.to_be_told.push(Box::new(move || {
                interceptors.iter().for_each(|interceptor| interceptor.on_commit(&offsets));
            }));
        }
    }

    /// Has a commit or question tried again later; false where its time is over.
    pub(super) fn retries(&mut self, id: u64, now: Instant) -> bool {
        let commit = self.commits.pending.get_mut(&id).map(|each| &mut each.retry);
        let retry = commit.or_else(|| self.commits.questions.get_mut(&id).map(|each| &mut each.retry));
        let Some(retry) = retry else { return false };
        retry.failures += 1;
        let not_before = now + self.client.backoff(retry.failures);
        if retry.until.is_none_or(|until| until <= not_before) {
            return false;
        }
        retry.is_under_way = false;
        retry.not_before = Some(not_before);
        true
    }

    fn commit_ends(&mut self, id: u64, outcome: Result<(), ClientError>) {
        let Some(commit) = self.commits.pending.remove(&id) else { return };
        match (commit.outcome, &outcome) {
            (Some(told), _) => self.to_be_told.push(Box::new(move || told(outcome))),
            (None, Err(error)) => tracing::warn!(%error, "positions were not committed"),
            (None, Ok(())) => {}
        }
    }

    /// Ends everything that needs a coordinator: there is none for this group.
    pub(super) fn fail_commits(&mut self, error: &ClientError) {
        for id in self.commits.pending.keys().copied().collect::<Vec<_>>() {
            self.commit_ends(id, Err(error.clone()));
        }
        for (_, question) in std::mem::take(&mut self.commits.questions) {
            let error = error.clone();
            self.to_be_told.push(Box::new(move || (question.outcome)(Err(error))));
        }
    }
}
