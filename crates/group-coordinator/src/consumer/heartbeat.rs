//! ConsumerGroupHeartbeat: a member joins, is alive, changes what it reads, says what it has, or leaves.
//!
//! 1. The member says who it is (`epochs`), and what it reads. Where that is news, the group's epoch rises.
//! 2. Where the target assignment is of an earlier epoch, it is made anew, off the loop: the heartbeat pauses.
//! 3. The member goes one step towards its target (`reconcile`), and is told where it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use types::TopicName;

use super::draft::Draft;
use super::job::{AssignmentJob, ResolveTopics};
use super::member::{Current, Member, Says, partitions_of};
use super::paused::{Paused, PausedHeartbeat};
use super::reconcile::Reconciliation;
use super::{ConsumerGroup, ConsumerHeartbeat, Heard, HeardReply, MemberState};
use crate::GroupError;
use crate::assignors::{Assignment, Subscription};
use crate::classic::Turn;
use crate::records::ConsumerRecord;
use crate::timers::MemberId;

/// What came of the first half of a request.
#[derive(Debug)]
pub(super) enum Introduced {
    /// It goes on at once.
    Ready(Paused),
    /// When this is done.
    Waits(Box<AssignmentJob>),
}

impl ConsumerGroup {
    /// The first half: who the member is, what it reads, and whether that needs a new target assignment. `draft` has
    /// what made the group a consumer group, if it was none.
    ///
    /// # Errors
    /// `GroupMaxSizeReached`; those of [`Self::seat_for`]; `InvalidRegularExpression`; `TooLarge`. Nothing has changed
    /// then.
    pub(super) fn introduce(
        &mut self,
        request: &ConsumerHeartbeat,
        mut draft: Draft,
        turn: &mut Turn<'_>,
    ) -> Result<Introduced, GroupError> {
        let member_id = match request.member_id.as_str() {
            "" => MemberId::from(request.fresh_id.to_string()),
            member_id => MemberId::from(member_id),
        };
        self.validate_size(&member_id, turn)?;
        let member = self.seat_for(&member_id, request, &mut draft)?;
        let says = self.says_now(&member.says, request);
        let change = self.change_subscription(&member, &says, request.is_regex_valid, &mut draft, turn)?;
        let is_looked_at =
            self.maybe_raise_epoch(&member, &says, change.raises_epoch || self.is_upgraded, &mut draft, turn);
        self.commit(draft, turn)?;
        self.is_upgraded = false;
        if is_looked_at {
            self.topics_were_looked_at(turn);
        }
        // Already here: the other half may never come.
        self.restart_session(&member_id, turn);
        let resolve = change.resolve.map(|regexes| self.hand_out_regexes(regexes, turn));
        let is_full = request.rebalance_timeout_ms.is_some()
            && (request.subscribed_topics.is_some() || request.subscribed_regex.is_some())
            && request.owned.is_some();
        let paused = Paused::Heartbeat(PausedHeartbeat {
            member_id,
            owned: request.owned.clone(),
            has_subscription_changed: change.has_changed,
            before: member.current,
            is_full: is_full || request.member_epoch == 0,
            resolve,
        });
        Ok(self.assign_or_go_on(paused, turn))
    }

    /// What the member says from here on: what the request does not say stays.
    fn says_now(&self, before: &Says, request: &ConsumerHeartbeat) -> Says {
        let names = request.subscribed_topics.as_ref().map(|names| {
            let names: BTreeSet<&TopicName> = names.iter().collect();
            names.into_iter().cloned().collect()
        });
        let pattern = request.subscribed_regex.as_deref().map(|regex| Some(Arc::from(regex)));
        let subscription = Subscription {
            names: names.unwrap_or_else(|| before.subscription.names.clone()),
            pattern: pattern.unwrap_or_else(|| before.subscription.pattern.clone()),
        };
        let instance_id = request.group_instance_id.as_deref().map(Arc::from);
        Says {
            group_instance_id: instance_id.or_else(|| before.group_instance_id.clone()),
            rack_id: request.rack_id.clone().or_else(|| before.rack_id.clone()),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            subscription: self.shared(subscription, before),
            rebalance_timeout_ms: request.rebalance_timeout_ms.unwrap_or(before.rebalance_timeout_ms),
            server_assignor: request.server_assignor.clone().or_else(|| before.server_assignor.clone()),
            classic: None,
        }
    }

