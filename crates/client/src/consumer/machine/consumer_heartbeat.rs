//! ConsumerGroupHeartbeat, the one request of a member of the consumer protocol (KIP-848): it joins, stays, says what it has
//! and what it wants to read, and leaves with it. The member made its id itself.

use std::time::Duration;

use protocol::messages::consumer_group_heartbeat_request::{ConsumerGroupHeartbeatRequest, TopicPartitions};
use protocol::messages::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
use tokio::time::Instant;
use types::ErrorCode;

use super::ConsumerMachine;
use super::effect::CoordinatorCall;
use super::membership::Stage;
use super::reconciliation::{ById, Told};
use crate::error::{ClientError, error_code};
use crate::metadata::ClusterMetadata;

/// The epoch of who joins, of who leaves, and of a static member who leaves and is expected back (KIP-345).
const JOIN_EPOCH: i32 = 0;
const LEAVE_EPOCH: i32 = -1;
const LEAVE_STATIC_EPOCH: i32 = -2;

/// Whatever a coordinator says.
const HEARTBEAT_INTERVAL_MIN: Duration = Duration::from_millis(10);

impl ConsumerMachine {
    pub(super) fn advance_consumer_membership(&mut self, now: Instant, metadata: &ClusterMetadata) {
        self.watch_polls(now);
        self.reconcile(now, metadata);
        self.beat_as_consumer(now);
    }

    /// At once where there is something to tell, else as often as the coordinator wants it.
    fn beat_as_consumer(&mut self, now: Instant) {
        let membership = &self.membership;
        let joins = !membership.has_generation();
        let is_leaving = matches!(membership.stage, Stage::Leaving);
        let may_join = self.is_polling && !membership.is_too_slow && !is_leaving;
        let is_rid = membership.callbacks.is_empty() && self.partitions.is_empty();
        if membership.is_beating || (joins && !(may_join && is_rid)) {
            return;
        }
        let told = membership.reconciliation.told.clone();
        let mut tells = Told {
            topics: self.subscription.topics().cloned().collect(),
            pattern: self.subscription.pattern_for_brokers().map(str::to_owned),
            owned: if joins { ById::new() } else { self.owned_by_id() },
        };
        if let Some(told) = told.as_ref().filter(|_| is_leaving || !membership.reconciliation.is_settled()) {
            // What is being given up is still owned.
            tells.owned.clone_from(&told.owned);
        }
        let is_due = membership.beat_at + membership.reconciliation.interval;
        if !joins && told.as_ref() == Some(&tells) && now < is_due {
            return self.wake(is_due);
        }
        if let Some(at) = membership.join.wake_at().filter(|at| *at > now) {
            return self.wake(at);
        }
        if !self.has_coordinator() {
            return;
        }
        let request = self.heartbeat_of(&tells, told.as_ref(), joins);
        self.membership.beat_at = now;
        self.membership.is_beating = true;
        self.membership.reconciliation.told = Some(tells);
        let attempt = self.membership.attempt;
        self.call_coordinator(CoordinatorCall::ConsumerHeartbeat { attempt, request });
    }

    fn heartbeat_of(&self, tells: &Told, told: Option<&Told>, joins: bool) -> ConsumerGroupHeartbeatRequest {
        let mut request = self.heartbeat_at(if joins { JOIN_EPOCH } else { self.membership.generation });
        if joins {
            let timeout = self.config.max_poll_interval.as_millis();
            request.rebalance_timeout_ms = i32::try_from(timeout).unwrap_or(i32::MAX);
            request.rack_id = self.config.rack();
            request.server_assignor = self.config.group_remote_assignor.clone();
        }
        if told.is_none_or(|told| told.topics != tells.topics) {
            request.subscribed_topic_names = Some(tells.topics.iter().map(ToString::to_string).collect());
        }
        let pattern = told.map(|told| &told.pattern);
        if pattern.map_or(tells.pattern.is_some(), |told| *told != tells.pattern) {
            request.subscribed_topic_regex = Some(tells.pattern.clone().unwrap_or_default());
        }
        if joins || told.is_none_or(|told| told.owned != tells.owned) {
            let topics = tells.owned.iter().map(|(topic_id, partitions)| TopicPartitions {
                topic_id: *topic_id,
                partitions: partitions.iter().copied().collect(),
                ..TopicPartitions::default()
            });
            request.topic_partitions = Some(topics.collect());
        }
        request
    }

    fn heartbeat_at(&self, member_epoch: i32) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            group_id: self.config.group_id.clone().unwrap_or_default(),
            member_id: self.membership.member_id.clone(),
            member_epoch,
            instance_id: self.config.group_instance_id.clone(),
            ..ConsumerGroupHeartbeatRequest::default()
        }
    }

    /// Says goodbye; a static member says that it comes back.
    pub(super) fn send_consumer_leave(&mut self) {
        let is_member = self.membership.has_generation() && self.membership.fatal.is_none();
        if !is_member || !self.has_coordinator() {
            return;
        }
        let is_static = self.config.group_instance_id.is_some();
        let request = self.heartbeat_at(if is_static { LEAVE_STATIC_EPOCH } else { LEAVE_EPOCH });
        self.membership.is_leaving = true;
        self.call_coordinator(CoordinatorCall::ConsumerLeave(request));
    }

    pub(super) fn handle_consumer_heartbeat(
        &mut self,
        attempt: u64,
        answer: Result<ConsumerGroupHeartbeatResponse, ClientError>,
        now: Instant,
    ) {
        if attempt != self.membership.attempt {
            return;
        }
        self.membership.is_beating = false;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.heartbeat_failed(error, now),
        };
        match error_code(answer.error_code) {
            ErrorCode::None => {}
            code => {
                let subject = format!("group {}", self.config.group_id.as_deref().unwrap_or_default());
                let error = ClientError::Topic { subject, code, message: answer.error_message };
                return self.heartbeat_failed(error, now);
            }
        }
        self.membership.join.succeeded();
        self.membership.rejoin = None;
        self.membership.heard_at = now;
        self.membership.generation = answer.member_epoch;
        let interval = u64::try_from(answer.heartbeat_interval_ms).unwrap_or_default();
        self.membership.reconciliation.interval = Duration::from_millis(interval).max(HEARTBEAT_INTERVAL_MIN);
        if let Some(assignment) = answer.assignment {
            self.membership.reconciliation.assigned(*assignment);
        }
    }

    fn heartbeat_failed(&mut self, error: ClientError, now: Instant) {
        // Whether anything of it was heard is not known.
        self.membership.reconciliation.told = None;
        let client = &self.client;
        self.membership.join.failed(now, |failures| client.backoff(failures));
        match error.code() {
            Some(ErrorCode::FencedMemberEpoch | ErrorCode::UnknownMemberId) => {
                self.membership.join.succeeded();
                self.membership.forget_generation(error.code().map_or("", ErrorCode::name));
            }
            Some(ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) => {
                self.lose_coordinator(&error);
            }
            // Others of its topics may be read all the same, and this one when it is allowed.
            Some(ErrorCode::TopicAuthorizationFailed) => self.tell_error(error),
            _ if error.is_about_connection() => self.lose_coordinator(&error),
            _ if error.is_retriable() => tracing::debug!(%error, "the heartbeat is tried again"),
            _ => {
                self.membership.fatal.get_or_insert(error);
            }
        }
    }
}

#[cfg(test)]
#[path = "consumer_heartbeat_test.rs"]
mod tests;
