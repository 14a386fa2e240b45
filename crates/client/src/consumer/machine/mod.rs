//! What a consumer does, without a socket: calls of the application and answers of brokers in, requests out.
//!
//! Order of use: any `handle_…` or call, then [`ConsumerMachine::advance`], then [`ConsumerMachine::poll_effect`] until it
//! is empty, and again at the time that `advance` returned. Nothing here waits; what takes long is an [`Effect`], whose
//! answer comes back as an [`Event`].
//!
//! | file | rule |
//! |---|---|
//! | `subscription` | what is read: topics, a pattern, or partitions |
//! | `partitions` | where each partition stands |
//! | `positions` | how a position is found: committed, reset, validated (KIP-320) |
//! | `fetching`, `fetch_session` | which broker is asked for what, what it remembers of that, and what came back |
//! | `coordinator` | who coordinates the group |
//! | `membership`, `joining`, `leaving` | the member's life: heartbeats, rebalances, join, sync, the end |
//! | `consumer_heartbeat`, `reconciliation` | the same in the consumer protocol (KIP-848): one request, and what it brings |
//! | `commits`, `committed` | offsets committed and asked for |

mod commits;
mod committed;
mod consumer_heartbeat;
mod coordinator;
mod effect;
mod fetch_session;
mod fetching;
mod joining;
mod leaving;
mod membership;
mod partitions;
mod positions;
mod reconciliation;
mod subscription;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;
use types::{ErrorCode, NodeId, TopicName, TopicPartition};

use crate::config::ClientConfig;
use crate::consumer::{ConsumerConfig, GroupProtocol, PartitionRecords};
use crate::errand::Errand;
use crate::error::ClientError;
use crate::metadata::ClusterMetadata;
use crate::network_client::topic_error;

use commits::Commits;
use coordinator::Coordinator;
use fetch_session::FetchSession;
use fetching::Fetched;
use membership::Membership;
use partitions::PartitionState;
use subscription::Subscription;

pub use commits::OffsetAndMetadata;
pub(crate) use commits::Outcome;
pub(crate) use effect::{CoordinatorCall, Effect, Event, MetadataAnswer, MetadataWanted};
pub(crate) use membership::{Callback, CallbackKind};
pub(crate) use partitions::Position;

/// What [`ConsumerMachine::for_poll`] has for the application.
pub(crate) enum Handed {
    /// To be called, and reported as done.
    Callback(Callback),
    Records(PartitionRecords),
    Error(ClientError),
    /// Nothing yet.
    Nothing,
}

/// The time as the machine is told it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// For everything that is waited for.
    pub(crate) at: Instant,
    /// Milliseconds since 1970, for looking records up by their time.
    pub(crate) wall_ms: i64,
}

/// See the module.
pub(crate) struct ConsumerMachine {
    config: Arc<ConsumerConfig>,
    client: ClientConfig,
    subscription: Subscription,
    partitions: BTreeMap<TopicPartition, PartitionState>,
    last_token: u64,
    coordinator: Coordinator,
    membership: Membership,
    commits: Commits,
    fetched: VecDeque<Fetched>,
    /// Brokers that are asked for records now.
    fetching_from: BTreeSet<NodeId>,
    /// Requests for records so far.
    fetch_rounds: u64,
    /// What each broker remembers of what it was asked for.
    fetch_sessions: BTreeMap<NodeId, FetchSession>,
    /// What the application is to be told, with the partition that rests until then.
    errors: VecDeque<(Option<TopicPartition>, ClientError)>,
    metadata: Errand,
    metadata_wanted: bool,
    /// It was last asked for topics whose names are not known.
    asked_for_names: bool,
    /// When all topics that are read were asked about last.
    metadata_asked_at: Option<Instant>,
    /// The application waits in `poll`.
    is_polling: bool,
    last_poll: Instant,
    /// A poll changed something that the task is to look at.
    has_news: bool,
    effects: VecDeque<Effect>,
    /// Outcomes that the application has not heard of yet.
    to_be_told: Vec<Box<dyn FnOnce() + Send>>,
    /// The earliest time of this round at which something is due.
    wake_at: Option<Instant>,
}

