//! What a consumer group says that it waits for, on its way to being stable.

use types::waits::GroupWait;

use super::cast::Cast;
use crate::classic::GroupWhy;

/// The causes, in short.
fn causes(why: &GroupWhy) -> Vec<String> {
    let short = |wait: &GroupWait| match wait {
        GroupWait::TargetIsDue { group_epoch, assignment_epoch, left_ms } => {
            format!("due {group_epoch} after {assignment_epoch}, {left_ms:?}")
        }
        GroupWait::TargetIsMade { for_ms, left_ms } => format!("made for {for_ms}, {left_ms}"),
        GroupWait::PatternsAreResolved { for_ms, left_ms } => format!("resolved for {for_ms}, {left_ms}"),
        GroupWait::MemberIsBehind { member, epoch, assignment_epoch } => {
            format!("{} in {epoch} behind {assignment_epoch}", member.member_id)
        }
        GroupWait::MemberHasToGiveUp { member, partitions, others, left_ms } => {
            let partitions: Vec<_> = partitions.iter().map(ToString::to_string).collect();
            format!("{} gives up {} and {others}, {left_ms:?}", member.member_id, partitions.join(" "))
        }
        GroupWait::MemberWaitsForPartitions { member, partitions, others } => {
            let told = partitions.iter().map(|(partition, owner)| format!("{partition} of {owner}"));
            format!("{} waits for {} and {others}", member.member_id, told.collect::<Vec<_>>().join(" "))
        }
        GroupWait::StaticMemberIsAway { member } => {
            format!("{} is away, {:?}", member.member_id, member.session_left_ms)
        }
        other => panic!("not of consumer groups: {other:?}"),
    };
    why.waits.iter().map(short).collect()
}

#[test]
fn each_step_to_a_stable_group_names_whom_it_waits_for() {
    let mut cast = Cast::with_topic("t", 4);
    cast.join("a");
    assert_eq!((cast.why().state, causes(&cast.why())), ("Stable", vec![]));
    cast.join("b");
    let due = "due 3 after 2, Some(1000)".to_owned();
    assert_eq!((cast.why().state, causes(&cast.why())), ("Assigning", vec![due]));
    cast.pass(400);
    assert_eq!(causes(&cast.why()), ["due 3 after 2, Some(600)"]);
    cast.pass(600);
    let job = cast.pause("b");
    cast.pass(50);
    assert_eq!(causes(&cast.why()), ["made for 50, 29950"]);
    cast.finish(job);
    let waits = ["a in 2 behind 3", "b waits for t-2 of a t-3 of a and 0"];
    assert_eq!((cast.why().state, causes(&cast.why())), ("Reconciling", waits.map(str::to_owned).to_vec()));
    cast.heartbeat("a");
    cast.pass(1_000);
    let waits = ["a gives up t-2 t-3 and 0, Some(59000)", "b waits for t-2 of a t-3 of a and 0"];
    assert_eq!(causes(&cast.why()), waits);
    cast.give_up("a");
    assert_eq!(causes(&cast.why()), ["b waits for  and 0"]);
    cast.heartbeat("b");
    let why = cast.why();
    assert_eq!((why.state, causes(&why)), ("Stable", vec![]));
    assert_eq!(why.assigned.iter().map(|it| it.partitions.len()).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn a_job_that_is_lost_is_due_again_after_its_time() {
    let mut cast = Cast::with_topic("t", 1);
    drop(cast.pause_joining("a"));
    cast.pass(29_999);
    assert_eq!(causes(&cast.why()), ["made for 29999, 1", "a in 0 behind 1"]);
    cast.pass(1);
    assert_eq!(causes(&cast.why()), ["due 2 after 1, None", "a in 0 behind 1"]);
}
