use types::{ProducerId, TransactionVersion};

use super::*;
use crate::TransactionError::*;
use crate::logged_test::{Logged, partitions, producer};

/// A transactional id with an open transaction.
fn open(version: TransactionVersion) -> (Logged, Producer) {
    let mut logged = Logged::at_version(version);
    let producer = logged.init("id").expect("a producer");
    logged.add("id", producer, [0, 1]).expect("added");
    (logged, producer)
}

/// The same, ended.
fn ended(version: TransactionVersion, decision: Decision) -> (Logged, Producer, Producer) {
    let (mut logged, before) = open(version);
    let after = logged.end("id", before, decision).expect("ended");
    logged.write_markers();
    (logged, before, after)
}

#[test]
fn a_decision_is_complete_when_its_markers_are_written() {
    for (decision, prepared, complete) in [
        (Decision::Commit, TransactionState::PrepareCommit, TransactionState::CompleteCommit),
        (Decision::Abort, TransactionState::PrepareAbort, TransactionState::CompleteAbort),
    ] {
        for version in [TransactionVersion::V0, TransactionVersion::V1, TransactionVersion::V2] {
            let (mut logged, producer) = open(version);
            logged.end("id", producer, decision).expect("ended");
            assert_eq!(logged.state("id"), Some(prepared));
            logged.write_markers();
            assert_eq!(logged.state("id"), Some(complete));
            let transaction = logged.get("id").expect("known");
            assert!(transaction.partitions.is_empty() && transaction.started_at_ms > 0);
        }
    }
}

#[test]
fn at_v0_the_client_keeps_its_epoch() {
    let (logged, before, after) = ended(TransactionVersion::V1, Decision::Commit);
    assert_eq!(after, Producer::NONE);
    assert_eq!(logged.get("id").map(|it| it.producer), Some(before));
}

#[test]
fn at_v2_the_epoch_rises_with_every_end() {
    let (mut logged, before, after) = ended(TransactionVersion::V2, Decision::Commit);
    assert_eq!(after, Producer { epoch: ProducerEpoch(before.epoch.0 + 1), ..before });
    logged.add("id", after, [3]).expect("the next transaction");
    assert_eq!(logged.add("id", before, [3]), Err(ProducerFenced), "a late request of the one before");
}

#[test]
fn at_v0_complete_may_be_ended_so_again_and_not_otherwise() {
    for version in [TransactionVersion::V0, TransactionVersion::V1] {
        for decision in [Decision::Commit, Decision::Abort] {
            let (mut logged, producer, _) = ended(version, decision);
            let other = if decision == Decision::Commit { Decision::Abort } else { Decision::Commit };
            let records = logged.log.len();
            assert_eq!(logged.end("id", producer, decision), Ok(Producer::NONE));
            assert_eq!(logged.end("id", producer, other), Err(InvalidTransactionState));
            let stale = Producer { epoch: ProducerEpoch(producer.epoch.0 - 1), ..producer };
            assert_eq!(logged.end("id", stale, decision), Err(ProducerFenced));
            assert_eq!(logged.log.len(), records);
        }
    }
}

#[test]
fn at_v0_nothing_cannot_be_ended() {
    let mut logged = Logged::at_version(TransactionVersion::V1);
    let producer = logged.init("id").expect("a producer");
    for decision in [Decision::Commit, Decision::Abort] {
        assert_eq!(logged.end("id", producer, decision), Err(InvalidTransactionState));
    }
}

/// The table of KIP-890 for what is empty or complete: a retry names the epoch before, the current one means the next
/// transaction.
#[test]
fn at_v2_the_epoch_tells_a_retry_from_the_end_of_the_next_transaction() {
    use Decision::{Abort, Commit};
    for (first, then, retry, current) in [
        (Abort, Abort, None, None),
        (Abort, Commit, Some(InvalidTransactionState), Some(InvalidTransactionState)),
        (Commit, Abort, Some(InvalidTransactionState), None),
        (Commit, Commit, None, Some(InvalidTransactionState)),
    ] {
        let (mut logged, before, after) = ended(TransactionVersion::V2, first);
        let records = logged.log.len();
        assert_eq!(logged.end("id", before, then), retry.map_or(Ok(after), Err), "{first:?} {then:?} again");
        assert_eq!(logged.log.len(), records, "a retry writes nothing");
        let next = Producer { epoch: ProducerEpoch(after.epoch.0 + 1), ..after };
        assert_eq!(logged.end("id", after, then), current.map_or(Ok(next), Err), "{first:?} {then:?} next");
    }
    let mut logged = Logged::new();
    let current = logged.init("id").expect("a producer");
    let before = Producer { epoch: ProducerEpoch(-1), ..current };
    assert_eq!(logged.end("id", before, Abort), Err(ProducerFenced));
    assert_eq!(logged.end("id", before, Commit), Err(ProducerFenced));
    assert_eq!(logged.end("id", current, Commit), Err(InvalidTransactionState));
    assert!(logged.end("id", current, Abort).is_ok());
}

