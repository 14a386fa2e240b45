//! What sticky members carry from one generation to the next in their subscriptions' user data.

use std::collections::BTreeMap;

use protocol::{DecodeError, Reader, Writer};
use types::{TopicName, TopicPartition};

use super::MemberSubscription;

/// A generation that is none.
pub(super) const NO_GENERATION: i32 = -1;

/// What a member had, and in which generation it got it (`None`: not known).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) partitions: Vec<TopicPartition>,
    pub(super) generation: Option<i32>,
}

/// The last assignment of a member of an eager sticky group, which owns nothing while it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StickyMemory {
    /// What it was assigned.
    pub(crate) partitions: Vec<TopicPartition>,
    /// When.
    pub(crate) generation: i32,
}

impl StickyMemory {
    /// As Kafka's StickyAssignor writes it, version 1.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
        for partition in &self.partitions {
            topics.entry(&partition.topic).or_default().push(partition.partition.0);
        }
        let mut writer = Writer::new();
        writer.i32(topics.len() as i32);
        for (topic, indexes) in topics {
            // A topic's name has at most 249 characters.
            writer.string(topic, false, "topic").expect("shorter than 32 KiB");
            writer.i32(indexes.len() as i32);
            indexes.into_iter().for_each(|index| writer.i32(index));
        }
        writer.i32(self.generation);
        writer.into_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Result<Previous, DecodeError> {
        let mut reader = Reader::new(bytes.to_vec().into());
        let mut partitions = Vec::new();
        for _ in 0..reader.i32()? {
            let topic: TopicName = reader.string(false)?.into();
            for _ in 0..reader.i32()? {
                partitions.push(TopicPartition::new(topic.clone(), reader.i32()?));
            }
        }
        // Version 0 ends here.
        let generation = if reader.remaining() == 0 { None } else { Some(reader.i32()?) };
        Ok(Previous { partitions, generation })
    }
}

/// What a member of a sticky group had: from its user data, since it gave up everything before it joined.
pub(super) fn of_sticky(member: &MemberSubscription) -> Previous {
    match member.user_data.as_deref() {
        None | Some([]) => Previous::default(),
        Some(bytes) => StickyMemory::decode(bytes)
            .unwrap_or(Previous { partitions: Vec::new(), generation: Some(NO_GENERATION) }),
    }
}

/// What a member of a cooperative group has.
pub(super) fn of_cooperative(member: &MemberSubscription) -> Previous {
    let encoded = || {
        let bytes = member.user_data.as_deref()?;
        Some(bytes.first_chunk().map_or(NO_GENERATION, |bytes| i32::from_be_bytes(*bytes)))
    };
    Previous { partitions: member.owned.clone(), generation: member.generation.or_else(encoded) }
}
