//! A thousand short runs, and the proof that a seed is a run.
//!
//! Faults that were put into the coordinator by hand, and the invariant that found each within a hundred seeds: a reply
//! before its records are committed, an append that is dropped, a batch that is lost in replay
//! (`acknowledged_commits_stay`); a group's record lost in replay (`generations_never_fall`); a share given to another
//! member (`members_get_what_the_leader_assigned`). In consumer groups: partitions that are given away before they are given up
//! (`partitions_have_one_owner`), sessions that end in half the time (`members_stay_for_their_session`), members that stay
//! when they have left (`groups_become_stable`). In transactions: commit markers for what was aborted
//! (`aborted_records_are_not_seen`), the marker of one partition left out, nothing done about decisions of a life before
//! (`last_stable_offsets_move_on`), a commit that groups take for an abort, groups that get no marker
//! (`offsets_go_with_their_transaction`).

use sim::{Counts, Size, run};

/// Seeds of the test tier: `SEEDS_PER_TEST` in each of the tests below, so that they run side by side.
const SEEDS_PER_TEST: u64 = 250;

fn check(part: u64) {
    let mut counts = Counts::default();
    for seed in part * SEEDS_PER_TEST..(part + 1) * SEEDS_PER_TEST {
        match run(seed, Size::Short) {
            Ok(report) => counts.add(&report.counts),
            Err(failure) => panic!("{failure}"),
        }
    }
    // What did not happen proves nothing.
    assert!(counts.shares > 100 && counts.commits > 100 && counts.stable_groups > 50, "{counts:?}");
    assert!(counts.consumer_group_shares > 100 && counts.stable_consumer_groups > 50, "{counts:?}");
    assert!(counts.transactions_committed > 100 && counts.transactions_aborted > 30, "{counts:?}");
}

#[test]
fn every_promise_is_kept_first_quarter() {
    check(0);
}

#[test]
fn every_promise_is_kept_second_quarter() {
    check(1);
}

#[test]
fn every_promise_is_kept_third_quarter() {
    check(2);
}

#[test]
fn every_promise_is_kept_fourth_quarter() {
    check(3);
}

#[test]
fn one_seed_run_twice_gives_one_trace() {
    for seed in [1, 7, 42, 99] {
        let twice = || run(seed, Size::Short).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(twice(), twice(), "seed {seed}");
    }
}

#[test]
fn clients_are_there_when_the_disk_fails_during_a_start() {
    let served = |seed| run(seed, Size::Short).unwrap_or_else(|failure| panic!("{failure}")).counts;
    assert!((0..50).any(|seed| served(seed).starts_on_failing_disks > 0));
}

#[test]
fn different_seeds_are_different_runs() {
    let digest = |seed| run(seed, Size::Short).unwrap_or_else(|failure| panic!("{failure}")).trace_digest;
    assert_ne!(digest(1), digest(2));
}
