//! A group changes its protocol while its members are in it (KIP-848): what a classic group gives, and what it begins
//! with.

use bytes::Bytes;
use coordinator::{CoordinatorRecord, Now};

use super::member::{Member, Says};
use super::rebalance::restart_session;
use super::{ClassicGroup, ClassicState, Joined, Protocol, Turn};
use crate::GroupError;
use crate::records::group_metadata_record;
use crate::timers::{Alarm, GroupId, MemberId};

/// A member, on its way from one protocol to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MigratedMember {
    pub(crate) member_id: MemberId,
    pub(crate) group_instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) assignment: Bytes,
}

impl ClassicGroup {
    /// A stable group of consumers with these members, the first of which leads, before they are assigned anything.
    pub(crate) fn migrated(id: GroupId, generation: i32, members: Vec<MigratedMember>, now: Now) -> Self {
        let mut group = Self::new(id, now.clock_ms);
        for member in members {
            let MigratedMember { rebalance_timeout_ms, session_timeout_ms, protocols, .. } = member;
            let member = Member {
                id: member.member_id,
                group_instance_id: member.group_instance_id,
                client_id: member.client_id,
                client_host: member.client_host,
                says: Says { rebalance_timeout_ms, session_timeout_ms, protocols },
                assignment: member.assignment,
                awaiting_join: None,
                awaiting_sync: None,
                is_new: false,
                session: Alarm::default(),
            };
            group.add(member, "consumer");
        }
        group.state = ClassicState::Stable;
        group.generation = generation;
        group.protocol_name = group.select_protocol();
        group.subscribed_topics = group.read_subscriptions();
        group
    }

    /// Gives each member what `assignment` says for its id and its metadata.
    ///
    /// # Errors
    /// As `assignment` says.
    pub(crate) fn assign_migrated(
        &mut self,
        assignment: impl Fn(&str, &Bytes) -> Result<Bytes, GroupError>,
    ) -> Result<(), GroupError> {
        let protocol_name = self.protocol_name.clone().unwrap_or_default();
        for member in self.members.values_mut() {
            member.assignment = assignment(&member.id, &member.metadata(&protocol_name))?;
        }
        Ok(())
    }

    /// Sessions of its members start.
    pub(crate) fn begin(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.values_mut() {
            restart_session(&self.id, member, turn);
        }
    }

    /// Its members, in the order of their ids.
    pub(crate) fn migrated_members(&self) -> impl Iterator<Item = MigratedMember> {
        self.members().map(|member| MigratedMember {
            member_id: member.id.clone(),
            group_instance_id: member.group_instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.says.rebalance_timeout_ms,
            session_timeout_ms: member.says.session_timeout_ms,
            protocols: member.says.protocols.clone(),
            assignment: member.assignment.clone(),
        })
    }

    /// The group ends as a classic one: who waits is asked to join again, and its alarms are taken back.
    pub(crate) fn migrate_away(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.values_mut() {
            if let Some(token) = member.awaiting_join.take() {
                turn.joined(token, Joined::refused(&member.id, GroupError::RebalanceInProgress));
            }
            if let Some(token) = member.awaiting_sync.take() {
                turn.synced(token, Err(GroupError::RebalanceInProgress));
            }
        }
        self.cancel_alarms(turn);
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The protocol chosen for the generation.
    pub(crate) fn protocol_name(&self) -> Option<&str> {
        self.protocol_name.as_deref()
    }

    /// The record that keeps it.
    pub(crate) fn record(&self) -> CoordinatorRecord {
        group_metadata_record(&self.id, self.metadata())
    }
}
