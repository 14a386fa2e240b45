//! Judged by what Kafka's own assignors make of the same groups, and by what must hold of any assignment.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use types::TopicPartition;

use super::*;

/// Made by `conformance/golden-bytes/Assignors.java` with Apache Kafka 4.3.1.
const GOLDEN: &str = include_str!("../../../testdata/assignors-4.3.1.tsv");

fn partitions(text: &str) -> Vec<TopicPartition> {
    let of = |name: &str| {
        let (topic, index) = name.rsplit_once('-').expect("topic-partition");
        TopicPartition::new(topic, index.parse::<i32>().expect("a number"))
    };
    text.split(',').filter(|name| !name.is_empty()).map(of).collect()
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (!text.is_empty()).then(|| (0..text.len()).step_by(2).map(byte).collect())
}

fn counts(text: &str) -> PartitionCounts {
    let of = |each: &str| {
        let (topic, count) = each.split_once('=').expect("topic=count");
        (topic.into(), count.parse().expect("a number"))
    };
    text.split(' ').map(of).collect()
}

fn members(text: &str) -> Members {
    let of = |each: &str| {
        let fields: Vec<&str> = each.split('|').collect();
        let [id, instance, topics, owned, generation, data] = fields[..] else {
            panic!("six fields: {each}")
        };
        let member = MemberSubscription {
            instance_id: (!instance.is_empty()).then(|| instance.to_owned()),
            topics: topics.split(',').map(TopicName::from).collect(),
            owned: partitions(owned),
            generation: Some(generation.parse().expect("a number")).filter(|generation| *generation >= 0),
            user_data: hex(data),
        };
        (id.to_owned(), member)
    };
    text.split(' ').map(of).collect()
}

fn sorted(assignment: Assignment) -> BTreeMap<String, BTreeSet<TopicPartition>> {
    assignment.into_iter().map(|(id, partitions)| (id, partitions.into_iter().collect())).collect()
}

#[test]
fn groups_are_shared_out_as_kafka_does() {
    let mut different = Vec::new();
    for (number, line) in GOLDEN.lines().enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, topics, told, expected] = fields[..] else { panic!("four fields: {line}") };
        let assignor = Assignor::by_name(name).expect("one of ours");
        let expected = expected
            .split(' ')
            .map(|each| {
                let (id, assigned) = each.split_once('=').expect("member=partitions");
                (id.to_owned(), partitions(assigned))
            })
            .collect();
        let found = sorted(assignor.assign(&members(told), &counts(topics)));
        if found != sorted(expected) {
            different.push(format!("line {}: {line}\n   found {found:?}", number + 1));
        }
    }
    assert_eq!(GOLDEN.lines().count(), 240);
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

