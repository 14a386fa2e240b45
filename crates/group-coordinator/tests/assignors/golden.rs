//! Random groups that live through some generations, as the assignors of Kafka 4.3.1 share them out:
//! `conformance/golden-groups/TargetAssignments.java` explains the lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use group_coordinator::assignors::{
    Assignment, GroupSpec, MemberSpec, ServerAssignor, Subscription, TopicAssignment, TopicSpec,
};
use types::{PartitionIndex, TopicName, Uuid};

const LINES: &str = include_str!("../../testdata/target-assignments-4.3.1.tsv");

fn parts(text: &str, by: char) -> impl Iterator<Item = &str> {
    text.split(by).filter(|part| !part.is_empty())
}

fn id(text: &str) -> Uuid {
    text.parse().expect("an id")
}

fn target(text: &str, ids: &[Uuid]) -> Assignment {
    let topics = parts(text, ';').map(|topic| {
        let (topic, partitions) = topic.split_once(':').expect("topic:partitions");
        let topic_id = topic.parse().ok().and_then(|number: usize| ids.get(number).copied());
        let partitions =
            parts(partitions, ',').map(|number| PartitionIndex(number.parse().expect("a number")));
        TopicAssignment { topic_id: topic_id.unwrap_or_else(|| id(topic)), partitions: partitions.collect() }
    });
    Assignment { topics: topics.collect() }
}

fn names(text: &str) -> Vec<TopicName> {
    parts(text, ',').map(TopicName::from).collect()
}

fn member(text: &str, ids: &[Uuid]) -> MemberSpec {
    let fields: Vec<&str> = text.split('|').collect();
    let some = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
    MemberSpec {
        member_id: Arc::from(fields[0]),
        instance_id: some(fields[1]),
        subscription: Arc::new(Subscription { names: names(fields[2]), pattern: some(fields[3]) }),
        target: Arc::new(target(fields[4], ids)),
    }
}

#[test]
fn groups_are_shared_out_as_kafka_shares_them_out() {
    let mut lines = 0;
    for line in LINES.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let topics: Vec<(TopicName, TopicSpec)> = parts(columns[1], ' ')
            .map(|topic| {
                let (name, rest) = topic.split_once('=').expect("name=id:partitions");
                let (uuid, partitions) = rest.split_once(':').expect("id:partitions");
                let partitions = partitions.parse().expect("a number");
                (TopicName::from(name), TopicSpec { id: id(uuid), partitions })
            })
            .collect();
        let ids: Vec<Uuid> = topics.iter().map(|(_, topic)| topic.id).collect();
        let patterns = parts(columns[2], ' ').map(|pattern| {
            let (pattern, matched) = pattern.split_once('=').expect("pattern=names");
            (Arc::from(pattern), names(matched))
        });
        let group = GroupSpec {
            members: parts(columns[3], ' ').map(|text| member(text, &ids)).collect(),
            patterns: patterns.collect::<BTreeMap<_, _>>(),
            topics: topics.into_iter().collect(),
        };
        let assignor = ServerAssignor::by_name(columns[0]).expect("an assignor");
        let assigned = assignor.assign(&group).expect("nothing is left over");
        let expected: Vec<Assignment> = columns[4].split(' ').map(|text| target(text, &ids)).collect();
        let assigned: Vec<Assignment> = assigned.iter().map(|it| (**it).clone()).collect();
        assert_eq!(assigned, expected, "{line}");
        lines += 1;
    }
    assert_eq!(lines, 300);
}