    /// Members that subscribe to the same share one description of it: that of the member before, or of the first.
    pub(super) fn shared(&self, subscription: Subscription, before: &Says) -> Arc<Subscription> {
        let first = self.members().next().map(|member| &member.says.subscription);
        let same = [Some(&before.subscription), first].into_iter().flatten().find(|it| ***it == subscription);
        same.cloned().unwrap_or_else(|| Arc::new(subscription))
    }

    /// The second half: the member goes towards its target, and is told.
    ///
    /// # Errors
    /// `UnknownMemberId` where it has gone meanwhile; `FencedMemberEpoch`, see [`Reconciliation::next`]; `TooLarge`.
    fn settle_heartbeat(
        &mut self,
        paused: &PausedHeartbeat,
        turn: &mut Turn<'_>,
    ) -> Result<Heard, GroupError> {
        let PausedHeartbeat { member_id, owned, has_subscription_changed, .. } = paused;
        let current = self.reconcile(member_id, owned.as_ref(), *has_subscription_changed, turn)?;
        self.restart_session(member_id, turn);
        let is_told = paused.is_full || current.assigned != paused.before.assigned;
        Ok(Heard {
            member_id: member_id.to_string(),
            member_epoch: current.epoch,
            heartbeat_interval_ms: turn.group_settings(&self.id).heartbeat_interval_ms,
            assignment: is_told.then(|| partitions_of(&current.assigned)),
        })
    }

    /// See [`Self::settle_heartbeat`].
    pub(super) fn heard(&mut self, paused: PausedHeartbeat, turn: &mut Turn<'_>) -> HeardReply {
        let answer = self.settle_heartbeat(&paused, turn);
        HeardReply { answer, resolve: paused.resolve }
    }

    /// Takes a member a step towards its target assignment; where it then is.
    pub(super) fn reconcile(
        &mut self,
        member_id: &MemberId,
        said: Option<&Assignment>,
        has_subscription_changed: bool,
        turn: &mut Turn<'_>,
    ) -> Result<Arc<Current>, GroupError> {
        let member = self.member(member_id).ok_or(GroupError::UnknownMemberId)?;
        let next = self.next_of(member, said, has_subscription_changed, turn)?;
        if next == *member.current {
            return Ok(member.current.clone());
        }
        let (is_classic, next) = (member.is_classic(), Arc::new(next));
        let mut draft = Draft::default();
        draft.push(ConsumerRecord::Current(member_id.clone(), Some(next.clone())));
        self.commit(draft, turn)?;
        // Members that speak the classic protocol have to join and to sync in time instead.
        if !is_classic {
            match next.state {
                MemberState::UnrevokedPartitions => self.start_rebalance_alarm(member_id, turn),
                _ => self.stop_rebalance_alarm(member_id, turn),
            }
        }
        Ok(next)
    }

    /// Where the member would be after a step towards its target.
    pub(super) fn next_of(
        &self,
        member: &Member,
        said: Option<&Assignment>,
        has_subscription_changed: bool,
        turn: &Turn<'_>,
    ) -> Result<Current, GroupError> {
        let target = self.target_of(&member.id);
        let says = &member.says;
        let is_subscribed = |topic| {
            let name = turn.topics.cluster().topic_name(topic);
            name.is_some_and(|name| self.subscriptions.is_read_by(says, &name))
        };
        let resolved = says.regex().and_then(|regex| self.subscriptions.resolved(regex));
        let reads_nothing =
            says.subscription.names.is_empty() && resolved.is_none_or(|resolved| resolved.topics.is_empty());
        let reconciliation = Reconciliation {
            epoch: self.assignment_epoch(),
            target: &target,
            has_subscription_changed,
            reads_nothing,
            is_subscribed: &is_subscribed,
            is_owned: &|topic, partition| self.is_owned(topic, partition),
            said,
        };
        reconciliation.next(member)
    }

    /// A job for the caller of a heartbeat.
    fn hand_out_regexes(&mut self, regexes: BTreeSet<Arc<str>>, turn: &Turn<'_>) -> ResolveTopics {
        let job = self.next_job(turn.now.uptime_ms);
        self.resolving = Some(job);
        ResolveTopics {
            group_id: self.id.to_string(),
            regexes,
            cluster: turn.topics.cluster().clone(),
            number: job.number,
            at_ms: turn.now.clock_ms,
        }
    }
}
