//! How a member leaves its group: when the application unsubscribes or closes, and when it does not poll.

use protocol::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use tokio::time::Instant;

use super::ConsumerMachine;
use super::effect::CoordinatorCall;
use super::membership::{CallbackKind, Membership, Stage};
use super::subscription::Subscription;
use crate::consumer::GroupProtocol;

impl ConsumerMachine {
    /// Ends the membership: what the application is to be told first.
    pub(crate) fn begin_leaving(&mut self) {
        self.membership.callbacks.clear();
        if !self.subscription.is_of_group() {
            return;
        }
        let is_member = self.membership.has_generation() && self.membership.fatal.is_none();
        let kind = if is_member { CallbackKind::Revoked } else { CallbackKind::Lost };
        self.give_up(kind, self.assignment());
        // Nothing more is begun; the heart goes on beating.
        self.membership.stage = Stage::Leaving;
        self.membership.attempt += 1;
        self.membership.is_beating = false;
    }

    /// Leaves the group and forgets what was read.
    pub(crate) fn leave(&mut self, why: &str, now: Instant) {
        self.send_leave(why);
        let (fatal, is_leaving) = (self.membership.fatal.take(), self.membership.is_leaving);
        let attempt = self.membership.attempt + 1;
        // A static member that was fenced stays out.
        self.membership = Membership { fatal, is_leaving, attempt, ..self.membership.anew(now) };
        self.subscription = Subscription::Nothing;
        self.set_partitions(&[]);
        self.errors.clear();
    }

    /// Static members of a classic group do not leave: they are expected back within their session (KIP-345).
    pub(super) fn send_leave(&mut self, why: &str) {
        if self.config.group_protocol == GroupProtocol::Consumer {
            return self.send_consumer_leave();
        }
        let membership = &self.membership;
        let is_static = self.config.group_instance_id.is_some();
        if membership.member_id.is_empty()
            || is_static
            || membership.fatal.is_some()
            || !self.has_coordinator()
        {
            return;
        }
        let member_id = self.membership.member_id.clone();
        let identity = MemberIdentity {
            member_id: member_id.clone(),
            reason: Some(why.to_owned()),
            ..MemberIdentity::default()
        };
        self.membership.is_leaving = true;
        self.call_coordinator(CoordinatorCall::Leave(LeaveGroupRequest {
            group_id: self.config.group_id.clone().unwrap_or_default(),
            member_id,
            members: vec![identity],
            ..LeaveGroupRequest::default()
        }));
    }

    /// Whether nothing is under way that somebody else should hear of.
    pub(crate) fn has_left(&self) -> bool {
        !self.membership.is_leaving
    }
}
