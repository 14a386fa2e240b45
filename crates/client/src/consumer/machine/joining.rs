//! How a member gets its place: JoinGroup, the leader's assignment, SyncGroup, and taking what it got.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use protocol::messages::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use protocol::messages::join_group_response::JoinGroupResponse;
use protocol::messages::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use protocol::messages::sync_group_response::SyncGroupResponse;
use tokio::time::Instant;
use types::{ErrorCode, TopicName, TopicPartition};

use super::ConsumerMachine;
use super::effect::{CoordinatorCall, Effect};
use super::membership::{Callback, CallbackKind, GroupTopics, Stage};
use crate::consumer::assignor::{Assignor, MemberSubscription, Members, Offered, StickyMemory};
use crate::consumer::consumer_protocol::{self, PROTOCOL_TYPE};
use crate::error::{ClientError, error_code};

/// How much longer than the rebalance a join may take.
const JOIN_SLACK: Duration = Duration::from_secs(5);

/// What a JoinGroup brought.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    protocol_type: Option<String>,
    protocol_name: Option<String>,
    /// A static leader came back: the assignment stands (KIP-814).
    skips_assignment: bool,
}

impl ConsumerMachine {
    pub(super) fn send_join(&mut self, now: Instant) {
        if !self.has_coordinator() {
            return;
        }
        if !self.membership.join.begins(now) {
            if let Some(at) = self.membership.join.wake_at() {
                self.wake(at);
            }
            return;
        }
        let topics: BTreeSet<TopicName> = self.subscription.topics().cloned().collect();
        let member = MemberSubscription {
            instance_id: None,
            topics: topics.clone(),
            owned: self.assignment(),
            generation: Some(self.membership.generation),
            user_data: None,
            rack: self.config.rack(),
        };
        let protocols = self.config.partition_assignment_strategy.iter().map(|assignor| {
            let user_data = match assignor {
                Assignor::Sticky => self.membership.memory.as_ref().map(StickyMemory::encode),
                Assignor::CooperativeSticky => Some(self.membership.generation.to_be_bytes().to_vec()),
                Assignor::Range | Assignor::RoundRobin => None,
            };
            JoinGroupRequestProtocol {
                name: assignor.name().to_owned(),
                metadata: consumer_protocol::encode_subscription(&MemberSubscription {
                    user_data,
                    ..member.clone()
                }),
                ..JoinGroupRequestProtocol::default()
            }
        });
        let millis = |time: Duration| i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        let request = JoinGroupRequest {
            group_id: self.config.group_id.clone().unwrap_or_default(),
            session_timeout_ms: millis(self.config.session_timeout),
            rebalance_timeout_ms: millis(self.config.max_poll_interval),
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            protocol_type: PROTOCOL_TYPE.to_owned(),
            protocols: protocols.collect(),
            reason: self.membership.rejoin.take(),
            ..JoinGroupRequest::default()
        };
        self.membership.joined_topics = topics;
        self.membership.led = None;
        self.membership.attempt += 1;
        self.membership.stage = Stage::Joining;
        let (attempt, patience) = (self.membership.attempt, self.config.max_poll_interval + JOIN_SLACK);
        self.call_coordinator(CoordinatorCall::Join { attempt, request, patience });
    }

