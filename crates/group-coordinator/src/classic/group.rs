//! The books of one classic group: who is a member, who is parked, what all have in common.

use std::collections::{BTreeMap, BTreeSet};

use coordinator::{CoordinatorRecord, Token};
use types::TopicName;

use super::member::{Member, Says};
use super::rebalance::InitialDelay;
use super::{JoinGroup, Joined, JoinedMember, Protocol, Turn};
use crate::GroupError;
use crate::records::{GroupMetadata, LoadedMember, group_metadata_record};
use crate::timers::{Alarm, GroupId, MemberId};

/// What a classic group is doing. There is no `Dead`: a group that is gone is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassicState {
    /// Nobody is in it; it may have offsets.
    Empty,
    /// Members are joining.
    PreparingRebalance,
    /// The leader is assigning.
    CompletingRebalance,
    /// Everybody has an assignment.
    Stable,
}

impl ClassicState {
    /// As DescribeGroups and ListGroups write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// A group of the classic protocol.
#[derive(Debug)]
pub struct ClassicGroup {
    pub(super) id: GroupId,
    pub(super) state: ClassicState,
    /// Wall clock; unknown for groups loaded from old records.
    pub(super) state_since_ms: Option<i64>,
    /// `None` until a member joins.
    pub(super) protocol_type: Option<String>,
    /// The one chosen for the generation.
    pub(super) protocol_name: Option<String>,
    pub(super) generation: i32,
    pub(super) leader: Option<MemberId>,
    /// Boxed: a map has room for eleven in its first node, and most groups have one.
    pub(super) members: BTreeMap<MemberId, Box<Member>>,
    /// By `group.instance.id`.
    pub(super) static_members: BTreeMap<String, MemberId>,
    /// Members to be, that were given their id and are to join with it, until their alarm rings.
    pub(super) pending_joins: BTreeMap<MemberId, Alarm>,
    /// Members that were told the generation and have not asked for their assignment.
    pub(super) pending_syncs: BTreeSet<MemberId>,
    /// How many members have a JoinGroup parked.
    pub(super) awaiting_join: usize,
    /// How many members have each protocol.
    pub(super) supporters: BTreeMap<String, usize>,
    /// Topics that consumers read; `None` where it is not known.
    pub(super) subscribed_topics: Option<BTreeSet<TopicName>>,
    /// The first rebalance after the group was empty.
    pub(super) initial_delay: Option<InitialDelay>,
    pub(super) join_alarm: Alarm,
    pub(super) sync_alarm: Alarm,
}

impl ClassicGroup {
    /// A group without members, since `clock_ms`.
    pub(crate) fn new(id: GroupId, clock_ms: i64) -> Self {
        Self {
            id,
            state: ClassicState::Empty,
            state_since_ms: Some(clock_ms),
            protocol_type: None,
            protocol_name: None,
            generation: 0,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending_joins: BTreeMap::new(),
            pending_syncs: BTreeSet::new(),
            awaiting_join: 0,
            supporters: BTreeMap::new(),
            subscribed_topics: None,
            initial_delay: None,
            join_alarm: Alarm::default(),
            sync_alarm: Alarm::default(),
        }
    }

    /// What it is doing.
    pub fn state(&self) -> ClassicState {
        self.state
    }

    /// Since when (wall clock), where it is known.
    pub fn state_since_ms(&self) -> Option<i64> {
        self.state_since_ms
    }

    /// `consumer`, `connect`, …; `None` where nobody ever joined.
    pub fn protocol_type(&self) -> Option<&str> {
        self.protocol_type.as_deref()
    }

    /// Whether nobody ever joined: it is there for its offsets, and no record of the log is about it.
    pub(crate) fn only_keeps_offsets(&self) -> bool {
        self.protocol_type.is_none() && self.members.is_empty() && self.pending_joins.is_empty()
    }

    /// How often the group has been rebalanced.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// How many members it has.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// Its members, in the order of their ids.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values().map(Box::as_ref)
    }

    pub(super) fn enter(&mut self, state: ClassicState, turn: &Turn<'_>) {
        self.state = state;
        self.state_since_ms = Some(turn.now.clock_ms);
    }

    pub(super) fn is_leader(&self, member_id: &str) -> bool {
        self.leader.as_deref() == Some(member_id)
    }

    /// Whether the member is who it says it is (KIP-345).
    pub(super) fn validate_member(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
    ) -> Result<(), GroupError> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(GroupError::UnknownMemberId),
                Some(known) if **known != *member_id => return Err(GroupError::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.members.contains_key(member_id) { Ok(()) } else { Err(GroupError::UnknownMemberId) }
    }

    /// Whether a member with these protocols could be in the group.
    pub(super) fn supports(&self, protocol_type: &str, protocols: &[Protocol]) -> bool {
        if self.state == ClassicState::Empty {
            return !protocol_type.is_empty() && !protocols.is_empty();
        }
        let is_common = |protocol: &Protocol| {
            self.supporters.get(&protocol.name).copied().unwrap_or(0) == self.members.len()
        };
        self.protocol_type.as_deref() == Some(protocol_type) && protocols.iter().any(is_common)
    }