#[test]
fn what_a_sticky_member_remembers_is_written_as_kafka_does() {
    let mut seen = 0;
    for line in GOLDEN.lines().filter(|line| line.starts_with("sticky")) {
        let told = line.split('\t').nth(2).expect("the members");
        for member in members(told).into_values() {
            let Some(data) = &member.user_data else { continue };
            let had = user_data::of_sticky(&member);
            let generation = had.generation.expect("version 1 has it");
            let memory = StickyMemory { partitions: had.partitions, generation };
            assert_eq!(&memory.encode(), data, "{line}");
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} members remembered something");
}

#[test]
fn damaged_memories_are_no_memories() {
    for bytes in [vec![0xff; 7], vec![0, 0, 0, 9], vec![0x7f, 0xff, 0xff, 0xff, 0, 0]] {
        let member = MemberSubscription { user_data: Some(bytes), ..MemberSubscription::default() };
        assert_eq!(user_data::of_sticky(&member).partitions, []);
    }
}

/// Members with their topics, and what there is.
fn groups() -> impl Strategy<Value = (Members, PartitionCounts)> {
    let counts = prop::collection::vec(0_usize..9, 1..5);
    let members = prop::collection::vec((prop::collection::vec(any::<bool>(), 5), any::<bool>()), 1..8);
    (counts, members).prop_map(|(counts, members)| {
        let counts: PartitionCounts = counts
            .into_iter()
            .enumerate()
            .map(|(number, count)| (format!("t{number}").into(), count))
            .collect();
        let member = |(number, (reads, is_static)): (usize, (Vec<bool>, bool))| {
            let topics = reads.into_iter().enumerate().filter(|(_, reads)| *reads);
            let member = MemberSubscription {
                instance_id: is_static.then(|| format!("i{}", 9 - number)),
                topics: topics.map(|(topic, _)| format!("t{topic}").into()).collect(),
                ..MemberSubscription::default()
            };
            (format!("m{number}"), member)
        };
        (members.into_iter().enumerate().map(member).collect(), counts)
    })
}

const ALL: [Assignor; 4] =
    [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky];

/// What is read by anybody, once.
fn readable(members: &Members, counts: &PartitionCounts) -> BTreeSet<TopicPartition> {
    let is_read = |topic: &TopicName| members.values().any(|member| member.topics.contains(topic));
    let read = counts.iter().filter(|(topic, _)| is_read(topic));
    partitions_of(read.map(|(topic, count)| (topic, *count))).into_iter().collect()
}

/// The members after they got that, in this generation.
fn owning(members: &Members, assignment: &Assignment, generation: i32) -> Members {
    let member = |(id, member): (&String, &MemberSubscription)| {
        let owned = assignment[id].clone();
        let memory = StickyMemory { partitions: owned.clone(), generation };
        let user_data = Some(memory.encode());
        (id.clone(), MemberSubscription { owned, user_data, generation: Some(generation), ..member.clone() })
    };
    members.iter().map(member).collect()
}

proptest! {
    #[test]
    fn every_partition_goes_to_one_member_that_reads_it((members, counts) in groups()) {
        for assignor in ALL {
            let assignment = assignor.assign(&members, &counts);
            prop_assert!(assignment.keys().eq(members.keys()));
            for (id, assigned) in &assignment {
                prop_assert!(assigned.iter().all(|each| members[id].topics.contains(&each.topic)), "{assignor:?}");
            }
            let all: Vec<_> = assignment.into_values().flatten().collect();
            let once: BTreeSet<_> = all.iter().cloned().collect();
            prop_assert_eq!(all.len(), once.len(), "{:?}", assignor);
            prop_assert_eq!(once, readable(&members, &counts), "{:?}", assignor);
        }
    }

    #[test]
    fn sticky_groups_stay_as_they_are((members, counts) in groups()) {
        for assignor in [Assignor::Sticky, Assignor::CooperativeSticky] {
            let first = assignor.assign(&members, &counts);
            let second = assignor.assign(&owning(&members, &first, 1), &counts);
            prop_assert_eq!(sorted(first), sorted(second), "{:?}", assignor);
        }
    }

    #[test]
    fn cooperative_groups_come_to_rest_and_nobody_gets_what_another_still_has((members, counts) in groups(), gone in 0_usize..8) {
        let assignor = Assignor::CooperativeSticky;
        let first = assignor.assign(&members, &counts);
        let mut group = owning(&members, &first, 1);
        let leaver = group.keys().nth(gone % group.len()).expect("there are members").clone();
        if group.len() > 1 {
            group.remove(&leaver);
        }
        group.insert("newcomer".to_owned(), MemberSubscription {
            topics: counts.keys().cloned().collect(),
            ..MemberSubscription::default()
        });
        let mut at_rest = false;
        for generation in 2..9 {
            let next = assignor.assign(&group, &counts);
            for (id, assigned) in &next {
                for (other, had) in group.iter().filter(|(other, _)| *other != id) {
                    prop_assert!(!assigned.iter().any(|each| had.owned.contains(each)), "{} took from {}", id, other);
                }
            }
            let all: BTreeSet<_> = next.values().flatten().cloned().collect();
            at_rest = all == readable(&group, &counts);
            group = owning(&group, &next, generation);
            if at_rest {
                break;
            }
        }
        prop_assert!(at_rest);
    }

    #[test]
    fn whoever_reads_the_same_gets_the_same_number((members, counts) in groups()) {
        let topics: BTreeSet<TopicName> = counts.keys().cloned().collect();
        let mut members = members;
        members.values_mut().for_each(|member| member.topics = topics.clone());
        for assignor in [Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky] {
            let assignment = assignor.assign(&members, &counts);
            let sizes: Vec<usize> = assignment.values().map(Vec::len).collect();
            prop_assert!(sizes.iter().max() <= sizes.iter().min().map(|least| least + 1).as_ref(), "{:?}", sizes);
        }
    }
}
