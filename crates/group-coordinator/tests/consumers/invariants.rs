//! What has to hold whatever happens.

use std::collections::BTreeMap;

use coordinator::Token;
use group_coordinator::consumer::ConsumerGroupDescription;
use group_coordinator::{Cluster, GroupShard};
use types::{Offset, PartitionIndex, TopicPartition, Uuid};

use crate::client::{Asked, Client};
use crate::world::World;

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Book {
    /// The last epoch that each incarnation of a member was told.
    epochs: BTreeMap<String, i32>,
    committed: BTreeMap<(String, TopicPartition), Offset>,
}

/// A member is never told an epoch below one that it was told before, but when it joins anew.
pub fn member_epochs_never_regress(book: &mut Book, client: &Client, asked: &Asked) {
    let Asked::Heartbeat { epoch } = asked else { return };
    if *epoch == 0 {
        book.epochs.remove(&client.member_id);
    }
    if client.epoch > 0 {
        let before = book.epochs.insert(client.member_id.clone(), client.epoch);
        assert!(before.is_none_or(|before| before <= client.epoch), "{client:?} after {before:?}");
    }
}

/// What a member of the group has nobody else in it has, nor is to have before it was given up; and what one with the
/// consumer protocol reads, no other of them reads. A classic member may read on, as in Kafka, where its group becomes a
/// classic one and a consumer group again before it has joined: then what everybody was to have counts as had.
pub fn no_partition_has_two_owners(world: &World) {
    let Some(shard) = world.runtime.shard() else { return };
    for (group_id, clients) in world.groups() {
        let Some(described) = describe(shard, group_id) else { continue };
        let mut owners = BTreeMap::<(Uuid, PartitionIndex), &str>::new();
        for member in &described.members {
            let partitions = member
                .assignment
                .iter()
                .flat_map(|topic| topic.partitions.iter().map(|partition| (topic.topic_id, *partition)));
            for partition in partitions {
                let other = owners.insert(partition, &member.member_id);
                assert_eq!(other, None, "{partition:?} is {}'s, too", member.member_id);
            }
        }
        let mut readers = BTreeMap::<(Uuid, PartitionIndex), &Client>::new();
        let is_member =
            |client: &&&Client| described.members.iter().any(|it| it.member_id == client.member_id);
        for client in clients.iter().filter(is_member).filter(|client| client.epoch > 0 && !client.is_classic)
        {
            for partition in client.owned.keys() {
                if let Some(other) = readers.insert(*partition, client) {
                    panic!("{partition:?} is read by {} and {} of {described:?}", other.name, client.name);
                }
            }
        }
    }
}

/// What was committed of a partition is never less than it was.
pub fn offsets_never_regress(world: &mut World) {
    let Some(shard) = world.runtime.shard() else { return };
    for client in &world.clients {
        for (topic, partition) in client.owned.keys() {
            let Some(topic) = world.cluster.topic_name(*topic) else { continue };
            let partition = TopicPartition { topic, partition: *partition };
            let Some(committed) = shard.offsets().get(&client.group, &partition) else { continue };
            let key = (client.group.clone(), partition);
            // A coordinator that dies may take with it what nobody was told of.
            let before = world.book.committed.entry(key).or_insert(committed.offset);
            assert!(committed.offset >= *before || world.has_faults, "{committed:?} after {before:?}");
            *before = committed.offset;
        }
    }
}

/// A shard that is made from the log tells the same of every group.
pub fn the_log_tells_what_the_shard_knows(world: &World) {
    let Some(shard) = world.runtime.shard() else { return };
    let loaded = world.replayed();
    for group_id in world.groups().into_keys() {
        assert_eq!(describe(&loaded, group_id), describe(shard, group_id), "{group_id}");
    }
    assert_eq!(loaded.groups().ids(), shard.groups().ids());
}

/// Everybody has what it is to have, and everything is read by somebody; where classic members share out themselves,
/// only that they have agreed.
pub fn every_group_is_stable(world: &World) -> bool {
    let Some(shard) = world.runtime.shard() else { return false };
    world.groups().into_iter().all(|(group_id, clients)| {
        let is_stable = match describe(shard, group_id) {
            Some(described) => {
                described.state == "Stable"
                    && described.members.len() == clients.len()
                    && described.members.iter().all(|member| member.assignment == member.target)
                    && has_everything(world, &clients)
            }
            None => classic_state(shard, group_id) == Some(("Stable", clients.len())),
        };
        is_stable && clients.iter().all(|client| client.epoch > 0)
    })
}

/// Whether each partition that somebody subscribes to is read by one.
fn has_everything(world: &World, clients: &[&Client]) -> bool {
    let mut read: Vec<_> = clients.iter().flat_map(|client| client.owned.keys()).collect();
    read.sort_unstable();
    let subscribed = clients.iter().flat_map(|client| &client.topics);
    let mut topics: Vec<_> = subscribed.filter_map(|topic| world.cluster.topic(topic)).collect();
    topics.sort_by_key(|topic| topic.id);
    topics.dedup();
    let all: usize = topics.iter().map(|topic| topic.partitions as usize).sum();
    read.windows(2).all(|two| two[0] != two[1]) && read.len() == all
}

pub fn describe(shard: &GroupShard, group_id: &str) -> Option<ConsumerGroupDescription> {
    match shard.groups().get(group_id)? {
        group_coordinator::Group::Consumer(_) => {}
        _ => return None,
    }
    shard.describe_consumer(group_id)
}

fn classic_state(shard: &GroupShard, group_id: &str) -> Option<(&'static str, usize)> {
    match shard.groups().get(group_id)? {
        group_coordinator::Group::Classic(group) => Some((group.state().name(), group.member_count())),
        _ => None,
    }
}

/// A request is answered once.
pub fn a_request_is_answered_once(answered: &mut std::collections::BTreeSet<Token>, token: Token) {
    assert!(answered.insert(token), "{token:?} is answered twice");
}
