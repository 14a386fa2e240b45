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
        let [id, instance, topics, owned, generation, data, ref rack @ ..] = fields[..] else {
            panic!("six fields, or seven: {each}")
        };
        let member = MemberSubscription {
            instance_id: (!instance.is_empty()).then(|| instance.to_owned()),
            topics: topics.split(',').map(TopicName::from).collect(),
            owned: partitions(owned),
            generation: Some(generation.parse().expect("a number")).filter(|generation| *generation >= 0),
            user_data: hex(data),
            rack: rack.first().map(|rack| (*rack).to_owned()),
        };
        (id.to_owned(), member)
    };
    text.split(' ').map(of).collect()
}

/// Without racks.
fn assign(assignor: Assignor, members: &Members, counts: &PartitionCounts) -> Assignment {
    let of = |(name, count): (&TopicName, &usize)| {
        (name.clone(), OfferedTopic { count: *count, racks: Vec::new() })
    };
    assignor.assign(members, &counts.iter().map(of).collect())
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
        let found = sorted(assign(assignor, &members(told), &counts(topics)));
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
            let assignment = assign(assignor, &members, &counts);
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
            let first = assign(assignor, &members, &counts);
            let second = assign(assignor, &owning(&members, &first, 1), &counts);
            prop_assert_eq!(sorted(first), sorted(second), "{:?}", assignor);
        }
    }

    #[test]
    fn cooperative_groups_come_to_rest_and_nobody_gets_what_another_still_has((members, counts) in groups(), gone in 0_usize..8) {
        let assignor = Assignor::CooperativeSticky;
        let first = assign(assignor, &members, &counts);
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
            let next = assign(assignor, &group, &counts);
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
            let assignment = assign(assignor, &members, &counts);
            let sizes: Vec<usize> = assignment.values().map(Vec::len).collect();
            prop_assert!(sizes.iter().max() <= sizes.iter().min().map(|least| least + 1).as_ref(), "{:?}", sizes);
        }
    }
}

/// Members with racks, by their names: `a1` is in rack `a`.
fn in_racks(names: &[&str], topics: &[&str]) -> Members {
    let member = |name: &&str| {
        let rack = name.chars().next().map(String::from).filter(|rack| rack != "-");
        let topics = topics.iter().map(|topic| TopicName::from(*topic)).collect();
        ((*name).to_owned(), MemberSubscription { topics, rack, ..MemberSubscription::default() })
    };
    names.iter().map(member).collect()
}

/// Topics with the racks of each partition's replicas: `ab bc` are two partitions.
fn offered(topics: &[(&str, &str)]) -> Offered {
    let topic = |(name, racks): &(&str, &str)| {
        let of = |racks: &str| racks.chars().filter(|rack| *rack != '-').map(String::from).collect();
        let racks: Vec<BTreeSet<String>> = racks.split(' ').map(of).collect();
        (TopicName::from(*name), OfferedTopic { count: racks.len(), racks })
    };
    topics.iter().map(topic).collect()
}

/// Every member's partitions as `t0`, in order.
fn told(assignment: &Assignment) -> Vec<String> {
    let told = |(id, assigned): (&String, &Vec<TopicPartition>)| {
        let mut names: Vec<String> =
            assigned.iter().map(|each| format!("{}{}", each.topic, each.partition.0)).collect();
        names.sort();
        format!("{id}: {}", names.join(" "))
    };
    assignment.iter().map(told).collect()
}

#[test]
fn members_get_what_is_near_as_far_as_their_share_goes() {
    let one_each = offered(&[("t", "a b c a b c")]);
    for assignor in [Assignor::Range, Assignor::Sticky, Assignor::CooperativeSticky] {
        let found = assignor.assign(&in_racks(&["a1", "b1", "c1"], &["t"]), &one_each);
        assert_eq!(told(&found), ["a1: t0 t3", "b1: t1 t4", "c1: t2 t5"], "{assignor:?}");
        // Nobody is near what lies in c, and the shares stay even.
        let found = assignor.assign(&in_racks(&["a1", "b1"], &["t"]), &one_each);
        let sizes: Vec<usize> = found.values().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3], "{assignor:?}: {found:?}");
        let near = |id: &str, index: i32| found[id].contains(&TopicPartition::new("t", index));
        assert!(near("a1", 0) && near("a1", 3) && near("b1", 1) && near("b1", 4), "{assignor:?}: {found:?}");
    }
    let found =
        Assignor::RoundRobin.assign(&in_racks(&["a1", "b1", "c1"], &["t"]), &offered(&[("t", "c b a")]));
    assert_eq!(told(&found), ["a1: t0", "b1: t1", "c1: t2"], "this one does not look");
}

