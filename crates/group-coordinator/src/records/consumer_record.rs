//! What the log keeps of a consumer group (KIP-848), a record of which is one fact.
//!
//! | type | key | value |
//! |---|---|---|
//! | 3 | group | group epoch, hash of the topics that are read (KIP-1101) |
//! | 4 | group | of Kafka before 4.1: the topics themselves; ended with the next change of the group |
//! | 5 | group, member | what the member says of itself |
//! | 6 | group | epoch and time of the target assignment |
//! | 7 | group, member | what the member is to have |
//! | 8 | group, member | what the member has |
//! | 16 | group, pattern | the topics that a pattern means |
//!
//! All are written, and read, at version 0.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use coordinator::{CoordinatorRecord, MalformedRecord};
use protocol::records::consumer_group_current_member_assignment_value::{
    ConsumerGroupCurrentMemberAssignmentValue, TopicPartitions,
};
use protocol::records::consumer_group_member_metadata_value::{
    ClassicMemberMetadata, ClassicProtocol, ConsumerGroupMemberMetadataValue,
};
use protocol::records::consumer_group_metadata_value::ConsumerGroupMetadataValue;
use protocol::records::consumer_group_partition_metadata_value::ConsumerGroupPartitionMetadataValue;
use protocol::records::consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue;
use protocol::records::consumer_group_target_assignment_member_value::{
    ConsumerGroupTargetAssignmentMemberValue, TopicPartition,
};
use protocol::records::consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue;
use protocol::{EncodeError, Message, Reader, Writer};
use types::{PartitionIndex, TopicName, Uuid};

use super::versioned;
use crate::assignors::{Assignment, Subscription, TopicAssignment};
use crate::classic::Protocol;
use crate::consumer::{ClassicWords, Current, MemberState, Owned, Resolved, Says, TargetEpoch};
use crate::timers::MemberId;

const VERSION: i16 = 0;
/// The types, as keys begin with them.
mod key_type {
    pub(super) const GROUP: i16 = 3;
    pub(super) const TOPICS: i16 = 4;
    pub(super) const MEMBER: i16 = 5;
    pub(super) const TARGET_EPOCH: i16 = 6;
    pub(super) const TARGET: i16 = 7;
    pub(super) const CURRENT: i16 = 8;
    pub(super) const REGEX: i16 = 16;
}

/// One record about a consumer group; `None` where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConsumerRecord {
    /// That there is such a group.
    Group(Option<GroupEpoch>),
    /// Whether Kafka before 4.1 wrote down the topics.
    Topics {
        are_there: bool,
    },
    Member(MemberId, Option<Arc<Says>>),
    TargetEpoch(Option<TargetEpoch>),
    Target(MemberId, Option<Arc<Assignment>>),
    Current(MemberId, Option<Arc<Current>>),
    Regex(Arc<str>, Option<Resolved>),
}

/// What the group's own record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupEpoch {
    pub(crate) epoch: i32,
    pub(crate) metadata_hash: i64,
}

impl ConsumerRecord {
    /// Whether something ends.
    pub(crate) fn is_end(&self) -> bool {
        match self {
            Self::Group(group) => group.is_none(),
            Self::Topics { are_there } => !are_there,
            Self::Member(_, says) => says.is_none(),
            Self::TargetEpoch(target) => target.is_none(),
            Self::Target(_, target) => target.is_none(),
            Self::Current(_, current) => current.is_none(),
            Self::Regex(_, resolved) => resolved.is_none(),
        }
    }

    /// The record as the log has it.
    pub(crate) fn encode(&self, group_id: &str) -> CoordinatorRecord {
        let (number, part, value) = match self {
            Self::Group(group) => (key_type::GROUP, None, group.map(encode_group)),
            // Nobody writes the topics any more.
            Self::Topics { .. } => (key_type::TOPICS, None, None),
            Self::Member(id, says) => (key_type::MEMBER, Some(id), says.as_deref().map(encode_says)),
            Self::TargetEpoch(target) => (key_type::TARGET_EPOCH, None, target.map(encode_target_epoch)),
            Self::Target(id, target) => (key_type::TARGET, Some(id), target.as_deref().map(encode_target)),
            Self::Current(id, current) => {
                (key_type::CURRENT, Some(id), current.as_deref().map(encode_current))
            }
            Self::Regex(regex, resolved) => {
                (key_type::REGEX, Some(regex), resolved.as_ref().map(encode_resolved))
            }
        };
        let mut key = Writer::new();
        key.i16(number);
        let strings = std::iter::once(group_id).chain(part.map(|part| &**part));
        let written = strings.into_iter().try_for_each(|text| key.string(text, false, "Key"));
        written.expect("strings from requests are short enough for records");
        CoordinatorRecord { key: key.into_bytes(), value }
    }