impl ConsumerMachine {
    /// `member_id` is for the consumer protocol: an id that no other member has, for as long as the consumer lives.
    pub(crate) fn with_member_id(
        config: Arc<ConsumerConfig>,
        client: ClientConfig,
        member_id: String,
        now: Instant,
    ) -> Self {
        let commits = Commits::new(now + config.auto_commit_interval);
        Self {
            config,
            client,
            subscription: Subscription::Nothing,
            partitions: BTreeMap::new(),
            last_token: 0,
            coordinator: Coordinator::default(),
            membership: Membership::new(member_id, now),
            commits,
            fetched: VecDeque::new(),
            fetching_from: BTreeSet::new(),
            fetch_rounds: 0,
            fetch_sessions: BTreeMap::new(),
            errors: VecDeque::new(),
            metadata: Errand::default(),
            metadata_wanted: false,
            asked_for_names: false,
            metadata_asked_at: None,
            is_polling: false,
            last_poll: now,
            has_news: false,
            effects: VecDeque::new(),
            to_be_told: Vec::new(),
            wake_at: None,
        }
    }

    /// As [`Self::with_member_id`], for a classic group or none.
    #[cfg(test)]
    pub(crate) fn new(config: Arc<ConsumerConfig>, client: ClientConfig, now: Instant) -> Self {
        Self::with_member_id(config, client, String::new(), now)
    }

    /// Does what is due, and returns when to look again if nothing happens.
    pub(crate) fn advance(&mut self, now: Now, metadata: &ClusterMetadata) -> Option<Instant> {
        self.wake_at = None;
        self.advance_membership(now.at, metadata);
        self.advance_commits(now.at);
        self.advance_positions(now, metadata);
        self.advance_fetching(now.at, metadata);
        self.advance_coordinator(now.at);
        self.advance_metadata(now.at, metadata);
        self.wake_at
    }

    /// The next thing to be done outside.
    pub(crate) fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Tells the application what it waits for; to be called when nobody holds the machine, for it may be used by then.
    pub(crate) fn take_outcomes(&mut self) -> Vec<Box<dyn FnOnce() + Send>> {
        std::mem::take(&mut self.to_be_told)
    }