#[test]
fn at_v2_what_was_not_begun_is_aborted_and_complete_at_once() {
    let mut logged = Logged::new();
    let producer = logged.init("id").expect("a producer");
    let records = logged.log.len();
    let after = logged.end("id", producer, Decision::Abort).expect("aborted");
    assert_eq!(after.epoch, ProducerEpoch(1));
    assert_eq!(logged.state("id"), Some(TransactionState::CompleteAbort));
    assert_eq!(logged.log.len(), records + 2, "decided, and complete");
    assert_eq!(logged.get("id").map(|it| it.started_at_ms), Some(logged.now.clock_ms));
}

#[test]
fn while_markers_are_missing_everything_else_waits() {
    for version in [TransactionVersion::V0, TransactionVersion::V2] {
        let (mut logged, producer) = open(version);
        logged.end("id", producer, Decision::Commit).expect("ended");
        let now = logged.get("id").expect("known").producer;
        for decision in [Decision::Commit, Decision::Abort] {
            assert_eq!(logged.end("id", now, decision), Err(ConcurrentTransactions));
        }
        assert_eq!(logged.add("id", now, [5]), Err(ConcurrentTransactions));
        assert_eq!(logged.init("id"), Err(ConcurrentTransactions));
        assert_eq!(logged.resume("id", now), Err(ConcurrentTransactions));
        assert_eq!(logged.state("id"), Some(TransactionState::PrepareCommit));
    }
}

#[test]
fn a_retry_at_v2_waits_for_the_markers_and_then_gets_the_same_answer() {
    let (mut logged, before) = open(TransactionVersion::V2);
    let after = logged.end("id", before, Decision::Commit);
    assert_eq!(logged.end("id", before, Decision::Commit), Err(ConcurrentTransactions));
    logged.write_markers();
    assert_eq!(logged.end("id", before, Decision::Commit), after);
}

/// KAFKA-17754: a delayed EndTxn of an earlier transaction must not decide a later one.
#[test]
fn a_late_end_never_decides_a_later_transaction() {
    let (mut logged, first, second) = ended(TransactionVersion::V2, Decision::Commit);
    logged.add("id", second, [0]).expect("the second transaction");
    for decision in [Decision::Commit, Decision::Abort] {
        assert_eq!(logged.end("id", first, decision), Err(ProducerFenced));
    }
    assert_eq!(logged.state("id"), Some(TransactionState::Ongoing));
    let third = logged.end("id", second, Decision::Abort).expect("aborted");
    logged.write_markers();
    logged.add("id", third, [0]).expect("the third transaction");
    for late in [first, second] {
        assert_eq!(logged.end("id", late, Decision::Commit), Err(ProducerFenced));
    }
}

#[test]
fn others_are_refused() {
    for version in [TransactionVersion::V0, TransactionVersion::V2] {
        let (mut logged, known) = open(version);
        let later = Producer { epoch: ProducerEpoch(known.epoch.0 + 1), ..known };
        let decision = Decision::Commit;
        assert_eq!(logged.end("id", later, decision), Err(ProducerFenced));
        assert_eq!(logged.end("id", producer(77, 0), decision), Err(InvalidProducerIdMapping));
        assert_eq!(logged.end("other", known, decision), Err(InvalidProducerIdMapping));
        assert_eq!(logged.end("", known, decision), Err(EmptyTransactionalId));
        assert_eq!(logged.state("id"), Some(TransactionState::Ongoing));
    }
}

#[test]
fn at_v2_another_producer_id_follows_where_epochs_are_exhausted() {
    let (mut logged, known) = open(TransactionVersion::V2);
    let last = Producer { epoch: ProducerEpoch(i16::MAX - 1), ..known };
    let open = Transaction { producer: last, ..logged.get("id").expect("known").clone() };
    logged.assume("id", open);
    let after = logged.end("id", last, Decision::Commit).expect("ended");
    assert_ne!(after.id, known.id);
    assert_eq!(after.epoch, ProducerEpoch(0));
    let decided = logged.get("id").expect("known");
    assert_eq!((decided.producer.epoch, decided.next_producer_id), (ProducerEpoch(i16::MAX), after.id));
    logged.reload();
    logged.write_markers();
    let complete = logged.get("id").expect("known");
    assert_eq!((complete.producer, complete.previous_producer_id), (after, known.id));
    assert_eq!(complete.next_producer_id, ProducerId::NONE);
    assert_eq!(logged.end("id", last, Decision::Commit), Ok(after), "a retry");
    assert_eq!(logged.end("id", last, Decision::Abort), Err(InvalidTransactionState));
    logged.add("id", after, [0]).expect("the next transaction");
    assert_eq!(
        logged.end("id", last, Decision::Commit),
        Err(InvalidProducerIdMapping),
        "too late for a retry"
    );
}

#[test]
fn a_log_that_cannot_keep_them_takes_no_clients_of_v2() {
    let mut logged = Logged::at_version(TransactionVersion::V0);
    let producer = logged.init("id").expect("a producer");
    logged.add("id", producer, [0]).expect("added");
    logged.client_version = TransactionVersion::V2;
    assert_eq!(logged.end("id", producer, Decision::Commit), Err(UnsupportedVersion));
    assert_eq!(logged.add("id", producer, [1]), Err(UnsupportedVersion));
    assert_eq!(logged.get("id").map(|it| it.partitions.clone()), Some(partitions([0])));
}