    /// Reads a record; the group's id comes with it.
    ///
    /// # Errors
    /// Where Kafka could not load it: key or value are cut off or of another version, an epoch or a time is none, or a
    /// target assignment names a topic twice.
    pub(crate) fn read(record: &CoordinatorRecord) -> Result<(String, Self), MalformedRecord> {
        let (number, group_id, part) = read_key(&record.key)?;
        let value = record.value.as_ref();
        let read = match number {
            key_type::GROUP => Self::Group(value.map(read_group).transpose()?),
            key_type::TOPICS => {
                value.map(decode::<ConsumerGroupPartitionMetadataValue>).transpose()?;
                Self::Topics { are_there: value.is_some() }
            }
            key_type::MEMBER => Self::Member(part, value.map(read_says).transpose()?.map(Arc::new)),
            key_type::TARGET_EPOCH => Self::TargetEpoch(value.map(read_target_epoch).transpose()?),
            key_type::TARGET => Self::Target(part, value.map(read_target).transpose()?.map(Arc::new)),
            key_type::CURRENT => Self::Current(part, value.map(read_current).transpose()?.map(Arc::new)),
            _ => Self::Regex(part, value.map(read_resolved).transpose()?),
        };
        Ok((group_id, read))
    }
}

fn read_key(key: &Bytes) -> Result<(i16, String, Arc<str>), MalformedRecord> {
    versioned("record key", key, |reader, number| {
        let group_id = reader.string(false)?;
        let has_part =
            matches!(number, key_type::MEMBER | key_type::TARGET | key_type::CURRENT | key_type::REGEX);
        let part = if has_part { reader.string(false)? } else { String::new() };
        Ok((number, group_id, Arc::from(part)))
    })
}

fn decode<V: Message>(value: &Bytes) -> Result<V, MalformedRecord> {
    versioned(V::NAME, value, |reader: &mut Reader, version| V::decode(reader, version))
}

fn encode<V: Message>(value: &V) -> Bytes {
    let mut writer = Writer::new();
    writer.i16(VERSION);
    let written: Result<(), EncodeError> = value.encode(&mut writer, VERSION);
    written.expect("strings from requests are short enough for records");
    writer.into_bytes()
}

fn encode_group(group: GroupEpoch) -> Bytes {
    let GroupEpoch { epoch, metadata_hash } = group;
    encode(&ConsumerGroupMetadataValue { epoch, metadata_hash, unknown_tagged_fields: Default::default() })
}

fn read_group(value: &Bytes) -> Result<GroupEpoch, MalformedRecord> {
    let ConsumerGroupMetadataValue { epoch, metadata_hash, .. } = decode(value)?;
    Ok(GroupEpoch { epoch, metadata_hash })
}

fn encode_says(says: &Says) -> Bytes {
    let protocol = |protocol: &Protocol| ClassicProtocol {
        name: protocol.name.clone(),
        metadata: protocol.metadata.clone(),
        unknown_tagged_fields: Default::default(),
    };
    let classic = |words: &ClassicWords| ClassicMemberMetadata {
        session_timeout_ms: words.session_timeout_ms,
        supported_protocols: words.protocols.iter().map(protocol).collect(),
        unknown_tagged_fields: Default::default(),
    };
    encode(&ConsumerGroupMemberMetadataValue {
        instance_id: says.group_instance_id.as_deref().map(str::to_owned),
        rack_id: says.rack_id.clone(),
        client_id: says.client_id.clone(),
        client_host: says.client_host.clone(),
        subscribed_topic_names: says.subscription.names.iter().map(|name| name.to_string()).collect(),
        subscribed_topic_regex: says.subscription.pattern.as_deref().map(str::to_owned),
        rebalance_timeout_ms: says.rebalance_timeout_ms,
        server_assignor: says.server_assignor.clone(),
        classic_member_metadata: says.classic.as_ref().map(classic).map(Box::new),
        unknown_tagged_fields: Default::default(),
    })
}

fn read_says(value: &Bytes) -> Result<Says, MalformedRecord> {
    let value: ConsumerGroupMemberMetadataValue = decode(value)?;
    let names: BTreeSet<TopicName> = value.subscribed_topic_names.into_iter().map(TopicName::from).collect();
    let protocol = |protocol: ClassicProtocol| Protocol {
        name: protocol.name,
        // A copy: what is kept for long shall not keep the batch it came in.
        metadata: Bytes::copy_from_slice(&protocol.metadata),
    };
    let classic = |words: Box<ClassicMemberMetadata>| ClassicWords {
        session_timeout_ms: words.session_timeout_ms,
        protocols: words.supported_protocols.into_iter().map(protocol).collect(),
    };
    Ok(Says {
        group_instance_id: value.instance_id.map(Arc::from),
        rack_id: value.rack_id,
        client_id: value.client_id,
        client_host: value.client_host,
        subscription: Arc::new(Subscription {
            names: names.into_iter().collect(),
            pattern: value.subscribed_topic_regex.map(Arc::from),
        }),
        rebalance_timeout_ms: value.rebalance_timeout_ms,
        server_assignor: value.server_assignor,
        classic: value.classic_member_metadata.map(classic),
    })
}

