//! JoinGroup in a consumer group: a member with the classic protocol joins, or joins again to get on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::draft::Draft;
use super::epochs::validate_same;
use super::heartbeat::Introduced;
use super::leave::Left;
use super::member::{ClassicWords, Member, Says};
use super::paused::{Paused, PausedJoin};
use super::protocol::{CONSUMER, ClassicSubscription, read_subscription};
use super::{ConsumerGroup, MigrationPolicy};
use crate::GroupError;
use crate::assignors::Subscription;
use crate::classic::{JoinGroup, Joined, Protocol, Turn};
use crate::timers::MemberId;

/// What came of a JoinGroup.
#[derive(Debug)]
pub(super) enum ClassicJoined {
    /// It goes on.
    Introduced(Introduced),
    /// It is answered; the group may be a classic one now.
    Done(Joined, Left),
}

impl ConsumerGroup {
    /// # Errors
    /// `InconsistentGroupProtocol` where no classic member may be in the group, or not with these protocols;
    /// `GroupMaxSizeReached`, `MemberIdRequired` is no error here; `UnknownMemberId`, `FencedInstanceId` of static
    /// members; `TooLarge`.
    pub(super) fn join_classic(
        &mut self,
        request: &JoinGroup,
        turn: &mut Turn<'_>,
    ) -> Result<ClassicJoined, GroupError> {
        if turn.settings.consumer.migration == MigrationPolicy::Disabled {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        let is_new = request.member_id.is_empty();
        let member_id = match is_new {
            true => MemberId::from(request.fresh_id.to_string()),
            false => MemberId::from(request.member_id.as_str()),
        };
        self.validate_size(&member_id, turn)?;
        self.validate_protocols(&request.protocol_type, &request.protocols)?;
        if is_new && request.needs_known_member_id && request.group_instance_id.is_none() {
            let refusal = Joined::refused(&member_id, GroupError::MemberIdRequired);
            return Ok(ClassicJoined::Done(refusal, Left::Goes));
        }
        let metadata = request.protocols.first().map(|protocol| &protocol.metadata);
        let subscription = metadata.and_then(|metadata| read_subscription(metadata, turn.topics.cluster()));
        let subscription = subscription.ok_or(GroupError::InconsistentGroupProtocol)?;

        let mut draft = Draft::default();
        let known =
            request.group_instance_id.as_deref().and_then(|instance_id| self.static_member(instance_id));
        let becomes_classic = known.is_some_and(|known| self.may_become_classic_with(known, turn));
        let member = self.classic_seat_for(&member_id, request, known, &mut draft)?;
        let says = self.classic_says(&member.says, request, &subscription);
        let change = self.change_subscription(&member, &says, true, &mut draft, turn)?;
        let epoch_before = self.epoch;
        let is_looked_at = self.maybe_raise_epoch(&member, &says, change.has_changed, &mut draft, turn);
        self.commit(draft, turn)?;
        if is_looked_at {
            self.topics_were_looked_at(turn);
        }
        let paused = PausedJoin {
            member_id,
            owned: subscription.owned,
            has_subscription_changed: change.has_changed,
            session_timeout_ms: request.session_timeout_ms,
            rebalance_timeout_ms: request.rebalance_timeout_ms,
        };
        if becomes_classic {
            return self.join_as_the_last(&paused, epoch_before, turn);
        }
        // Already here: the other half may never come.
        self.restart_session_of(&paused.member_id, paused.session_timeout_ms, turn);
        Ok(ClassicJoined::Introduced(self.assign_or_go_on(Paused::Join(paused), turn)))
    }

    /// Whether a member with these protocols could be in the group.
    fn validate_protocols(&self, protocol_type: &str, protocols: &[Protocol]) -> Result<(), GroupError> {
        let supporters = |name: &str| self.classic_protocols.get(name).copied().unwrap_or(0);
        let is_common = |protocol: &Protocol| supporters(&protocol.name) == self.classic_members;
        if protocol_type == CONSUMER && protocols.iter().any(is_common) {
            Ok(())
        } else {
            Err(GroupError::InconsistentGroupProtocol)
        }
    }

    fn classic_seat_for(
        &self,
        member_id: &MemberId,
        request: &JoinGroup,
        known: Option<&Member>,
        draft: &mut Draft,
    ) -> Result<Member, GroupError> {
        let or_new = || self.member(member_id).cloned().unwrap_or_else(|| Member::new(member_id.clone()));
        match (&request.group_instance_id, known) {
            (None, _) => Ok(or_new()),
            (Some(_), None) if request.member_id.is_empty() => Ok(or_new()),
            (Some(_), None) => Err(GroupError::UnknownMemberId),
            (Some(_), Some(known)) if request.member_id.is_empty() => {
                Ok(self.replace(known, member_id, draft))
            }
            (Some(_), Some(known)) => validate_same(known, member_id).map(|()| known.clone()),
        }
    }

    fn classic_says(&self, before: &Says, request: &JoinGroup, subscribed: &ClassicSubscription) -> Says {
        let names: BTreeSet<_> = subscribed.topics.iter().cloned().collect();
        // Members with the classic protocol have no pattern: their clients look for topics themselves.
        let subscription = Subscription { names: names.into_iter().collect(), pattern: Some(Arc::from("")) };
        let own = |protocol: &Protocol| Protocol {
            name: protocol.name.clone(),
            // A copy: what is kept for long shall not keep the whole request.
            metadata: bytes::Bytes::copy_from_slice(&protocol.metadata),
        };
        let instance_id = request.group_instance_id.as_deref().map(Arc::from);
        let rebalance_timeout_ms = Some(request.rebalance_timeout_ms).filter(|timeout_ms| *timeout_ms != -1);
        Says {
            group_instance_id: instance_id.or_else(|| before.group_instance_id.clone()),
            rack_id: subscribed.rack_id.clone().or_else(|| before.rack_id.clone()),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            subscription: self.shared(subscription, before),
            rebalance_timeout_ms: rebalance_timeout_ms.unwrap_or(before.rebalance_timeout_ms),
            server_assignor: before.server_assignor.clone(),
            classic: Some(ClassicWords {
                session_timeout_ms: request.session_timeout_ms,
                protocols: request.protocols.iter().map(own).collect(),
            }),
        }
    }

    /// The static member was the last with the consumer protocol: the group is a classic one with it.
    fn join_as_the_last(
        &mut self,
        paused: &PausedJoin,
        epoch_before: i32,
        turn: &mut Turn<'_>,
    ) -> Result<ClassicJoined, GroupError> {
        let must_rebalance = self.assignment_epoch() < self.epoch;
        if !must_rebalance {
            self.reconcile(&paused.member_id, Some(&paused.owned), paused.has_subscription_changed, turn)?;
        }
        let joined = self.classic_joined(&paused.member_id)?;
        let mut group = self.downgraded(&[], Some(&paused.member_id), epoch_before, turn)?;
        group.begin(turn);
        if must_rebalance {
            group.rebalance_members(turn)?;
        }
        Ok(ClassicJoined::Done(joined, Left::IsClassic(group)))
    }

    /// The second half of a JoinGroup.
    ///
    /// # Errors
    /// `UnknownMemberId` where the member has gone meanwhile; `TooLarge`.
    pub(super) fn settle_join(
        &mut self,
        paused: &PausedJoin,
        turn: &mut Turn<'_>,
    ) -> Result<Joined, GroupError> {
        let PausedJoin { member_id, owned, has_subscription_changed, .. } = paused;
        self.reconcile(member_id, Some(owned), *has_subscription_changed, turn)?;
        self.stop_join_alarm(member_id, turn);
        self.restart_session_of(member_id, paused.session_timeout_ms, turn);
        self.start_sync_alarm(member_id, paused.rebalance_timeout_ms, turn);
        self.classic_joined(member_id)
    }

    fn classic_joined(&self, member_id: &MemberId) -> Result<Joined, GroupError> {
        let member = self.member(member_id).ok_or(GroupError::UnknownMemberId)?;
        let protocol = member.says.classic.as_ref().and_then(|words| words.protocols.first());
        Ok(Joined {
            error: None,
            generation: member.epoch(),
            protocol_type: Some(CONSUMER.to_owned()),
            protocol_name: protocol.map(|protocol| protocol.name.clone()),
            leader: String::new(),
            skip_assignment: false,
            member_id: member_id.to_string(),
            members: Vec::new(),
        })
    }
}
