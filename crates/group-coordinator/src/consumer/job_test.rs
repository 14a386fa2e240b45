//! Results of jobs that come late: members have gone, or the group was loaded anew.

use super::cast::Cast;
use super::{ConsumerHeartbeat, LEAVE_EPOCH};
use crate::GroupError;

fn epochs(cast: &Cast) -> (i32, i32) {
    let described = cast.shard.describe_consumer("g").expect("it is there");
    (described.group_epoch, described.assignment_epoch)
}

#[test]
fn a_job_of_a_time_before_the_group_was_loaded_is_not_taken_for_one_of_its_number() {
    let mut cast = Cast::with_topic("t", 2);
    let early = cast.pause("a");
    cast.reload();
    cast.heartbeat("a");
    assert_eq!(epochs(&cast), (2, 2));
    cast.join("b");
    cast.pass(1_000);
    cast.reload();
    let current = cast.pause("b");
    cast.finish(early);
    assert_eq!(epochs(&cast), (3, 2), "the other one is still waited for");
    cast.finish(current);
    assert_eq!(epochs(&cast), (3, 3));
}

#[test]
fn who_left_meanwhile_gets_nothing_and_who_came_is_next() {
    let mut cast = Cast::with_topic("t", 4);
    cast.join("a");
    cast.join("b");
    cast.pass(1_000);
    let job = cast.pause("b");
    let leave = ConsumerHeartbeat { member_epoch: LEAVE_EPOCH, ..cast.request("a") };
    assert!(matches!(cast.send(leave), Ok(Ok(_))));
    cast.join("c");
    cast.finish(job);
    assert_eq!(epochs(&cast), (5, 3));
    let described = cast.shard.describe_consumer("g").expect("it is there");
    let targets: Vec<_> = described.members.iter().map(|it| (&*it.member_id, it.target.len())).collect();
    assert_eq!(targets, [("b", 1), ("c", 0)]);
    cast.pass(1_000);
    for name in ["c", "b", "c", "b"] {
        cast.heartbeat(name);
    }
    let described = cast.shard.describe_consumer("g").expect("it is there");
    assert_eq!((described.state, epochs(&cast)), ("Stable", (5, 5)));
}

#[test]
fn a_member_that_left_while_it_waited_is_told_so() {
    let mut cast = Cast::with_topic("t", 1);
    let job = cast.pause("a");
    let leave = ConsumerHeartbeat { member_epoch: LEAVE_EPOCH, ..cast.request("a") };
    assert!(matches!(cast.send(leave), Ok(Ok(_))));
    let answer = cast.send_result(job);
    assert_eq!(answer, Err(GroupError::UnknownMemberId));
}

#[test]
fn while_a_job_is_under_way_others_are_answered_by_the_assignment_of_before() {
    let mut cast = Cast::with_topic("t", 2);
    let job = cast.pause("a");
    let answer = cast.send(cast.request("b"));
    let heard = answer.expect("no second job").expect("it joins");
    assert_eq!((heard.member_epoch, heard.assignment.map(|it| it.len())), (1, Some(0)));
    cast.finish(job);
    assert_eq!(epochs(&cast), (3, 2));
}
