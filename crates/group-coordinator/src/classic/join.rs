//! JoinGroup: a client wants to be a member, or to join again because the group rebalances.

use std::fmt::Write;
use std::sync::Arc;

use coordinator::Token;

use super::member::Member;
use super::rebalance::restart_session_of;
use super::turn::NEW_MEMBER_JOIN_TIMEOUT_MS;
use super::{ClassicGroup, ClassicState, JoinGroup, Joined, Turn};
use crate::GroupError;
use crate::timers::{Alarm, MemberId, TimerKey};

impl Joined {
    /// A refusal. The empty protocol name is Kafka's.
    pub(crate) fn refused(member_id: &str, error: GroupError) -> Self {
        Self {
            error: Some(error),
            generation: -1,
            protocol_type: None,
            protocol_name: Some(String::new()),
            leader: String::new(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members: Vec::new(),
        }
    }

    /// A refusal of a member that is not who it says it is: without a protocol name, in Kafka.
    pub(crate) fn not_a_member(member_id: &str, error: GroupError) -> Self {
        Self { protocol_name: None, ..Self::refused(member_id, error) }
    }
}

impl ClassicGroup {
    pub(crate) fn join(&mut self, token: Token, request: &JoinGroup, turn: &mut Turn<'_>) {
        if !self.has_room_for(&request.member_id, turn) {
            self.remove(&request.member_id, turn);
            turn.joined(token, Joined::refused("", GroupError::GroupMaxSizeReached));
        } else if !self.supports(&request.protocol_type, &request.protocols) {
            let refusal = Joined::refused(&request.member_id, GroupError::InconsistentGroupProtocol);
            turn.joined(token, refusal);
        } else if request.member_id.is_empty() {
            self.join_new(token, request, turn);
        } else if self.pending_joins.contains_key(&*request.member_id) && request.group_instance_id.is_none()
        {
            self.join_pending(token, request, turn);
        } else if let Err(error) =
            self.validate_member(&request.member_id, request.group_instance_id.as_deref())
        {
            turn.joined(token, Joined::not_a_member(&request.member_id, error));
        } else {
            self.join_again(token, request, turn);
        }
    }

    /// Whether `group.max.size` lets the member in. While members join, it counts those who did, so that the last of a
    /// group that has become too large are left out.
    fn has_room_for(&self, member_id: &str, turn: &Turn<'_>) -> bool {
        let member = self.members.get(member_id);
        match self.state {
            ClassicState::Empty => true,
            ClassicState::PreparingRebalance => {
                member.is_some_and(|member| member.awaiting_join.is_some())
                    || self.awaiting_join < turn.settings.members_max
            }
            ClassicState::CompletingRebalance | ClassicState::Stable => {
                member.is_some() || self.members.len() < turn.settings.members_max
            }
        }
    }

    fn join_new(&mut self, token: Token, request: &JoinGroup, turn: &mut Turn<'_>) {
        let member_id = fresh_member_id(request);
        let known = request.group_instance_id.as_ref().and_then(|id| self.static_members.get(id)).cloned();
        if let Some(known) = known {
            self.replace_static_member(token, request, &known, member_id, turn);
        } else if request.group_instance_id.is_none() && request.needs_known_member_id {
            let mut session = Alarm::default();
            let at_ms = turn.after_ms(request.session_timeout_ms);
            let key = || TimerKey::Session(self.id.clone(), member_id.clone());
            turn.timers.set(&mut session, at_ms, key);
            turn.joined(token, Joined::refused(&member_id, GroupError::MemberIdRequired));
            self.pending_joins.insert(member_id, session);
        } else {
            self.add_and_rebalance(token, request, member_id, turn);
        }
    }

    /// Joins with the id that it was told to join with.
    fn join_pending(&mut self, token: Token, request: &JoinGroup, turn: &mut Turn<'_>) {
        if let Some((member_id, mut session)) = self.pending_joins.remove_entry(&*request.member_id) {
            turn.timers.cancel(&mut session);
            self.add_and_rebalance(token, request, member_id, turn);
        }
    }

    fn add_and_rebalance(&mut self, token: Token, request: &JoinGroup, id: MemberId, turn: &mut Turn<'_>) {
        if let Some(delay) = &mut self.initial_delay {
            delay.is_extended = true;
        }
        let mut member = Member::joining(id, request);
        member.awaiting_join = Some(token);
        restart_session_of(&self.id, &mut member, NEW_MEMBER_JOIN_TIMEOUT_MS, turn);
        self.add(member, &request.protocol_type);
        self.rebalance(turn);
    }

    /// A member joins again. Where nothing changes for the others it is told what it missed; its leader may always
    /// start over, for it may know of new partitions.
    fn join_again(&mut self, token: Token, request: &JoinGroup, turn: &mut Turn<'_>) {
        let member_id = &*request.member_id;
        let is_changed =
            self.members.get(member_id).is_some_and(|member| member.says.protocols != request.protocols);
        let is_leader = self.is_leader(member_id);
        let must_rebalance = match self.state {
            ClassicState::Empty | ClassicState::PreparingRebalance => true,
            ClassicState::CompletingRebalance => is_changed,
            ClassicState::Stable => is_changed || is_leader,
        };
        if must_rebalance {
            self.update(request, member_id, token, turn);
            self.rebalance(turn);
        } else {
            let members = if is_leader { self.joined_members() } else { Vec::new() };
            let member_id = member_id.to_owned();
            turn.joined(token, Joined { member_id, members, ..self.current_generation() });
        }
    }
}

/// `client-id-` or `instance-id-`, and the random id in the form `8-4-4-4-12`.
fn fresh_member_id(request: &JoinGroup) -> MemberId {
    let name = request.group_instance_id.as_deref().unwrap_or(&request.client_id);
    // Records and old responses have room for strings of 32,767 bytes.
    let name = &name[..name.floor_char_boundary(32_000)];
    let mut id = format!("{name}-");
    for (at, byte) in request.fresh_id.as_bytes().iter().enumerate() {
        let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
        write!(id, "{dash}{byte:02x}").expect("a string takes all");
    }
    Arc::from(id)
}
