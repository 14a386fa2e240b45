//! What members of a group say in the consumers' protocol: subscriptions, and the assignment called range.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use protocol::records::consumer_protocol_assignment::{ConsumerProtocolAssignment, TopicPartition};
use protocol::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use protocol::{Reader, Writer};

use crate::groups::Share;

/// What clients speak; later versions add what nobody here needs.
const VERSION: i16 = 0;

/// The metadata of a member that reads these topics.
pub(super) fn subscription(topics: &BTreeSet<String>) -> Bytes {
    let topics = topics.iter().cloned().collect();
    let subscription = ConsumerProtocolSubscription { topics, ..Default::default() };
    let mut writer = Writer::new();
    writer.i16(VERSION);
    subscription.encode(&mut writer, VERSION).expect("the topics' names are short");
    writer.into_bytes()
}

/// Assigns the partitions of each topic in ranges to those who read it. `members` are ids and metadata; `partitions` says
/// how many a topic has.
pub(super) fn range(
    members: &BTreeMap<String, Bytes>,
    partitions: &BTreeMap<String, usize>,
) -> BTreeMap<String, Bytes> {
    let mut shares: BTreeMap<&String, Share> = members.keys().map(|member| (member, Share::new())).collect();
    let read_by: BTreeMap<&String, BTreeSet<String>> =
        members.iter().map(|(member, metadata)| (member, topics(metadata))).collect();
    for (topic, count) in partitions {
        let readers: Vec<&String> =
            read_by.iter().filter(|(_, topics)| topics.contains(topic)).map(|(member, _)| *member).collect();
        for index in 0..*count {
            let Some(reader) = readers.get(index * readers.len() / count) else { continue };
            shares.entry(reader).or_default().insert((topic.clone(), index as i32));
        }
    }
    shares.into_iter().map(|(member, share)| (member.clone(), assignment(&share))).collect()
}

fn topics(metadata: &Bytes) -> BTreeSet<String> {
    let mut reader = Reader::new(metadata.clone());
    let read = reader.i16().and_then(|_| ConsumerProtocolSubscription::decode(&mut reader, VERSION));
    read.map(|subscription| subscription.topics.into_iter().collect()).unwrap_or_default()
}

fn assignment(share: &Share) -> Bytes {
    let mut topics: BTreeMap<&String, Vec<i32>> = BTreeMap::new();
    for (topic, index) in share {
        topics.entry(topic).or_default().push(*index);
    }
    let assigned_partitions = topics
        .into_iter()
        .map(|(topic, partitions)| TopicPartition { topic: topic.clone(), partitions })
        .collect();
    let assignment = ConsumerProtocolAssignment { assigned_partitions, ..Default::default() };
    let mut writer = Writer::new();
    writer.i16(VERSION);
    assignment.encode(&mut writer, VERSION).expect("the topics' names are short");
    writer.into_bytes()
}

/// What an assignment says; empty bytes say nothing. `None`: it cannot be read.
pub(super) fn share(assignment: &Bytes) -> Option<Share> {
    if assignment.is_empty() {
        return Some(Share::new());
    }
    let mut reader = Reader::new(assignment.clone());
    let read = reader.i16().and_then(|_| ConsumerProtocolAssignment::decode(&mut reader, VERSION));
    let topics = read.ok()?.assigned_partitions.into_iter();
    let partitions = topics.flat_map(|topic| {
        topic.partitions.into_iter().map(move |index| (topic.topic.clone(), index)).collect::<Vec<_>>()
    });
    Some(partitions.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_goes_to_one_who_reads_it() {
        let read = |topics: &[&str]| subscription(&topics.iter().map(|topic| (*topic).to_owned()).collect());
        let members = [("a", read(&["t", "u"])), ("b", read(&["t"]))];
        let members = members.map(|(name, metadata)| (name.to_owned(), metadata)).into();
        let partitions = [("t".to_owned(), 3), ("u".to_owned(), 1), ("v".to_owned(), 1)].into();
        let shares = range(&members, &partitions);
        let share_of = |member: &str| {
            let share = share(&shares[member]).expect("it was just written");
            share.into_iter().map(|(topic, index)| format!("{topic}{index}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!((share_of("a"), share_of("b")), ("t0 t1 u0".to_owned(), "t2".to_owned()));
    }
}
