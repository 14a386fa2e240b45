//! Members with patterns that mean nothing: nobody's partitions are left with them. Random runs found these.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::cast::Cast;
use super::{ConsumerHeartbeat, HeardReply, ResolveTopics};
use crate::classic::cast::{join, sync};
use crate::classic::{JoinGroup, Protocol, SyncGroup};
use crate::{GroupReply, GroupRequest};

/// Sends a heartbeat with this pattern and no names; the patterns that are to be looked at.
fn send(cast: &mut Cast, name: &str, regex: &str) -> Option<ResolveTopics> {
    let request = ConsumerHeartbeat {
        subscribed_topics: Some(Vec::new()),
        subscribed_regex: Some(regex.to_owned()),
        ..cast.request(name)
    };
    let mut step = cast.ask(GroupRequest::ConsumerHeartbeat(Box::new(request)));
    if let Some(GroupReply::Assign(_)) = step.replies.first().map(|(_, reply)| reply) {
        let Some((_, GroupReply::Assign(job))) = step.replies.pop() else { panic!("it was there") };
        step = cast.ask(GroupRequest::Assigned(Box::new(job.run())));
    }
    match step.replies.pop() {
        Some((_, GroupReply::ConsumerHeartbeat(HeardReply { answer: Ok(heard), resolve }))) => {
            cast.told(name, heard);
            resolve
        }
        other => panic!("no answer to a heartbeat: {other:?}"),
    }
}

/// Each pattern means the topic of its name, if there is one.
fn resolve(cast: &mut Cast, job: ResolveTopics) {
    let topics = |regex: &Arc<str>| -> BTreeSet<_> {
        job.cluster.topic_names().filter(|name| name == regex).collect()
    };
    let found: BTreeMap<_, _> = job.regexes.iter().map(|regex| (regex.clone(), topics(regex))).collect();
    let _ = cast.ask(GroupRequest::TopicsResolved(job.resolved(found)));
}

#[test]
fn a_pattern_that_means_nothing_gives_up_what_the_one_before_it_meant() {
    let mut cast = Cast::with_topic("t", 2);
    cast.join("a");
    let job = send(&mut cast, "b", "t").expect("nobody knows the pattern");
    resolve(&mut cast, job);
    cast.pass(1_000);
    for name in ["a", "a", "b"] {
        cast.heartbeat(name);
    }
    let had = |cast: &Cast| -> Vec<usize> {
        let described = cast.shard.describe_consumer("g").expect("it is there");
        described.members.iter().map(|it| it.assignment.iter().map(|it| it.partitions.len()).sum()).collect()
    };
    assert_eq!(had(&cast), [1, 1]);
    cast.pass(10_001);
    let job = send(&mut cast, "b", "nothing").expect("nobody knows the pattern");
    resolve(&mut cast, job);
    for name in ["b", "a", "b", "a"] {
        cast.heartbeat(name);
    }
    assert_eq!(had(&cast), [2, 0]);
}

#[test]
fn a_group_that_becomes_a_consumer_group_is_rebalanced_whoever_joined() {
    let subscription = Bytes::from_static(&[0, 0, 0, 0, 0, 1, 0, 1, b't', 255, 255, 255, 255]);
    let first = [0, 0, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255];
    let mut cast = Cast::with_topic("t", 2);
    let protocols = vec![Protocol { name: "range".to_owned(), metadata: subscription }];
    let _ = cast.ask(GroupRequest::Join(JoinGroup { protocols, ..join("a") }));
    cast.pass(3_000);
    let a = crate::classic::cast::id("a");
    let assignments = vec![(a, Bytes::copy_from_slice(&first))];
    let _ = cast.ask(GroupRequest::Sync(SyncGroup { assignments, ..sync("a", 1, &[]) }));
    let _nobody_looks = send(&mut cast, "b", "nothing");
    let described = cast.shard.describe_consumer("g").expect("a consumer group");
    assert_eq!((described.group_epoch, described.assignment_epoch), (2, 2));
    let target: usize =
        described.members.iter().flat_map(|it| &it.target).map(|it| it.partitions.len()).sum();
    assert_eq!(target, 2, "the leader had forgotten one");
}
