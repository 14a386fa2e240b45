//! The look at groups: after a start at what they have committed, and at last whether they become stable.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use io::Entropy;
use protocol::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use protocol::messages::consumer_group_describe_response::{ConsumerGroupDescribeResponse, Member};
use protocol::messages::describe_groups_request::DescribeGroupsRequest;
use tokio::time::sleep;
use types::Uuid;

use super::committing::committed;
use crate::book::Book;
use crate::groups::{Partitions, Place};
use crate::invariants::Violation;
use crate::wire::{Connection, Lost};
use crate::world::World;

/// How long coordinators may take to load, in simulated time.
const LOAD_MAX: Duration = Duration::from_secs(5);
/// How long groups may take to become stable: a few rebalances with members that went without a word.
const STABLE_MAX: Duration = Duration::from_secs(3);
/// How often to look.
const LOOK: Duration = Duration::from_millis(20);

/// Holds the coordinators to what was committed. `false`: not everything could be looked at, for which only a failing disk
/// is an excuse.
pub(crate) async fn audit(world: &Rc<World>) -> bool {
    if !world.book.borrow().groups.has_offsets_topic {
        return true;
    }
    let mut connection = reliable(world);
    for group in groups(world) {
        match audit_group(world, &mut connection, &group).await {
            Ok(true) => {}
            // Who reads later is held to the same.
            Ok(false) | Err(Lost) if world.is_disk_at_fault() => return true,
            Ok(false) => {
                world.fail(Violation::new("coordinators_load", format!("{group}: not within {LOAD_MAX:?}")));
            }
            Err(Lost) => return false,
        }
    }
    true
}

async fn audit_group(world: &Rc<World>, connection: &mut Connection, group: &str) -> Result<bool, Lost> {
    let present = world.book.borrow().present();
    let places: Vec<Place> = (present.into_iter())
        .flat_map(|(topic, name, partitions)| {
            let place =
                move |partition| Place { group: group.to_owned(), topic, name: name.clone(), partition };
            (0..partitions as i32).map(place)
        })
        .collect();
    let begun = world.now();
    while world.now() < begun + LOAD_MAX {
        if committed(world, connection, group, &places).await?.is_some() {
            return Ok(true);
        }
        sleep(LOOK).await;
    }
    Ok(false)
}

/// Without faults and rash members, every group becomes stable with all of its members, and nobody else.
pub(crate) async fn settle(world: &Rc<World>) {
    let mut connection = reliable(world);
    let begun = world.now();
    let (mut classic, mut consumer) = (classic_groups(world), consumer_groups(world));
    while !classic.is_empty() || !consumer.is_empty() {
        for group in classic.clone() {
            if is_stable(world, &mut connection, &group).await == Ok(true) {
                world.counts.borrow_mut().stable_groups += 1;
                classic.remove(&group);
            }
        }
        for group in consumer.clone() {
            if is_reconciled(world, &mut connection, &group).await == Ok(true) {
                world.counts.borrow_mut().stable_consumer_groups += 1;
                consumer.remove(&group);
            }
        }
        if world.now() > begun + STABLE_MAX {
            let detail = format!("{classic:?} and {consumer:?} not within {STABLE_MAX:?}");
            return world.fail(Violation::new("groups_become_stable", detail));
        }
        sleep(LOOK).await;
    }
    let after = (world.now() - begun).as_millis();
    world.trace.line("settling", &format!("stable after {after} ms"));
    audit(world).await;
}

async fn is_stable(world: &Rc<World>, connection: &mut Connection, group: &str) -> Result<bool, Lost> {
    let members: Vec<&String> =
        world.plan.members.iter().filter(|member| member.group == group).map(|member| &member.name).collect();
    let request = DescribeGroupsRequest { groups: vec![group.to_owned()], ..Default::default() };
    let version = connection.version::<DescribeGroupsRequest>();
    let response = connection.call(&request, version).await?;
    let book = world.book.borrow();
    let generations: BTreeSet<Option<&i32>> =
        members.iter().map(|member| book.groups.steady.get(*member)).collect();
    let is_one_generation = generations.len() == 1 && !generations.contains(&None);
    Ok(is_one_generation
        && response.groups.iter().all(|group| {
            group.error_code == 0 && group.group_state == "Stable" && group.members.len() == members.len()
        }))
}

/// [`is_stable`] of a consumer group: every member knows what it has, and together they have all that they name.
async fn is_reconciled(world: &Rc<World>, connection: &mut Connection, group: &str) -> Result<bool, Lost> {
    let members = world.plan.consumer_members.iter().filter(|member| member.group == group).count();
    let request = ConsumerGroupDescribeRequest { group_ids: vec![group.to_owned()], ..Default::default() };
    let version = connection.version::<ConsumerGroupDescribeRequest>();
    let response: ConsumerGroupDescribeResponse = connection.call(&request, version).await?;
    let book = world.book.borrow();
    Ok(response.groups.iter().all(|group| {
        group.error_code == 0
            && group.group_state == "Stable"
            && group.members.len() == members
            && group.members.iter().all(|member| knows_what_it_has(&book, member))
            && has_all_that_is_named(&book, &group.members)
    }))
}

fn knows_what_it_has(book: &Book, member: &Member) -> bool {
    let known = book.groups.holdings.of_member(&member.member_id);
    known.is_some_and(|known| known.epoch == member.member_epoch && known.partitions == assigned(member))
}

/// Every partition of a topic that a member reads by its name has exactly one member.
fn has_all_that_is_named(book: &Book, members: &[Member]) -> bool {
    let named: BTreeSet<&String> = members.iter().flat_map(|member| &member.subscribed_topic_names).collect();
    let present = book.present().into_iter().filter(|(_, name, _)| named.contains(name));
    let mut wanted = present.flat_map(|(id, _, count)| (0..count as i32).map(move |index| (id, index)));
    let all: Vec<(Uuid, i32)> = members.iter().flat_map(assigned).collect();
    let once: Partitions = all.iter().copied().collect();
    once.len() == all.len() && wanted.all(|partition| once.contains(&partition))
}

fn assigned(member: &Member) -> Partitions {
    let topics = member.assignment.topic_partitions.iter();
    topics.flat_map(|topic| topic.partitions.iter().map(|index| (topic.topic_id, *index))).collect()
}

fn reliable(world: &Rc<World>) -> Connection {
    Connection::reliable(world, "group-audit", Entropy::from_seed(world.entropy.next_u64()))
}

fn classic_groups(world: &World) -> BTreeSet<String> {
    world.plan.members.iter().map(|member| member.group.clone()).collect()
}

fn consumer_groups(world: &World) -> BTreeSet<String> {
    world.plan.consumer_members.iter().map(|member| member.group.clone()).collect()
}

fn groups(world: &World) -> BTreeSet<String> {
    let simple = (0..world.plan.simple_committers).map(|index| format!("s{index}"));
    simple.chain(classic_groups(world)).chain(consumer_groups(world)).collect()
}
