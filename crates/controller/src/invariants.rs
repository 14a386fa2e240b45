//! What must hold of every image that a controller's records lead to; for tests, simulations and debug builds.

use std::collections::BTreeSet;

use metadata::{MetadataImage, PartitionImage, TopicImage};
use types::NodeId;

/// Every breach in one image, as sentences; none where all is well.
pub fn breaches(image: &MetadataImage) -> Vec<String> {
    let mut breaches = Vec::new();
    for topic in image.topics.iter_by_id() {
        if image.topics.id_of(&topic.name) != Some(topic.id) {
            breaches.push(format!("the name {} does not lead to the topic {}", topic.name, topic.id));
        }
        let numbers = topic.partitions.keys().map(|index| index.0);
        if topic.partitions.is_empty() || !numbers.eq(0..topic.partitions.len() as i32) {
            breaches.push(format!("the partitions of {} are not numbered from 0", topic.name));
        }
        for (index, partition) in &topic.partitions {
            let found = partition_breaches(image, partition);
            breaches.extend(found.into_iter().map(|breach| format!("{}-{index}: {breach}", topic.name)));
        }
    }
    if image.topics.iter().count() != image.topics.len() {
        breaches.push("two topics share a name".to_owned());
    }
    breaches
}

fn partition_breaches(image: &MetadataImage, partition: &PartitionImage) -> Vec<&'static str> {
    let distinct = |nodes: &[NodeId]| nodes.iter().collect::<BTreeSet<_>>().len() == nodes.len();
    let among_replicas = |nodes: &[NodeId]| nodes.iter().all(|node| partition.replicas.contains(node));
    let is_active = |id: NodeId| image.cluster.broker(id).is_some_and(|broker| broker.is_active());
    let eligible = &partition.eligible_leader_replicas;
    let rules = [
        (!partition.replicas.is_empty(), "it has no replicas"),
        (distinct(&partition.replicas), "a broker holds two of its replicas"),
        (partition.directories.len() == partition.replicas.len(), "not every replica has a directory"),
        (among_replicas(&partition.isr), "a stranger is in sync"),
        (distinct(&partition.isr), "a replica is in sync twice"),
        (among_replicas(eligible), "a stranger is eligible"),
        (eligible.iter().all(|id| !partition.isr.contains(id)), "a replica is in sync and eligible"),
        (partition.leader.is_none_or(|id| partition.isr.contains(&id)), "its leader is not in sync"),
        (partition.leader.is_none_or(is_active), "its leader is fenced, stopping or gone"),
        (
            partition.leader.is_some() || !partition.isr.iter().copied().any(is_active),
            "it has no leader though an active replica is in sync",
        ),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, breach)| breach).collect()
}

/// Every breach between an image and a later one.
pub fn breaches_between(before: &MetadataImage, after: &MetadataImage) -> Vec<String> {
    let mut breaches = Vec::new();
    for topic in before.topics.iter_by_id() {
        let Some(later) = after.topics.by_id(topic.id) else { continue };
        breaches.extend(topic_breaches(topic, later));
    }
    for broker in before.cluster.brokers() {
        if after.cluster.broker(broker.id).is_some_and(|later| later.epoch < broker.epoch) {
            breaches.push(format!("the epoch of broker {} fell", broker.id));
        }
    }
    if after.producer_ids.next() < before.producer_ids.next() {
        breaches.push("producer ids are given away twice".to_owned());
    }
    breaches
}

fn topic_breaches(before: &TopicImage, after: &TopicImage) -> Vec<String> {
    let mut breaches = Vec::new();
    for (index, was) in &before.partitions {
        let mut breach = |what: &str| breaches.push(format!("{}-{index}: {what}", before.name));
        let Some(is) = after.partition(*index) else {
            breach("the partition is gone while its topic lives");
            continue;
        };
        if is.leader_epoch < was.leader_epoch {
            breach("its leader epoch fell");
        }
        if is.partition_epoch < was.partition_epoch {
            breach("its partition epoch fell");
        }
        if is.leader != was.leader && is.leader_epoch == was.leader_epoch {
            breach("its leader changed within one leader epoch");
        }
        if is != was && is.partition_epoch == was.partition_epoch {
            breach("it changed within one partition epoch");
        }
    }
    breaches
}