#[test]
fn racks_that_make_no_difference_change_nothing() {
    let everywhere = offered(&[("t", "ab ab ab ab")]);
    let elsewhere = offered(&[("t", "x y x y")]);
    let nowhere = offered(&[("t", "- - - -")]);
    for assignor in ALL {
        let plain = assignor.assign(&in_racks(&["-1", "-2"], &["t"]), &offered(&[("t", "a b a b")]));
        for topics in [&everywhere, &elsewhere, &nowhere] {
            let found = assignor.assign(&in_racks(&["a1", "b1"], &["t"]), topics);
            let (plain, found): (Vec<_>, Vec<_>) = (plain.values().collect(), found.values().collect());
            assert_eq!(plain, found, "{assignor:?}");
        }
    }
}

#[test]
fn range_keeps_topics_with_as_many_partitions_together() {
    let members = in_racks(&["a1", "b1"], &["t", "u"]);
    // Partition 0 of both is near b1 alone, 1 of both near a1 alone.
    let found = Assignor::Range.assign(&members, &offered(&[("t", "b a"), ("u", "b a")]));
    assert_eq!(told(&found), ["a1: t1 u1", "b1: t0 u0"]);
    // Nobody is near both partitions of a pair: they stay together all the same.
    let found = Assignor::Range.assign(&members, &offered(&[("t", "b a"), ("u", "a b")]));
    assert_eq!(told(&found), ["a1: t0 u0", "b1: t1 u1"]);
}

#[test]
fn sticky_members_give_up_what_is_far() {
    let topics = offered(&[("t", "a b a b"), ("u", "a")]);
    let swapped = |topics_of_b: &[&str]| {
        let mut members = in_racks(&["a1"], &["t", "u"]);
        members.extend(in_racks(&["b1"], topics_of_b));
        let far = |index: i32| vec![TopicPartition::new("t", index), TopicPartition::new("t", index + 2)];
        let first: Assignment = [("a1".to_owned(), far(1)), ("b1".to_owned(), far(0))].into();
        owning(&members, &first, 1)
    };
    for topics_of_b in [&["t", "u"][..], &["t"]] {
        let members = swapped(topics_of_b);
        let found = told(&Assignor::Sticky.assign(&members, &topics));
        assert!(found[0].starts_with("a1: t0 t2") && found[1].starts_with("b1: t1 t3"), "{found:?}");
        // What changes hands goes to nobody until its owner has given it up.
        let found = told(&Assignor::CooperativeSticky.assign(&members, &topics));
        assert!(found.iter().all(|told| !told.contains('t')), "{found:?}");
    }
}

proptest! {
    #[test]
    fn racks_leave_every_partition_with_one_reader_and_the_shares_as_even(
        (members, counts) in groups(),
        places in prop::collection::vec(0_usize..4, 64),
    ) {
        let mut places = places.into_iter().cycle();
        let mut place = || ["a", "b", "c", ""][places.next().unwrap_or_default()].to_owned();
        let mut near = members.clone();
        near.values_mut().for_each(|member| member.rack = Some(place()));
        let topics: Offered = counts
            .iter()
            .map(|(name, count)| {
                let racks = (0..*count).map(|_| BTreeSet::from([place(), place()]));
                let racks = racks.map(|racks| racks.into_iter().filter(|rack| !rack.is_empty()).collect());
                (name.clone(), OfferedTopic { count: *count, racks: racks.collect() })
            })
            .collect();
        for assignor in ALL {
            let assignment = assignor.assign(&near, &topics);
            prop_assert!(assignment.keys().eq(members.keys()));
            let all: Vec<_> = assignment.values().flatten().cloned().collect();
            let once: BTreeSet<_> = all.iter().cloned().collect();
            prop_assert_eq!(all.len(), once.len(), "{:?}", assignor);
            prop_assert_eq!(once, readable(&members, &counts), "{:?}", assignor);
            if assignor != Assignor::Range {
                continue;
            }
            let sizes = |assignment: &Assignment, topic: &TopicName| {
                let mut sizes: Vec<usize> = assignment
                    .values()
                    .map(|assigned| assigned.iter().filter(|each| each.topic == *topic).count())
                    .collect();
                sizes.sort_unstable();
                sizes
            };
            let plain = assign(assignor, &members, &counts);
            for topic in counts.keys() {
                prop_assert_eq!(sizes(&assignment, topic), sizes(&plain, topic), "{}", topic);
            }
        }
    }
}