    pub(super) fn add(&mut self, member: Member, protocol_type: &str) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.to_owned());
        }
        if let Some(instance_id) = &member.group_instance_id {
            self.static_members.insert(instance_id.clone(), member.id.clone());
        }
        self.leader.get_or_insert_with(|| member.id.clone());
        self.awaiting_join += usize::from(member.awaiting_join.is_some());
        count(&mut self.supporters, &member.says.protocols);
        self.members.insert(member.id.clone(), Box::new(member));
    }

    /// Takes a member, or one to be, off the books. Requests of it that are parked are refused.
    pub(super) fn remove(&mut self, member_id: &str, turn: &mut Turn<'_>) {
        if let Some(mut alarm) = self.pending_joins.remove(member_id) {
            turn.timers.cancel(&mut alarm);
        }
        self.pending_syncs.remove(member_id);
        let Some(mut member) = self.members.remove(member_id) else { return };
        turn.timers.cancel(&mut member.session);
        discount(&mut self.supporters, &member.says.protocols);
        if let Some(instance_id) = &member.group_instance_id {
            self.static_members.remove(instance_id);
        }
        if let Some(token) = member.awaiting_join.take() {
            self.awaiting_join -= 1;
            turn.joined(token, Joined::refused("", GroupError::UnknownMemberId));
        }
        if let Some(token) = member.awaiting_sync.take() {
            turn.synced(token, Err(GroupError::UnknownMemberId));
        }
        if self.is_leader(member_id) {
            self.leader = self.members.keys().next().cloned();
        }
    }

    /// A member joins again and says anew what it can do; what it said before is returned. Its request is parked under
    /// `token`.
    pub(super) fn update(
        &mut self,
        request: &JoinGroup,
        member_id: &str,
        token: Token,
        turn: &mut Turn<'_>,
    ) -> Says {
        let before = self.say(member_id, Says::in_request(request));
        let awaiting_join = self.members.get_mut(member_id).map(|member| &mut member.awaiting_join);
        match awaiting_join.and_then(|awaiting| awaiting.replace(token)) {
            // The same member asks twice: its first request was given up, or is ahead of this one in its connection.
            Some(earlier) => {
                turn.joined(earlier, Joined::refused(member_id, GroupError::RebalanceInProgress));
            }
            None => self.awaiting_join += 1,
        }
        before
    }

    /// What a member says from now on; what it said before is returned.
    pub(super) fn say(&mut self, member_id: &str, says: Says) -> Says {
        let Some(member) = self.members.get_mut(member_id) else { return says };
        let before = std::mem::replace(&mut member.says, says);
        discount(&mut self.supporters, &before.protocols);
        count(&mut self.supporters, &member.says.protocols);
        before
    }

    /// Whether nobody is missing whom a rebalance would wait for.
    pub(super) fn has_everybody_joined(&self) -> bool {
        self.awaiting_join == self.members.len() && self.pending_joins.is_empty()
    }

    /// The longest that a member may take to join again.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        self.members().map(|member| member.says.rebalance_timeout_ms).max().unwrap_or(0).max(0)
    }

    /// The protocol that most members prefer among those that all have; of equals, the first by name.
    pub(super) fn select_protocol(&self) -> Option<String> {
        let mut votes = BTreeMap::<&str, usize>::new();
        for member in self.members() {
            if let Some(name) = member.vote(&self.supporters, self.members.len()) {
                *votes.entry(name).or_default() += 1;
            }
        }
        let first_of_most = votes.into_iter().rev().max_by_key(|(_, count)| *count);
        first_of_most.map(|(name, _)| name.to_owned())
    }

    /// Everybody, as the leader is to see them.
    pub(super) fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol_name = self.protocol_name.as_deref().unwrap_or_default();
        let joined = |member: &Member| JoinedMember {
            member_id: member.id.to_string(),
            group_instance_id: member.group_instance_id.clone(),
            metadata: member.metadata(protocol_name),
        };
        self.members().map(joined).collect()
    }

    /// The record of a group that somebody wants to join, and that never had a member.
    pub(crate) fn never_had_members(&self) -> CoordinatorRecord {
        let state_since_ms = self.state_since_ms;
        let (protocol_type, protocol_name, leader) = (None, None, None);
        let members = Vec::new();
        group_metadata_record(
            &self.id,
            GroupMetadata { generation: 0, protocol_type, protocol_name, leader, state_since_ms, members },
        )
    }

    /// What the log is to say about the group.
    pub(super) fn metadata(&self) -> GroupMetadata {
        let protocol_name = self.protocol_name.as_deref().unwrap_or_default();
        let members = self.members().map(|member| LoadedMember {
            member_id: member.id.to_string(),
            group_instance_id: member.group_instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.says.rebalance_timeout_ms,
            session_timeout_ms: member.says.session_timeout_ms,
            subscription: member.metadata(protocol_name),
            assignment: member.assignment.clone(),
        });
        GroupMetadata {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.leader.as_deref().map(str::to_owned),
            state_since_ms: self.state_since_ms,
            members: members.collect(),
        }
    }
}

/// One member more has these protocols.
fn count(supporters: &mut BTreeMap<String, usize>, protocols: &[Protocol]) {
    for name in Member::protocol_names(protocols) {
        match supporters.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                supporters.insert(name.to_owned(), 1);
            }
        }
    }
}

/// One member less has these protocols.
pub(super) fn discount(supporters: &mut BTreeMap<String, usize>, protocols: &[Protocol]) {
    for name in Member::protocol_names(protocols) {
        if let Some(count) = supporters.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                supporters.remove(name);
            }
        }
    }
}
