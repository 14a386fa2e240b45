//! How long the server-side assignors take for 1,000 members over 10,000 partitions:
//! `cargo run --release -p group-coordinator --example assignor_time`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use group_coordinator::assignors::{GroupSpec, MemberSpec, ServerAssignor, Subscription, TopicSpec};
use types::{TopicName, Uuid};

const MEMBERS: u64 = 1_000;
const TOPICS: u64 = 100;
const PARTITIONS_EACH: i32 = 100;

fn group(subscription: impl Fn(u64, &[TopicName]) -> Arc<Subscription>) -> GroupSpec {
    let topics: BTreeMap<TopicName, TopicSpec> = (0..TOPICS)
        .map(|number| {
            let id = Uuid::from_halves(number.wrapping_mul(0x9e37_79b9_7f4a_7c15), number);
            (format!("topic-{number}").into(), TopicSpec { id, partitions: PARTITIONS_EACH })
        })
        .collect();
    let names: Vec<TopicName> = topics.keys().cloned().collect();
    let members = (0..MEMBERS).map(|number| MemberSpec {
        member_id: format!("member-{number}").into(),
        instance_id: None,
        subscription: subscription(number, &names),
        target: Arc::default(),
    });
    let members = members.collect();
    GroupSpec { members, patterns: BTreeMap::new(), topics }
}

#[allow(clippy::disallowed_methods, reason = "what it takes on this machine is the question")]
fn time(what: &str, assignor: ServerAssignor, group: &mut GroupSpec) {
    let started = Instant::now();
    let assigned = assignor.assign(group).expect("nothing is left over");
    let took = started.elapsed();
    let both = group.members.iter().zip(&assigned);
    let moved = both.filter(|(member, assigned)| !Arc::ptr_eq(&member.target, assigned)).count();
    println!(
        "{:<8} {what:<44} {:>8.1} ms, {moved} members changed",
        assignor.name(),
        took.as_secs_f64() * 1e3
    );
    for (member, assigned) in group.members.iter_mut().zip(assigned) {
        member.target = assigned;
    }
}

fn main() {
    println!("{MEMBERS} members, {TOPICS} topics of {PARTITIONS_EACH} partitions");
    let own = |_: u64, names: &[TopicName]| Arc::new(Subscription { names: names.to_vec(), pattern: None });
    let half = |number: u64, names: &[TopicName]| {
        let names =
            names.iter().zip(0..).filter(|(_, topic)| (number + topic).is_multiple_of(2) || *topic < 10);
        Arc::new(Subscription { names: names.map(|(name, _)| name.clone()).collect(), pattern: None })
    };
    for (who, mut group) in
        [("all subscribe to the same", group(own)), ("half to each, some overlap", group(half))]
    {
        time(&format!("{who}: from nothing"), ServerAssignor::Range, &mut group);
        group.members.iter_mut().for_each(|member| member.target = Arc::default());
        time(&format!("{who}: from nothing"), ServerAssignor::Uniform, &mut group);
        let left = group.members.split_off(900);
        time(&format!("{who}: 100 left"), ServerAssignor::Uniform, &mut group);
        group.members.extend(left.into_iter().map(|member| MemberSpec { target: Arc::default(), ..member }));
        time(&format!("{who}: 100 came"), ServerAssignor::Uniform, &mut group);
        time(&format!("{who}: nothing has changed"), ServerAssignor::Uniform, &mut group);
        group.topics.values_mut().for_each(|topic| topic.partitions += 10);
        time(&format!("{who}: topics grew by a tenth"), ServerAssignor::Uniform, &mut group);
    }
}
