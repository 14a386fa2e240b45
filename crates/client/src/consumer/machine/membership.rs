//! A member of a group: what its life has in common in both protocols; and of a classic group between its joins: heartbeats,
//! reasons to join again, what is given up and when.

use std::collections::{BTreeSet, VecDeque};

use protocol::messages::heartbeat_request::HeartbeatRequest;
use protocol::messages::heartbeat_response::HeartbeatResponse;
use tokio::time::Instant;
use types::{ErrorCode, TopicName, TopicPartition};

use super::ConsumerMachine;
use super::effect::CoordinatorCall;
use super::joining::Joined;
use super::reconciliation::Reconciliation;
use crate::consumer::GroupProtocol;
use crate::consumer::assignor::{Members, Offered, OfferedTopic, StickyMemory};
use crate::errand::Errand;
use crate::error::{ClientError, error_code};
use crate::metadata::ClusterMetadata;

/// A generation that is none.
const NO_GENERATION: i32 = -1;

/// What the application is to be told of its partitions, and when it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackKind {
    /// They are its own from now on.
    Assigned,
    /// They are its own until the callback ends.
    Revoked,
    /// Somebody else may have them already.
    Lost,
}

/// A call of the application's rebalance listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) kind: CallbackKind,
    pub(crate) partitions: Vec<TopicPartition>,
}

/// Where a member stands.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// Nothing is under way: a member in peace, one that is to join again, or none.
    Settled,
    /// What is processed is committed before it is given up.
    Committing {
        id: u64,
        until: Instant,
    },
    /// The application gives partitions up.
    Revoking,
    /// Ready to ask for a place.
    Prepared,
    Joining,
    /// The leader looks at the group's topics.
    Assigning {
        joined: Joined,
        members: Members,
    },
    Syncing,
    /// The application gives up what it has no more, then takes what it got.
    Taking {
        assigned: Vec<TopicPartition>,
    },
    /// The application unsubscribes or closes.
    Leaving,
}

/// What the leader shared out, to see when that changes.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupTopics {
    pub(super) topics: BTreeSet<TopicName>,
    pub(super) offered: Offered,
}

pub(super) struct Membership {
    /// The id that it made itself, for the consumer protocol; empty for a classic group.
    pub(super) own_id: String,
    pub(super) member_id: String,
    /// Of the consumer protocol the member's epoch.
    pub(super) generation: i32,
    /// Of the consumer protocol.
    pub(super) reconciliation: Reconciliation,
    pub(super) stage: Stage,
    /// Why the member is to join (again).
    pub(super) rejoin: Option<String>,
    /// Counts joins; answers to older ones are ignored.
    pub(super) attempt: u64,
    pub(super) join: Errand,
    /// What it said it subscribes to.
    pub(super) joined_topics: BTreeSet<TopicName>,
    /// Of a leader.
    pub(super) led: Option<GroupTopics>,
    pub(super) memory: Option<StickyMemory>,
    /// When the last heartbeat was sent.
    pub(super) beat_at: Instant,
    pub(super) is_beating: bool,
    /// When the coordinator last said that all is well.
    pub(super) heard_at: Instant,
    pub(super) callbacks: VecDeque<Callback>,
    /// The member is out for good.
    pub(super) fatal: Option<ClientError>,
    /// It left since the application did not poll.
    pub(super) is_too_slow: bool,
    pub(super) is_leaving: bool,
}

impl Membership {
    pub(super) fn new(own_id: String, now: Instant) -> Self {
        Self {
            member_id: own_id.clone(),
            own_id,
            generation: NO_GENERATION,
            reconciliation: Reconciliation::default(),
            stage: Stage::Settled,
            rejoin: None,
            attempt: 0,
            join: Errand::default(),
            joined_topics: BTreeSet::new(),
            led: None,
            memory: None,
            beat_at: now,
            is_beating: false,
            heard_at: now,
            callbacks: VecDeque::new(),
            fatal: None,
            is_too_slow: false,
            is_leaving: false,
        }
    }

    /// Of the same consumer, out of its group.
    pub(super) fn anew(&self, now: Instant) -> Self {
        Self::new(self.own_id.clone(), now)
    }

    pub(super) const fn has_generation(&self) -> bool {
        self.generation != NO_GENERATION
    }

    /// Whether it is in the group and nothing is about to change.
    pub(super) const fn is_settled(&self) -> bool {
        matches!(self.stage, Stage::Settled) && self.rejoin.is_none() && self.has_generation()
    }

    /// Whether it is to join (again), and has not begun to.
    pub(super) const fn is_to_join(&self) -> bool {
        matches!(self.stage, Stage::Settled) && self.rejoin.is_some()
    }

    /// The topics of all members, where it leads them.
    pub(super) fn group_topics(&self) -> impl Iterator<Item = &TopicName> {
        self.led.iter().flat_map(|led| &led.topics)
    }

