//! What assignors promise whatever the group: each partition once, to somebody who subscribes to it, as evenly as it goes,
//! and nothing moves without need.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use group_coordinator::assignors::{
    Assignment, GroupSpec, MemberSpec, ServerAssignor, Subscription, TopicAssignment, TopicSpec,
};
use types::{PartitionIndex, TopicName, Uuid};

/// A small generator of numbers, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn topics(random: &mut Random) -> BTreeMap<TopicName, TopicSpec> {
    let count = 1 + random.below(6);
    (0..count)
        .map(|number| {
            let id = Uuid::from_halves(random.below(u64::MAX), number);
            let partitions = i32::try_from(random.below(20)).expect("small");
            (TopicName::from(format!("t{number}")), TopicSpec { id, partitions })
        })
        .collect()
}

fn member(number: u64, subscription: &Arc<Subscription>) -> MemberSpec {
    MemberSpec {
        member_id: Arc::from(format!("member-{number}")),
        instance_id: None,
        subscription: Arc::clone(subscription),
        target: Arc::default(),
    }
}

fn group(random: &mut Random, is_homogeneous: bool) -> GroupSpec {
    let topics = topics(random);
    let all: Vec<TopicName> = topics.keys().cloned().collect();
    let same = Arc::new(Subscription { names: all.clone(), pattern: None });
    let members = (0..1 + random.below(12)).map(|number| {
        if is_homogeneous {
            return member(number, &same);
        }
        let names = all.iter().filter(|_| random.below(2) == 0).cloned().collect();
        member(number, &Arc::new(Subscription { names, pattern: None }))
    });
    let members = members.collect();
    GroupSpec { members, patterns: BTreeMap::new(), topics }
}

fn settle(assignor: ServerAssignor, group: &mut GroupSpec) {
    let assigned = assignor.assign(group).expect("nothing is left over");
    for (member, assigned) in group.members.iter_mut().zip(assigned) {
        member.target = assigned;
    }
}

/// Each partition of each topic that somebody subscribes to is with one of its subscribers.
fn check_each_once(group: &GroupSpec) {
    for (name, topic) in &group.topics {
        let mut seen = BTreeSet::new();
        let mut subscribers = 0;
        for member in &group.members {
            let subscribes = member.subscription.names.contains(name);
            subscribers += i32::from(subscribes);
            for (_, partition) in member.target.iter().filter(|(id, _)| *id == topic.id) {
                assert!(subscribes, "{} has {name}", member.member_id);
                assert!(seen.insert(partition), "{name}-{partition} twice");
            }
        }
        let expected = if subscribers == 0 { 0 } else { topic.partitions };
        assert!(seen.into_iter().eq((0..expected).map(PartitionIndex)), "{name}");
    }
}

#[test]
fn each_partition_has_one_owner_who_subscribes_to_it() {
    for seed in 0..400 {
        let mut random = Random(seed);
        let mut group = group(&mut random, seed % 2 == 0);
        for _ in 0..3 {
            let assignor = ServerAssignor::ALL[usize::try_from(random.below(2)).expect("small")];
            settle(assignor, &mut group);
            check_each_once(&group);
            if group.members.len() > 1 {
                group.members.remove(0);
            }
        }
    }
}

#[test]
fn a_uniform_assignment_is_even_and_what_can_stay_stays() {
    for seed in 0..400 {
        let mut random = Random(seed);
        let mut group = group(&mut random, true);
        settle(ServerAssignor::Uniform, &mut group);
        let before: Vec<Arc<Assignment>> =
            group.members.iter().map(|member| Arc::clone(&member.target)).collect();
        let loads = |group: &GroupSpec| -> Vec<usize> {
            group.members.iter().map(|member| member.target.len()).collect()
        };
        let is_even =
            |loads: &[usize]| loads.iter().max() <= loads.iter().min().map(|least| least + 1).as_ref();
        assert!(is_even(&loads(&group)), "{:?}", loads(&group));

        let same = Arc::clone(&group.members[0].subscription);
        settle(ServerAssignor::Uniform, &mut group);
        assert!(
            group.members.iter().zip(&before).all(|(member, before)| Arc::ptr_eq(&member.target, before))
        );

        // Where somebody joins, only what the newcomer gets has moved.
        group.members.push(member(99, &same));
        settle(ServerAssignor::Uniform, &mut group);
        assert!(is_even(&loads(&group)), "{:?}", loads(&group));
        for (member, before) in group.members.iter().zip(&before) {
            let had: BTreeSet<_> = before.iter().collect();
            let gained = member.target.iter().filter(|partition| !had.contains(partition)).count();
            assert_eq!(gained, 0, "{} gained", member.member_id);
        }
    }
}

#[test]
fn a_hostile_target_costs_nothing_but_itself() {
    // Partitions that do not exist or are with several members, as only a broken log holds them.
    let id = Uuid::from_halves(1, 2);
    let topic = TopicSpec { id, partitions: 3 };
    let partitions = [-1, i32::MAX, 0, 1, 1].map(PartitionIndex).to_vec();
    let target = Arc::new(Assignment { topics: vec![TopicAssignment { topic_id: id, partitions }; 2] });
    for others in [&["t"][..], &["t", "missing"]] {
        let mut group = GroupSpec::default();
        group.topics.insert("t".into(), topic);
        for (number, names) in [&["t"][..], others].into_iter().enumerate() {
            let names = names.iter().map(|name| TopicName::from(*name)).collect();
            let mut member = member(number as u64, &Arc::new(Subscription { names, pattern: None }));
            member.target = Arc::clone(&target);
            group.members.push(member);
        }
        for assignor in ServerAssignor::ALL {
            // An error or an assignment; what counts is that it ends.
            if let Ok(assigned) = assignor.assign(&group) {
                assert_eq!(assigned.len(), 2);
            }
        }
    }
}
