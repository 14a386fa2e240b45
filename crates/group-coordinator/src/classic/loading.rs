//! A group from its record, and its first moments on a broker that has just loaded it.

use coordinator::MalformedRecord;

use super::group::discount;
use super::member::{Member, Says};
use super::rebalance::restart_session;
use super::{ClassicGroup, ClassicState, Protocol, Turn};
use crate::records::GroupMetadata;
use crate::timers::{Alarm, GroupId, MemberId};

impl ClassicGroup {
    /// The group as its record has it: stable if it has members, else empty. Members that were joining are not in the
    /// log, and will join again.
    pub(crate) fn replayed(id: GroupId, record: GroupMetadata) -> Result<Self, MalformedRecord> {
        let mut group = Self::new(id, 0);
        group.state = if record.members.is_empty() { ClassicState::Empty } else { ClassicState::Stable };
        group.state_since_ms = record.state_since_ms;
        group.generation = record.generation;
        group.leader = record.leader.map(MemberId::from);
        let protocol_type = record.protocol_type.clone().unwrap_or_default();
        let protocol_name = record.protocol_name.clone().unwrap_or_default();
        for member in record.members {
            let instance_id = member.group_instance_id.as_deref();
            if let Some(instance_id) = instance_id.filter(|id| group.static_members.contains_key(*id)) {
                let reason = format!("the group {} has the static member {instance_id} twice", group.id);
                return Err(MalformedRecord { kind: "GroupMetadata", reason });
            }
            group.forget_loaded(&member.member_id);
            let loaded = Member {
                id: MemberId::from(member.member_id),
                group_instance_id: member.group_instance_id,
                client_id: member.client_id,
                client_host: member.client_host,
                says: Says {
                    rebalance_timeout_ms: member.rebalance_timeout_ms,
                    session_timeout_ms: member.session_timeout_ms,
                    protocols: vec![Protocol { name: protocol_name.clone(), metadata: member.subscription }],
                },
                assignment: member.assignment,
                awaiting_join: None,
                awaiting_sync: None,
                is_new: false,
                session: Alarm::default(),
            };
            group.add(loaded, &protocol_type);
        }
        group.protocol_type = record.protocol_type;
        group.protocol_name = record.protocol_name;
        group.subscribed_topics = group.read_subscriptions();
        Ok(group)
    }

    /// Of members of one id in a record the last counts, as in Kafka.
    fn forget_loaded(&mut self, member_id: &str) {
        let Some(earlier) = self.members.remove(member_id) else { return };
        discount(&mut self.supporters, &earlier.says.protocols);
        if let Some(instance_id) = &earlier.group_instance_id {
            self.static_members.remove(instance_id);
        }
    }

    /// The whole log is read: sessions start. A group that is larger than it may be by now joins anew, so that its
    /// members can commit before some of them are out.
    pub(crate) fn loaded(&mut self, turn: &mut Turn<'_>) {
        for member in self.members.values_mut() {
            restart_session(&self.id, member, turn);
        }
        if self.members.len() > turn.settings.members_max {
            self.prepare_rebalance(turn);
        }
    }
}