    pub(super) fn coordinator_found(&mut self, now: Instant) {
        // The new coordinator gives the member a session from now on.
        self.heard_at = now;
        // Whoever had the last heartbeat may never answer it.
        self.is_beating = false;
    }

    pub(super) fn want_rejoin(&mut self, why: impl Into<String>) {
        if self.rejoin.is_none() {
            let why = why.into();
            tracing::info!(%why, "the group rebalances");
            self.rejoin = Some(why);
        }
    }

    /// The coordinator does not know the member (any more).
    pub(super) fn forget_generation(&mut self, why: &str) {
        self.generation = NO_GENERATION;
        self.member_id.clone_from(&self.own_id);
        self.reconciliation.forget();
        self.is_beating = false;
        self.attempt += 1;
        if matches!(self.stage, Stage::Assigning { .. } | Stage::Syncing | Stage::Taking { .. }) {
            self.stage = Stage::Settled;
        }
        self.want_rejoin(why);
    }
}

impl ConsumerMachine {
    /// The generation and the member's id; −1 and nothing for who is no member.
    pub(crate) fn membership_now(&self) -> (i32, String) {
        match self.membership.has_generation() {
            true => (self.membership.generation, self.membership.member_id.clone()),
            false => (NO_GENERATION, String::new()),
        }
    }

    pub(super) fn advance_membership(&mut self, now: Instant, metadata: &ClusterMetadata) {
        if !self.subscription.is_of_group() || self.membership.fatal.is_some() {
            return;
        }
        if self.config.group_protocol == GroupProtocol::Consumer {
            return self.advance_consumer_membership(now, metadata);
        }
        self.watch_polls(now);
        if matches!(self.membership.stage, Stage::Settled) {
            self.watch_topics(metadata);
            if self.membership.rejoin.is_some() && self.is_polling && !self.membership.is_too_slow {
                self.prepare_join(now);
            }
        }
        if let Stage::Committing { id, until } = self.membership.stage {
            if self.commits.is_pending(id) && now < until {
                self.wake(until);
            } else {
                self.begin_revoking();
            }
        }
        if matches!(self.membership.stage, Stage::Revoking) && self.membership.callbacks.is_empty() {
            self.membership.stage = Stage::Prepared;
        }
        if let Stage::Taking { assigned } = &self.membership.stage
            && self.membership.callbacks.is_empty()
        {
            let assigned = assigned.clone();
            self.take(assigned, now);
        }
        if matches!(self.membership.stage, Stage::Prepared) {
            self.send_join(now);
        }
        self.beat(now);
    }

    /// `max.poll.interval.ms`: who does not come back for more gives its place up.
    pub(super) fn watch_polls(&mut self, now: Instant) {
        let until = self.last_poll + self.config.max_poll_interval;
        if !self.membership.has_generation() {
            return;
        }
        if self.is_polling {
            // The end of the poll is not told: it may be now, and no earlier.
            return self.wake(now + self.config.max_poll_interval);
        }
        if now < until {
            return self.wake(until);
        }
        tracing::warn!("left the group: no poll within max.poll.interval.ms");
        self.membership.is_too_slow = true;
        self.send_leave("the application did not poll within max.poll.interval.ms");
        self.membership.forget_generation("left, since the application did not poll");
        self.membership.stage = Stage::Settled;
    }

    /// Joins again where what is read changed: the subscription, or partitions of the topics that it leads, and with
    /// `client.rack` the racks of their replicas (KIP-881).
    fn watch_topics(&mut self, metadata: &ClusterMetadata) {
        let topics: BTreeSet<TopicName> = self.subscription.topics().cloned().collect();
        let membership = &mut self.membership;
        if self.subscription.has_pattern() && self.metadata_asked_at.is_none() {
            return;
        }
        if !membership.has_generation() {
            return membership.want_rejoin("not in the group yet");
        }
        if topics != membership.joined_topics {
            return membership.want_rejoin("the subscription changed");
        }
        let has_rack = self.config.rack().is_some();
        let changed = membership.led.as_ref().and_then(|led| {
            led.topics.iter().find(|topic| {
                let seen = |offered: &OfferedTopic| {
                    let racks = if has_rack { offered.racks.clone() } else { Vec::new() };
                    OfferedTopic { racks, ..*offered }
                };
                let now = metadata.topics.get(*topic).map(|topic| seen(&OfferedTopic::from(&**topic)));
                now != led.offered.get(*topic).map(seen)
            })
        });
        if let Some(topic) = changed {
            let why = format!("the partitions of {topic} changed");
            membership.want_rejoin(why);
        }
    }

    fn prepare_join(&mut self, now: Instant) {
        if self.config.commits_by_itself() && self.membership.has_generation() && !self.partitions.is_empty()
        {
            let offsets = self.processed();
            if !self.config.is_cooperative() {
                self.mark_revoking(&self.assignment());
            }
            if !offsets.is_empty() {
                let until = now + self.config.max_poll_interval;
                let id = self.commit(offsets, Some(until), None);
                self.membership.stage = Stage::Committing { id, until };
                return;
            }
        }
        self.begin_revoking();
    }

