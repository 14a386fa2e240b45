//! DescribeGroups, for one group.

use bytes::Bytes;

use super::member::Member;
use super::{ClassicGroup, ClassicGroupDescription, ClassicState, MemberDescription};

impl ClassicGroup {
    pub(crate) fn describe(&self) -> ClassicGroupDescription {
        let protocol_name = match self.state {
            ClassicState::Stable => self.protocol_name.clone(),
            _ => None,
        };
        let member = |member: &Member| MemberDescription {
            member_id: member.id.to_string(),
            group_instance_id: member.group_instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: protocol_name.as_deref().map_or_else(Bytes::new, |name| member.metadata(name)),
            assignment: member.assignment.clone(),
        };
        ClassicGroupDescription {
            state: self.state.name(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            members: self.members().map(member).collect(),
            protocol_name: protocol_name.unwrap_or_default(),
        }
    }
}