    /// Takes in the answer to an effect.
    pub(crate) fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::Metadata(answer) => self.handle_metadata(answer, now),
            Event::Coordinator(answer) => self.handle_coordinator(answer, now),
            Event::Joined { attempt, answer } => self.handle_joined(attempt, answer, now),
            Event::GroupTopics { attempt, answer } => self.handle_group_topics(attempt, answer, now),
            Event::Synced { attempt, answer } => self.handle_synced(attempt, answer, now),
            Event::Heartbeat { attempt, answer } => self.handle_heartbeat(attempt, answer, now),
            Event::ConsumerHeartbeat { attempt, answer } => {
                self.handle_consumer_heartbeat(attempt, answer, now);
            }
            Event::Left => self.membership.is_leaving = false,
            Event::Committed { id, answer } => self.handle_committed(id, answer, now),
            Event::CommittedOffsets { id, asked, answer } => {
                self.handle_committed_offsets(id, &asked, answer, now);
            }
            Event::Offsets { asked, answer } => self.handle_offsets(&asked, answer, now),
            Event::Epochs { asked, answer } => self.handle_epochs(&asked, answer, now),
            Event::Fetched { node, round, asked, names, answer } => {
                self.handle_fetched(node, round, &asked, &names, answer, now);
            }
        }
    }

    /// The application comes back for more: whatever it was given is processed.
    pub(crate) fn poll_began(&mut self, now: Instant) {
        self.has_news |= self.membership.is_too_slow || self.membership.rejoin.is_some();
        self.has_news |= self.membership.reconciliation.awaits_poll();
        self.is_polling = true;
        self.last_poll = now;
        self.membership.is_too_slow = false;
        self.note_processed();
        self.commit_by_itself(now);
    }

    /// The application goes away with what it got.
    pub(crate) fn poll_ended(&mut self, now: Instant) {
        self.is_polling = false;
        self.last_poll = now;
    }

    /// Whether polls since the last time changed something that the task is to look at.
    pub(crate) const fn take_news(&mut self) -> bool {
        std::mem::replace(&mut self.has_news, false)
    }

    /// What there is for the application.
    pub(crate) fn for_poll(&mut self, now: Instant) -> Handed {
        if let Some(callback) = self.membership.callbacks.front() {
            return Handed::Callback(callback.clone());
        }
        if let Some(error) = &self.membership.fatal {
            return Handed::Error(error.clone());
        }
        if let Some((partition, error)) = self.errors.pop_front() {
            self.has_news = true;
            let patience = self.client.backoff(1);
            if let Some(state) = partition.and_then(|partition| self.partitions.get_mut(&partition)) {
                state.is_held = false;
                state.not_before = Some(now + patience);
            }
            return Handed::Error(error);
        }
        if matches!(self.subscription, Subscription::Nothing) {
            return Handed::Error(ClientError::NotSubscribed);
        }
        if self.awaits_rebalance() {
            return Handed::Nothing;
        }
        self.next_records().map_or(Handed::Nothing, Handed::Records)
    }

    /// Whether a rebalance is to begin within this poll, before anything more is handed out: a busy application would put
    /// it off for ever otherwise.
    fn awaits_rebalance(&self) -> bool {
        let membership = &self.membership;
        let is_to_join = self.config.group_protocol == GroupProtocol::Classic
            && self.subscription.is_of_group()
            && membership.is_to_join();
        is_to_join || membership.reconciliation.awaits_poll()
    }

    fn wake(&mut self, at: Instant) {
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn token(&mut self) -> u64 {
        self.last_token += 1;
        self.last_token
    }

    /// Has the cluster asked again about the topics that are read.
    fn want_metadata(&mut self) {
        self.metadata_wanted = true;
    }

    fn advance_metadata(&mut self, now: Instant, metadata: &ClusterMetadata) {
        let topics = self.topics_of_interest();
        let wants_all = self.subscription.has_pattern();
        let nameless = self.membership.reconciliation.unresolved();
        if topics.is_empty() && !wants_all && nameless.is_empty() {
            return;
        }
        let age = self.client.metadata_max_age;
        let stale_at = match self.metadata_asked_at {
            _ if topics.iter().any(|topic| !metadata.topics.contains_key(topic)) => now,
            None => now,
            Some(asked_at) => asked_at + age,
        };
        if !self.metadata_wanted && stale_at > now {
            return self.wake(stale_at);
        }
        let asks_for_names = !nameless.is_empty() && (!self.asked_for_names || topics.is_empty());
        let nameless = nameless.to_vec();
        if self.metadata.begins(now) {
            self.metadata_wanted = false;
            self.asked_for_names = asks_for_names;
            if asks_for_names {
                return self.effects.push_back(Effect::Metadata(MetadataWanted::Ids(nameless)));
            }
            self.effects.push_back(Effect::Metadata(match wants_all {
                true => MetadataWanted::All,
                false => MetadataWanted::Topics(topics.into_iter().collect()),
            }));
        } else if let Some(at) = self.metadata.wake_at() {
            self.wake(at);
        }
    }

    /// Has the application told of an error, once however often it comes: it may be away for long.
    fn tell_error(&mut self, error: ClientError) {
        let told = (None, error);
        if !self.errors.contains(&told) {
            self.errors.push_back(told);
        }
    }

    fn topics_of_interest(&self) -> BTreeSet<TopicName> {
        let mut topics: BTreeSet<TopicName> =
            self.partitions.keys().map(|partition| partition.topic.clone()).collect();
        topics.extend(self.subscription.topics().cloned());
        topics.extend(self.membership.group_topics().cloned());
        topics
    }

    fn handle_metadata(&mut self, answer: Result<MetadataAnswer, ClientError>, now: Instant) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(%error, "metadata not refreshed");
                self.metadata_wanted = true;
                if !error.is_retriable() {
                    self.tell_error(error);
                }
                return self.metadata.failed(now, |failures| self.client.backoff(failures));
            }
        };
        self.metadata_asked_at = Some(now);
        if let Some(all) = &answer.all {
            self.subscription.match_pattern(all);
        }
        // A topic that is not there (yet) is asked for again, without haste.
        if answer.errors.is_empty() {
            // What is still wrong then is not asked about without end.
            self.metadata.rests(now + self.client.retry_backoff);
        } else {
            self.metadata.failed(now, |failures| self.client.backoff(failures));
        }
        for (topic, code) in answer.errors {
            if !code.is_retriable() && code != ErrorCode::UnknownTopicOrPartition {
                self.tell_error(topic_error(&topic, code));
            }
        }
    }
}
