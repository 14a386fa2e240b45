//! GroupMetadata: a classic group as the log keeps it, after each generation that its leader assigned.
//!
//! Written at version 3, as Kafka does whatever the cluster's metadata version; read at 0 to 4: 1 added the rebalance
//! timeout, 2 since when the group is in its state, 3 static members (KIP-345), 4 tagged fields.

use bytes::Bytes;
use coordinator::{CoordinatorRecord, MalformedRecord};
use protocol::Writer;
use protocol::records::group_metadata_key::GroupMetadataKey;
use protocol::records::group_metadata_value::{GroupMetadataValue, MemberMetadata};

use super::versioned;

const VALUE_VERSION: i16 = 3;
const KIND: &str = "GroupMetadata";

/// What the log says about a classic group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GroupMetadata {
    pub(crate) generation: i32,
    /// `None` where the group only keeps offsets, or never had a member.
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol_name: Option<String>,
    pub(crate) leader: Option<String>,
    /// Wall clock; logs older than Kafka 2.1 do not say.
    pub(crate) state_since_ms: Option<i64>,
    pub(crate) members: Vec<LoadedMember>,
}

/// A member as the log keeps it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoadedMember {
    pub(crate) member_id: String,
    pub(crate) group_instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) rebalance_timeout_ms: i32,
    pub(crate) session_timeout_ms: i32,
    /// For the protocol chosen; what it said for the others is not kept.
    pub(crate) subscription: Bytes,
    pub(crate) assignment: Bytes,
}

impl GroupMetadata {
    /// Reads a value.
    pub(crate) fn read(value: &Bytes) -> Result<Self, MalformedRecord> {
        let value = versioned(KIND, value, GroupMetadataValue::decode)?;
        let members = value.members.into_iter().map(|member| LoadedMember {
            rebalance_timeout_ms: match member.rebalance_timeout {
                -1 => member.session_timeout,
                timeout_ms => timeout_ms,
            },
            session_timeout_ms: member.session_timeout,
            member_id: member.member_id,
            group_instance_id: member.group_instance_id,
            client_id: member.client_id,
            client_host: member.client_host,
            // Copies: what is kept for long shall not keep the batch it came in.
            subscription: Bytes::copy_from_slice(&member.subscription),
            assignment: Bytes::copy_from_slice(&member.assignment),
        });
        Ok(Self {
            generation: value.generation,
            members: members.collect(),
            protocol_type: Some(value.protocol_type).filter(|kind| !kind.is_empty()),
            protocol_name: value.protocol,
            leader: value.leader,
            state_since_ms: Some(value.current_state_timestamp).filter(|timestamp| *timestamp != -1),
        })
    }
}

/// The record that keeps a group.
pub(crate) fn group_metadata_record(group_id: &str, group: GroupMetadata) -> CoordinatorRecord {
    let members = group.members.into_iter().map(|member| MemberMetadata {
        member_id: member.member_id,
        group_instance_id: member.group_instance_id,
        client_id: member.client_id,
        client_host: member.client_host,
        rebalance_timeout: member.rebalance_timeout_ms,
        session_timeout: member.session_timeout_ms,
        subscription: member.subscription,
        assignment: member.assignment,
        unknown_tagged_fields: Default::default(),
    });
    let value = GroupMetadataValue {
        protocol_type: group.protocol_type.unwrap_or_default(),
        generation: group.generation,
        protocol: group.protocol_name,
        leader: group.leader,
        current_state_timestamp: group.state_since_ms.unwrap_or(-1),
        members: members.collect(),
        unknown_tagged_fields: Default::default(),
    };
    let mut writer = Writer::new();
    writer.i16(VALUE_VERSION);
    value.encode(&mut writer, VALUE_VERSION).expect("strings from requests are short enough for records");
    CoordinatorRecord { key: key(group_id), value: Some(writer.into_bytes()) }
}

/// The record that ends a group.
pub(crate) fn group_metadata_tombstone(group_id: &str) -> CoordinatorRecord {
    CoordinatorRecord { key: key(group_id), value: None }
}

fn key(group_id: &str) -> Bytes {
    let mut writer = Writer::new();
    writer.i16(GroupMetadataKey::API_KEY);
    let key = GroupMetadataKey { group: group_id.to_owned() };
    key.encode(&mut writer, 0).expect("strings from requests are short enough for records");
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::group_of;

    /// Keys and values that Kafka 4.3.1 wrote: `GroupScenarios.java --bytes`.
    const KAFKA: &str = include_str!("../../testdata/group-metadata-4.3.1.hex");

    fn bytes(hex: &str) -> Bytes {
        let digit = |digit: u8| char::from(digit).to_digit(16).expect("hexadecimal") as u8;
        hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    #[test]
    fn what_kafka_wrote_is_written_again_byte_for_byte() {
        let mut static_members = 0;
        for line in KAFKA.lines() {
            let (key, value) = line.split_once(' ').expect("a key and a value");
            let group_id = group_of(&bytes(key)).expect("a key");
            if value == "-" {
                let written = group_metadata_tombstone(&group_id);
                assert_eq!(written, CoordinatorRecord { key: bytes(key), value: None });
                continue;
            }
            let group = GroupMetadata::read(&bytes(value)).expect("a value");
            static_members +=
                group.members.iter().filter(|member| member.group_instance_id.is_some()).count();
            let written = group_metadata_record(&group_id, group);
            assert_eq!(written, CoordinatorRecord { key: bytes(key), value: Some(bytes(value)) });
        }
        assert!(KAFKA.lines().count() > 20 && static_members > 5);
    }

    #[test]
    fn older_versions_are_read_and_lack_what_came_later() {
        let member = MemberMetadata {
            member_id: "m".to_owned(),
            group_instance_id: Some("i".to_owned()),
            rebalance_timeout: 7,
            session_timeout: 9,
            ..MemberMetadata::default()
        };
        let value = GroupMetadataValue {
            current_state_timestamp: 5,
            members: vec![member],
            ..GroupMetadataValue::default()
        };
        for version in 0..=4 {
            let mut writer = Writer::new();
            writer.i16(version);
            value.encode(&mut writer, version).expect("all fields may be dropped");
            let group = GroupMetadata::read(&writer.into_bytes()).expect("a value");
            assert_eq!(group.state_since_ms, (version >= 2).then_some(5));
            assert_eq!(group.members[0].rebalance_timeout_ms, if version >= 1 { 7 } else { 9 });
            assert_eq!(group.members[0].group_instance_id.is_some(), version >= 3);
        }
    }

    #[test]
    fn a_version_that_nobody_knows_is_malformed() {
        assert!(GroupMetadata::read(&Bytes::from_static(&[0, 5, 0, 0])).is_err());
        assert!(GroupMetadata::read(&Bytes::from_static(&[0, 3, 0])).is_err());
    }
}
