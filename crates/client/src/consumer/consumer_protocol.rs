//! The consumers' own protocol inside the group protocol: subscriptions and assignments, each after its version.
//!
//! Versions of subscriptions: 1 added what a member owns (KIP-429), 2 the generation of that (KIP-792), 3 the rack
//! (KIP-881). Whoever reads a newer version than it knows, reads what it knows.

use std::collections::BTreeMap;

use bytes::Bytes;
use protocol::records::consumer_protocol_assignment::{
    ConsumerProtocolAssignment, TopicPartition as AssignedTopic,
};
use protocol::records::consumer_protocol_subscription::{
    ConsumerProtocolSubscription, TopicPartition as OwnedTopic,
};
use protocol::{DecodeError, Reader, Writer};
use types::{TopicName, TopicPartition};

use crate::consumer::assignor::MemberSubscription;

/// The type of groups of consumers.
pub(super) const PROTOCOL_TYPE: &str = "consumer";

/// The newest version of both.
const NEWEST: i16 = 3;

/// What a member says when it joins.
pub(super) fn encode_subscription(member: &MemberSubscription) -> Bytes {
    let owned = by_topic(&member.owned);
    let message = ConsumerProtocolSubscription {
        topics: member.topics.iter().map(|topic| topic.to_string()).collect(),
        user_data: member.user_data.clone().map(Bytes::from),
        owned_partitions: owned
            .into_iter()
            .map(|(topic, partitions)| OwnedTopic { topic, partitions })
            .collect(),
        generation_id: member.generation.unwrap_or(-1),
        rack_id: member.rack.clone(),
    };
    let mut writer = Writer::new();
    writer.i16(NEWEST);
    message.encode(&mut writer, NEWEST).expect("names of topics are short, and version 3 has all fields");
    writer.into_bytes()
}

/// What a member said.
pub(super) fn decode_subscription(bytes: Bytes) -> Result<MemberSubscription, DecodeError> {
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?.clamp(0, NEWEST);
    let message = ConsumerProtocolSubscription::decode(&mut reader, version)?;
    let owned = message.owned_partitions.into_iter().flat_map(|topic| {
        let name: TopicName = topic.topic.into();
        topic.partitions.into_iter().map(move |index| TopicPartition::new(name.clone(), index))
    });
    Ok(MemberSubscription {
        instance_id: None,
        topics: message.topics.into_iter().map(TopicName::from).collect(),
        owned: owned.collect(),
        generation: Some(message.generation_id).filter(|_| version >= 2 && message.generation_id >= 0),
        user_data: message.user_data.map(|bytes| bytes.to_vec()),
        rack: message.rack_id,
    })
}

/// What the leader gives a member.
pub(super) fn encode_assignment(partitions: &[TopicPartition]) -> Bytes {
    let assigned = by_topic(partitions);
    let message = ConsumerProtocolAssignment {
        assigned_partitions: assigned
            .into_iter()
            .map(|(topic, partitions)| AssignedTopic { topic, partitions })
            .collect(),
        user_data: None,
    };
    let mut writer = Writer::new();
    writer.i16(NEWEST);
    message.encode(&mut writer, NEWEST).expect("names of topics are short, and version 3 has all fields");
    writer.into_bytes()
}

/// What a member was given; no bytes are no partitions.
pub(super) fn decode_assignment(bytes: Bytes) -> Result<Vec<TopicPartition>, DecodeError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(bytes);
    let version = reader.i16()?.clamp(0, NEWEST);
    let message = ConsumerProtocolAssignment::decode(&mut reader, version)?;
    let assigned = message.assigned_partitions.into_iter().flat_map(|topic| {
        let name: TopicName = topic.topic.into();
        topic.partitions.into_iter().map(move |index| TopicPartition::new(name.clone(), index))
    });
    Ok(assigned.collect())
}

fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<String, Vec<i32>> {
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(partition.topic.to_string()).or_default().push(partition.partition.0);
    }
    topics
}
