use types::{LeaderEpoch, TransactionVersion};

use crate::logged_test::{Logged, partitions};
use crate::{Decision, Due, DueMarkers, Producer, TransactionState};

/// Transactional ids whose transactions are decided.
fn decided(ids: &[&str]) -> Logged {
    decided_at(TransactionVersion::V2, ids)
}

fn decided_at(version: TransactionVersion, ids: &[&str]) -> Logged {
    let mut logged = Logged::at_version(version);
    for id in ids {
        let producer = logged.init(id).expect("a producer");
        logged.add(id, producer, [0, 1, 2]).expect("added");
        logged.end(id, producer, Decision::Commit).expect("ended");
    }
    logged
}

fn ids(due: &Due) -> Vec<&str> {
    due.markers.iter().map(|it| &*it.transactional_id).collect()
}

fn taken(logged: &mut Logged, is_anew: bool) -> Due {
    let token = logged.await_due(is_anew);
    logged.due(token).expect("something is due")
}

#[test]
fn a_driver_that_waits_is_told_with_the_decision() {
    let mut logged = Logged::new();
    let producer = logged.init("id").expect("a producer");
    logged.add("id", producer, [1, 0]).expect("added");
    let token = logged.await_due(true);
    assert_eq!(logged.due(token), None, "nothing is due");
    let records = logged.log.len();
    logged.end("id", producer, Decision::Abort).expect("ended");
    assert_eq!(logged.log.len(), records + 1);
    let due = logged.due(token).expect("due in the step that writes it");
    let raised = logged.get("id").expect("known").producer;
    assert!(due.timed_out.is_empty() && due.is_anew);
    let expected = DueMarkers {
        handed_out: token,
        transactional_id: "id".to_owned(),
        producer: raised,
        coordinator_epoch: LeaderEpoch(7),
        decision: Decision::Abort,
        version: TransactionVersion::V2,
        partitions: partitions([0, 1]).into_iter().collect(),
    };
    assert_eq!(due.markers, [expected]);
}

#[test]
fn markers_are_of_the_version_at_which_the_transaction_ended() {
    for (version, of_markers) in [
        (TransactionVersion::V0, TransactionVersion::V0),
        (TransactionVersion::V1, TransactionVersion::V0),
        (TransactionVersion::V2, TransactionVersion::V2),
    ] {
        let mut logged = decided_at(version, &["id"]);
        assert_eq!(taken(&mut logged, true).markers[0].version, of_markers);
    }
}

#[test]
fn nothing_is_handed_out_twice_but_anew() {
    let mut logged = decided(&["a", "b"]);
    let first = taken(&mut logged, false);
    assert_eq!(ids(&first), ["a", "b"]);
    let waiting = logged.await_due(false);
    assert_eq!(logged.due(waiting), None);
    let anew = taken(&mut logged, true);
    assert_eq!(ids(&anew), ["a", "b"]);
    assert_eq!((first.is_anew, anew.is_anew), (true, true));
    assert_eq!(logged.due(waiting), Some(Due::default()), "another waits instead");
    assert_eq!(logged.report(&first.markers[0], &first.markers[0].partitions), Ok(false), "of the past");
    assert_eq!(logged.state("a"), Some(TransactionState::PrepareCommit));
    assert_eq!(logged.report(&anew.markers[0], &anew.markers[0].partitions), Ok(true));
    assert_eq!(logged.state("a"), Some(TransactionState::CompleteCommit));
}

#[test]
fn a_shard_that_was_loaded_anew_hands_out_everything_that_is_decided() {
    let mut logged = decided(&["a", "b"]);
    let lost = taken(&mut logged, false);
    assert_eq!(logged.report(&lost.markers[1], &lost.markers[1].partitions), Ok(true));
    assert_eq!(logged.report(&lost.markers[0], &lost.markers[0].partitions[..2]), Ok(true));
    logged.reload();
    assert_eq!(logged.report(&lost.markers[0], &lost.markers[0].partitions), Ok(false), "of the past");
    let due = taken(&mut logged, true);
    assert_eq!(ids(&due), ["a"]);
    assert_eq!(due.markers[0].partitions.len(), 3, "which markers are there, the log does not say");
}

#[test]
fn the_last_marker_completes_a_transaction() {
    let mut logged = decided(&["id"]);
    let due = taken(&mut logged, false);
    let markers = &due.markers[0];
    for (done, partition) in markers.partitions.iter().enumerate() {
        assert_eq!(logged.state("id"), Some(TransactionState::PrepareCommit), "{done} are written");
        let one = std::slice::from_ref(partition);
        assert_eq!(logged.report(markers, one), Ok(true));
        let is_last = done == 2;
        assert_eq!(logged.report(markers, one), Ok(!is_last), "told twice");
    }
    assert_eq!(logged.state("id"), Some(TransactionState::CompleteCommit));
}

/// At V0 every transaction of a producer has the same epoch: only the handing out tells a late report from one of today.
#[test]
fn a_late_report_completes_no_later_transaction() {
    let mut logged = decided_at(TransactionVersion::V1, &["id"]);
    let first = taken(&mut logged, false);
    assert_eq!(logged.report(&first.markers[0], &first.markers[0].partitions), Ok(true));
    let producer = first.markers[0].producer;
    logged.add("id", producer, [0]).expect("the next transaction");
    assert_eq!(logged.report(&first.markers[0], &first.markers[0].partitions), Ok(false));
    logged.end("id", producer, Decision::Commit).expect("ended");
    assert_eq!(logged.report(&first.markers[0], &first.markers[0].partitions), Ok(false));
    let second = taken(&mut logged, false);
    assert_eq!((first.is_anew, second.is_anew), (true, false));
    assert_eq!(logged.report(&first.markers[0], &first.markers[0].partitions), Ok(false));
    assert_eq!(logged.state("id"), Some(TransactionState::PrepareCommit));
    assert_eq!(logged.report(&second.markers[0], &second.markers[0].partitions), Ok(true));
}

#[test]
fn a_driver_that_has_gone_is_told_nothing() {
    let mut logged = Logged::new();
    let producer = logged.init("id").expect("a producer");
    logged.add("id", producer, [0]).expect("added");
    let gone = logged.await_due(true);
    coordinator::Shard::forget(&mut logged.shard, gone);
    logged.end("id", producer, Decision::Commit).expect("ended");
    assert_eq!(logged.due(gone), None);
    assert_eq!(ids(&taken(&mut logged, false)), ["id"], "the next one is");
}

#[test]
fn decided_without_partitions_completes_with_an_empty_report() {
    let mut logged = Logged::new();
    let producer = logged.init("id").expect("a producer");
    logged.add("id", producer, []).expect("begun");
    let open = logged.get("id").expect("known");
    let decided = open.decided(Decision::Commit, TransactionVersion::V2, None, logged.now);
    // As a coordinator leaves it that crashed between the two records.
    logged.assume("id", decided);
    let due = taken(&mut logged, true);
    assert_eq!(due.markers[0].partitions, []);
    assert_eq!(logged.report(&due.markers[0], &[]), Ok(true));
    assert_eq!(logged.state("id"), Some(TransactionState::CompleteCommit));
}

#[test]
fn a_report_about_nothing_does_not_count() {
    let mut logged = decided(&["id"]);
    let mut markers = taken(&mut logged, false).markers.remove(0);
    markers.transactional_id = "other".to_owned();
    assert_eq!(logged.report(&markers, &[]), Ok(false));
    assert_eq!(logged.get("id").map(|it| it.producer != Producer::NONE), Some(true));
}