    pub(super) fn handle_joined(
        &mut self,
        attempt: u64,
        answer: Result<JoinGroupResponse, ClientError>,
        now: Instant,
    ) {
        if attempt != self.membership.attempt || !matches!(self.membership.stage, Stage::Joining) {
            return self.membership.join.succeeded();
        }
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.join_failed(error, now),
        };
        match error_code(answer.error_code) {
            ErrorCode::None => {}
            // The first join only gives the member its id (KIP-394).
            ErrorCode::MemberIdRequired => {
                self.membership.join.succeeded();
                self.membership.member_id = answer.member_id;
                self.membership.stage = Stage::Prepared;
                return;
            }
            code => return self.join_failed(ClientError::Server { api: "JoinGroup", code }, now),
        }
        self.membership.join.succeeded();
        self.membership.member_id = answer.member_id;
        self.membership.generation = answer.generation_id;
        self.membership.heard_at = now;
        let joined = Joined {
            protocol_type: answer.protocol_type,
            protocol_name: answer.protocol_name,
            skips_assignment: answer.skip_assignment,
        };
        tracing::debug!(member = %self.membership.member_id, generation = self.membership.generation, "joined");
        if answer.leader != self.membership.member_id {
            return self.send_sync(joined, Vec::new());
        }
        let mut members = Members::new();
        for member in answer.members {
            match consumer_protocol::decode_subscription(member.metadata) {
                Ok(subscription) => {
                    let instance_id = member.group_instance_id;
                    members.insert(member.member_id, MemberSubscription { instance_id, ..subscription });
                }
                Err(error) => {
                    let reason = format!("the subscription of {}: {error}", member.member_id);
                    return self.join_failed(ClientError::Malformed { api: "JoinGroup", reason }, now);
                }
            }
        }
        let topics: BTreeSet<TopicName> =
            members.values().flat_map(|member| member.topics.iter().cloned()).collect();
        self.membership.stage = Stage::Assigning { joined, members };
        let topics = topics.into_iter().collect();
        self.effects.push_back(Effect::GroupTopics { attempt, topics });
    }

    /// The leader knows what there is to share out.
    pub(super) fn handle_group_topics(
        &mut self,
        attempt: u64,
        answer: Result<Offered, ClientError>,
        now: Instant,
    ) {
        if attempt != self.membership.attempt {
            return;
        }
        let Stage::Assigning { joined, members } = self.membership.stage.clone() else { return };
        let offered = match answer {
            Ok(offered) => offered,
            Err(error) => return self.join_failed(error, now),
        };
        let assignor = joined.protocol_name.as_deref().and_then(Assignor::by_name);
        let Some(assignor) = assignor else {
            let reason = format!("a strategy that was not offered: {:?}", joined.protocol_name);
            return self.join_failed(ClientError::Malformed { api: "JoinGroup", reason }, now);
        };
        let topics = members.values().flat_map(|member| member.topics.iter().cloned()).collect();
        let assignment =
            if joined.skips_assignment { BTreeMap::new() } else { assignor.assign(&members, &offered) };
        self.membership.led = Some(GroupTopics { topics, offered });
        let assignments = assignment.into_iter().map(|(member_id, partitions)| SyncGroupRequestAssignment {
            member_id,
            assignment: consumer_protocol::encode_assignment(&partitions),
            ..SyncGroupRequestAssignment::default()
        });
        self.send_sync(joined, assignments.collect());
    }

    fn send_sync(&mut self, joined: Joined, assignments: Vec<SyncGroupRequestAssignment>) {
        let request = SyncGroupRequest {
            group_id: self.config.group_id.clone().unwrap_or_default(),
            generation_id: self.membership.generation,
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            protocol_type: joined.protocol_type,
            protocol_name: joined.protocol_name,
            assignments,
            ..SyncGroupRequest::default()
        };
        self.membership.stage = Stage::Syncing;
        let (attempt, patience) = (self.membership.attempt, self.config.max_poll_interval + JOIN_SLACK);
        if self.has_coordinator() {
            self.call_coordinator(CoordinatorCall::Sync { attempt, request, patience });
        } else {
            // It was lost meanwhile; the next one starts the rebalance over.
            self.membership.stage = Stage::Prepared;
        }
    }

    pub(super) fn handle_synced(
        &mut self,
        attempt: u64,
        answer: Result<SyncGroupResponse, ClientError>,
        now: Instant,
    ) {
        if attempt != self.membership.attempt || !matches!(self.membership.stage, Stage::Syncing) {
            return;
        }
        let answer = match answer {
            Ok(answer) if answer.error_code == 0 => answer,
            Ok(answer) => {
                let code = error_code(answer.error_code);
                return self.join_failed(ClientError::Server { api: "SyncGroup", code }, now);
            }
            Err(error) => return self.join_failed(error, now),
        };
        self.membership.heard_at = now;
        let assigned = match assigned(answer.assignment) {
            Ok(assigned) => assigned,
            Err(error) => return self.join_failed(error, now),
        };
        let kept: BTreeSet<&TopicPartition> = assigned.iter().collect();
        let gone: Vec<TopicPartition> =
            self.partitions.keys().filter(|partition| !kept.contains(partition)).cloned().collect();
        if !gone.is_empty() {
            // The next rebalance gives them to somebody else (KIP-429).
            self.membership.want_rejoin("gave up partitions");
        }
        self.give_up(CallbackKind::Revoked, gone);
        self.membership.stage = Stage::Taking { assigned };
    }

    /// Takes what the member got.
    pub(super) fn take(&mut self, assigned: Vec<TopicPartition>, now: Instant) {
        let mut added = assigned.clone();
        added.retain(|partition| !self.partitions.contains_key(partition));
        self.set_partitions(&assigned);
        tracing::info!(generation = self.membership.generation, partitions = assigned.len(), "assigned");
        let generation = self.membership.generation;
        self.membership.memory = Some(StickyMemory { partitions: assigned, generation });
        self.membership.stage = Stage::Settled;
        self.membership.callbacks.push_back(Callback { kind: CallbackKind::Assigned, partitions: added });
        self.commits.wait_until(now + self.config.auto_commit_interval);
    }

    /// A join or sync that came to nothing: it is tried again, or the member is out for good.
    fn join_failed(&mut self, error: ClientError, now: Instant) {
        let client = &self.client;
        let code = error.code();
        // These are answered at once and lead somewhere; waiting would only prolong the rebalance.
        let at_once = matches!(
            code,
            Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::RebalanceInProgress)
        );
        match at_once {
            true => self.membership.join.succeeded(),
            false => self.membership.join.failed(now, |failures| client.backoff(failures)),
        }
        tracing::debug!(%error, "joining the group failed");
        self.membership.stage = Stage::Prepared;
        if matches!(code, Some(ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration)) {
            self.membership.forget_generation("the coordinator does not know the member");
        }
        let error = self.group_error(error, now);
        if !at_once && !error.is_retriable() {
            self.membership.fatal.get_or_insert(error);
        } else if !self.membership.has_generation() && !self.partitions.is_empty() {
            self.give_up(CallbackKind::Lost, self.assignment());
            self.membership.stage = Stage::Revoking;
        }
    }
}

fn assigned(bytes: Bytes) -> Result<Vec<TopicPartition>, ClientError> {
    consumer_protocol::decode_assignment(bytes)
        .map_err(|error| ClientError::Malformed { api: "SyncGroup", reason: error.to_string() })
}