    /// Has the application give up what it cannot keep through the join.
    fn begin_revoking(&mut self) {
        let owned = self.assignment();
        let (kind, gone) = if !self.membership.has_generation() {
            (CallbackKind::Lost, owned)
        } else if self.config.is_cooperative() {
            let topics: BTreeSet<&TopicName> = self.subscription.topics().collect();
            let unread = owned.into_iter().filter(|partition| !topics.contains(&partition.topic)).collect();
            (CallbackKind::Revoked, unread)
        } else {
            (CallbackKind::Revoked, owned)
        };
        self.give_up(kind, gone);
        self.membership.stage = Stage::Revoking;
    }

    pub(super) fn give_up(&mut self, kind: CallbackKind, partitions: Vec<TopicPartition>) {
        if !partitions.is_empty() {
            self.mark_revoking(&partitions);
            self.membership.callbacks.push_back(Callback { kind, partitions });
        }
    }

    /// The callback that was handed out came to its end.
    pub(crate) fn callback_done(&mut self) {
        let Some(callback) = self.membership.callbacks.pop_front() else { return };
        if callback.kind != CallbackKind::Assigned {
            self.remove_partitions(&callback.partitions);
        }
    }

    /// Keeps the session alive. The coordinator holds back heartbeats of members that join.
    fn beat(&mut self, now: Instant) {
        let is_joining = matches!(self.membership.stage, Stage::Prepared | Stage::Joining);
        if !self.membership.has_generation() || is_joining {
            return;
        }
        let ends = self.membership.heard_at + self.config.session_timeout;
        if now >= ends {
            self.lose_coordinator(&"no heartbeat was answered within session.timeout.ms");
            self.membership.heard_at = now;
        }
        let due = self.membership.beat_at + self.config.heartbeat_interval;
        if self.membership.is_beating || now < due {
            return self.wake(if self.membership.is_beating { ends } else { due.min(ends) });
        }
        if !self.has_coordinator() {
            return;
        }
        self.membership.beat_at = now;
        self.membership.is_beating = true;
        self.wake(now + self.config.heartbeat_interval);
        let request = HeartbeatRequest {
            group_id: self.config.group_id.clone().unwrap_or_default(),
            generation_id: self.membership.generation,
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            ..HeartbeatRequest::default()
        };
        let attempt = self.membership.attempt;
        self.call_coordinator(CoordinatorCall::Heartbeat { attempt, request });
    }

    pub(super) fn handle_heartbeat(
        &mut self,
        attempt: u64,
        answer: Result<HeartbeatResponse, ClientError>,
        now: Instant,
    ) {
        self.membership.is_beating = false;
        if attempt != self.membership.attempt {
            return;
        }
        let error = match answer {
            Ok(answer) if answer.error_code == 0 => {
                self.membership.heard_at = now;
                return;
            }
            Ok(answer) => {
                let code = error_code(answer.error_code);
                if code == ErrorCode::RebalanceInProgress {
                    self.membership.heard_at = now;
                }
                ClientError::Server { api: "Heartbeat", code }
            }
            Err(error) => error,
        };
        let error = self.group_error(error, now);
        let is_known = matches!(error, ClientError::CommitFailed { .. }) || error.is_retriable();
        if !is_known {
            self.membership.fatal.get_or_insert(error);
        }
    }

    /// Draws the consequences of what a coordinator answered, and says what that means to whoever asked.
    pub(super) fn group_error(&mut self, error: ClientError, _now: Instant) -> ClientError {
        if error.is_about_connection() {
            self.lose_coordinator(&error);
            return error;
        }
        let Some(code) = error.code() else { return error };
        let is_member = self.subscription.is_of_group();
        let is_classic = self.config.group_protocol == GroupProtocol::Classic;
        match code {
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::RequestTimedOut => {
                self.lose_coordinator(&code);
            }
            // What the member is, its heartbeats are told.
            ErrorCode::UnknownMemberId | ErrorCode::FencedInstanceId | ErrorCode::FencedMemberEpoch
                if !is_classic =>
            {
                return ClientError::CommitFailed { code };
            }
            ErrorCode::FencedInstanceId => {
                self.membership.fatal.get_or_insert(error.clone());
            }
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration if is_member => {
                // A member that joins is told by its join what it is.
                if !matches!(self.membership.stage, Stage::Prepared | Stage::Joining) {
                    self.membership.forget_generation(code.name());
                }
                return ClientError::CommitFailed { code };
            }
            ErrorCode::RebalanceInProgress if is_member => {
                if matches!(self.membership.stage, Stage::Settled) {
                    self.membership.want_rejoin(code.name());
                }
                return ClientError::CommitFailed { code };
            }
            _ => {}
        }
        error
    }
}

#[cfg(test)]
#[path = "membership_test.rs"]
mod tests;
