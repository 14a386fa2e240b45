//! What does not fit into a batch of the log is refused, and changes nothing.

use coordinator::{CoordinatorRecord, Shard};
use types::TopicName;

use super::ConsumerHeartbeat;
use super::cast::Cast;
use crate::{GroupError, GroupReply, GroupRequest};

fn long(name: &str) -> String {
    name.repeat(2_000)
}

#[test]
fn a_member_that_says_too_much_makes_no_group() {
    let mut cast = Cast::with_topic("t", 1);
    cast.shard.set_batch_bytes_max(1_000);
    let topics = Some((0..100).map(|number| TopicName::from(format!("topic-{number}"))).collect());
    let request = ConsumerHeartbeat { subscribed_topics: topics, ..cast.request("a") };
    assert_eq!(cast.send(request), Ok(Err(GroupError::TooLarge)));
    assert!(cast.shard.groups().get("g").is_none());
    cast.join("a");
    assert!(cast.shard.groups().get("g").is_some(), "with fewer words it joins");
}

#[test]
fn a_member_that_says_too_much_stays_as_it_was() {
    let mut cast = Cast::with_topic("t", 1);
    cast.join("a");
    cast.shard.set_batch_bytes_max(1_000);
    let before = cast.shard.describe_consumer("g");
    let request = ConsumerHeartbeat { rack_id: Some(long("r")), ..cast.request("a") };
    assert_eq!(cast.send(request), Ok(Err(GroupError::TooLarge)));
    assert_eq!(cast.shard.describe_consumer("g"), before);
    cast.heartbeat("a");
}

#[test]
fn a_target_assignment_that_does_not_fit_leaves_the_one_before() {
    let mut cast = Cast::with_topic("t", 1_000);
    cast.shard.set_batch_bytes_max(2_000);
    let job = cast.pause("a");
    let step = cast.ask(GroupRequest::Assigned(Box::new(job.run())));
    let Some((_, GroupReply::ConsumerHeartbeat(reply))) = step.replies.first() else { panic!("{step:?}") };
    assert_eq!(reply.answer, Err(GroupError::TooLarge));
    assert_eq!(step.records, Vec::<CoordinatorRecord>::new());
    let described = cast.shard.describe_consumer("g").expect("it is there");
    assert_eq!((described.group_epoch, described.assignment_epoch), (2, 1));
    // With room it is made by the next heartbeat.
    cast.shard.set_batch_bytes_max(1_000_000);
    cast.heartbeat("a");
    let described = cast.shard.describe_consumer("g").expect("it is there");
    assert_eq!((described.state, described.members[0].assignment[0].partitions.len()), ("Stable", 1_000));
}

#[test]
fn a_session_whose_end_does_not_fit_ends_a_moment_later() {
    let mut cast = Cast::with_topic("t", 1);
    cast.join("a");
    cast.shard.set_batch_bytes_max(80);
    cast.pass(45_000);
    assert_eq!(cast.shard.describe_consumer("g").map(|group| group.members.len()), Some(1));
    cast.shard.set_batch_bytes_max(1_000_000);
    cast.pass(1_000);
    assert_eq!(cast.shard.describe_consumer("g").map(|group| group.members.len()), Some(0));
}