fn encode_target_epoch(target: TargetEpoch) -> Bytes {
    let TargetEpoch { epoch: assignment_epoch, made_at_ms: assignment_timestamp } = target;
    encode(&ConsumerGroupTargetAssignmentMetadataValue {
        assignment_epoch,
        assignment_timestamp,
        unknown_tagged_fields: Default::default(),
    })
}

fn read_target_epoch(value: &Bytes) -> Result<TargetEpoch, MalformedRecord> {
    let value: ConsumerGroupTargetAssignmentMetadataValue = decode(value)?;
    if value.assignment_epoch < -1 || value.assignment_timestamp < 0 {
        let reason = format!("epoch {} of {}", value.assignment_epoch, value.assignment_timestamp);
        return Err(MalformedRecord { kind: "ConsumerGroupTargetAssignmentMetadata", reason });
    }
    Ok(TargetEpoch { epoch: value.assignment_epoch, made_at_ms: value.assignment_timestamp })
}

fn encode_target(target: &Assignment) -> Bytes {
    let of_topic = |topic: &TopicAssignment| TopicPartition {
        topic_id: topic.topic_id,
        partitions: numbers(topic.partitions.iter()),
        unknown_tagged_fields: Default::default(),
    };
    encode(&ConsumerGroupTargetAssignmentMemberValue {
        topic_partitions: target.topics.iter().map(of_topic).collect(),
        unknown_tagged_fields: Default::default(),
    })
}

fn read_target(value: &Bytes) -> Result<Assignment, MalformedRecord> {
    let value: ConsumerGroupTargetAssignmentMemberValue = decode(value)?;
    let mut seen = BTreeSet::new();
    let mut topics = Vec::with_capacity(value.topic_partitions.len());
    for TopicPartition { topic_id, partitions, .. } in value.topic_partitions {
        if !seen.insert(topic_id) {
            let reason = format!("it names the topic {topic_id} twice");
            return Err(MalformedRecord { kind: "ConsumerGroupTargetAssignmentMember", reason });
        }
        let mut seen = BTreeSet::new();
        let partitions = partitions.into_iter().filter(|partition| seen.insert(*partition));
        topics.push(TopicAssignment { topic_id, partitions: partitions.map(PartitionIndex).collect() });
    }
    Ok(Assignment { topics })
}

fn encode_current(current: &Current) -> Bytes {
    encode(&ConsumerGroupCurrentMemberAssignmentValue {
        member_epoch: current.epoch,
        previous_member_epoch: current.previous_epoch,
        state: current.state.number(),
        assigned_partitions: encode_owned(&current.assigned),
        partitions_pending_revocation: encode_owned(&current.revoking),
        unknown_tagged_fields: Default::default(),
    })
}

fn encode_owned(owned: &Owned) -> Vec<TopicPartitions> {
    let of_topic = |(topic_id, partitions): (&Uuid, &BTreeMap<PartitionIndex, i32>)| TopicPartitions {
        topic_id: *topic_id,
        partitions: numbers(partitions.keys()),
        assignment_epochs: Some(partitions.values().copied().collect()),
        unknown_tagged_fields: Default::default(),
    };
    owned.iter().map(of_topic).collect()
}

fn read_current(value: &Bytes) -> Result<Current, MalformedRecord> {
    let value: ConsumerGroupCurrentMemberAssignmentValue = decode(value)?;
    let epoch = value.member_epoch;
    Ok(Current {
        epoch,
        previous_epoch: value.previous_member_epoch,
        state: MemberState::of(value.state),
        assigned: read_owned(value.assigned_partitions, epoch),
        revoking: read_owned(value.partitions_pending_revocation, epoch),
    })
}

/// Kafka before 4.2 does not say in which epoch a partition was assigned: not after the member's own.
fn read_owned(topics: Vec<TopicPartitions>, member_epoch: i32) -> Owned {
    let of_topic = |TopicPartitions { topic_id, partitions, assignment_epochs, .. }: TopicPartitions| {
        let epochs = assignment_epochs.filter(|epochs| epochs.len() == partitions.len());
        let epochs = epochs.unwrap_or_else(|| vec![member_epoch.max(0); partitions.len()]);
        (topic_id, partitions.into_iter().map(PartitionIndex).zip(epochs).collect())
    };
    topics.into_iter().map(of_topic).collect()
}

fn encode_resolved(resolved: &Resolved) -> Bytes {
    encode(&ConsumerGroupRegularExpressionValue {
        topics: resolved.topics.iter().map(|topic| topic.to_string()).collect(),
        version: resolved.version,
        timestamp: resolved.at_ms,
        unknown_tagged_fields: Default::default(),
    })
}

fn read_resolved(value: &Bytes) -> Result<Resolved, MalformedRecord> {
    let value: ConsumerGroupRegularExpressionValue = decode(value)?;
    let topics = value.topics.into_iter().map(TopicName::from).collect();
    Ok(Resolved { topics, version: value.version, at_ms: value.timestamp })
}

fn numbers<'a>(partitions: impl Iterator<Item = &'a PartitionIndex>) -> Vec<i32> {
    partitions.map(|PartitionIndex(index)| *index).collect()
}
