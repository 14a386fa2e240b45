use coordinator::Shard;
use types::{ProducerEpoch, TransactionVersion};

use super::*;
use crate::Decision;
use crate::TransactionError::*;
use crate::logged_test::{Logged, partitions, producer};
use crate::record::transaction_record;

fn known() -> (Logged, Producer) {
    let mut logged = Logged::new();
    let producer = logged.init("id").expect("a producer");
    (logged, producer)
}

#[test]
fn the_first_partitions_begin_a_transaction_and_others_join_it() {
    let (mut logged, producer) = known();
    logged.pass(500);
    logged.add("id", producer, [1]).expect("added");
    logged.pass(500);
    logged.add("id", producer, [2, 1]).expect("added");
    let open = logged.get("id").expect("known");
    assert_eq!((open.state, &open.partitions), (TransactionState::Ongoing, &partitions([1, 2])));
    assert_eq!(logged.now.clock_ms - open.started_at_ms, 500);
    assert_eq!(open.updated_at_ms, logged.now.clock_ms);
    assert_eq!(open.client_version, TransactionVersion::V2);
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let (mut logged, producer) = known();
    logged.add("id", producer, [1, 2]).expect("added");
    let records = logged.log.len();
    logged.add("id", producer, [2]).expect("there");
    logged.add("id", producer, []).expect("nothing to add");
    assert_eq!(logged.log.len(), records);
    logged.end("id", producer, Decision::Commit).expect("ended");
}

#[test]
fn a_transaction_may_begin_with_nothing_in_it() {
    let (mut logged, producer) = known();
    logged.add("id", producer, []).expect("begun");
    assert_eq!(logged.state("id"), Some(TransactionState::Ongoing));
    logged.end("id", producer, Decision::Commit).expect("ended");
    assert_eq!(logged.state("id"), Some(TransactionState::CompleteCommit), "no marker is missing");
}

#[test]
fn others_are_refused() {
    let (mut logged, known) = known();
    let epoch = |epoch| Producer { epoch: ProducerEpoch(epoch), ..known };
    assert_eq!(logged.add("id", epoch(1), [0]), Err(ProducerFenced));
    assert_eq!(logged.add("id", epoch(-1), [0]), Err(ProducerFenced));
    assert_eq!(logged.add("id", producer(77, 0), [0]), Err(InvalidProducerIdMapping));
    assert_eq!(logged.add("other", known, [0]), Err(InvalidProducerIdMapping));
    assert_eq!(logged.add("", known, [0]), Err(EmptyTransactionalId));
    assert_eq!(logged.state("id"), Some(TransactionState::Empty));
}

#[test]
fn what_does_not_fit_into_a_batch_is_refused_and_what_fits_can_be_ended() {
    for version in [TransactionVersion::V0, TransactionVersion::V1, TransactionVersion::V2] {
        for decision in [Decision::Commit, Decision::Abort] {
            let mut logged = Logged::at_version(version);
            let producer = logged.init("id").expect("a producer");
            // Where it is tightest: another producer id has to be written with the decision.
            let last = Producer { epoch: ProducerEpoch(i16::MAX - 1), ..producer };
            let idle = logged.get("id").expect("known").clone();
            logged.assume("id", crate::Transaction { producer: last, ..idle });
            logged.shard.set_batch_bytes_max(400);
            let fitting = (0..1_000).take_while(|index| logged.add("id", last, [*index]).is_ok()).count();
            let fitting = i32::try_from(fitting).expect("a few");
            assert!((30..90).contains(&fitting), "{fitting}");
            assert_eq!(logged.add("id", last, [fitting]), Err(TooLarge));
            assert_eq!(logged.get("id").map(|it| it.partitions.clone()), Some(partitions(0..fitting)));
            logged.end("id", last, decision).expect("what is open can be ended");
            logged.write_markers();
            assert!(logged.get("id").is_some_and(|it| it.state.is_idle()));
        }
    }
}

#[test]
fn an_open_transaction_that_became_too_large_stays_as_it_is() {
    let (mut logged, producer) = known();
    logged.add("id", producer, 0..100).expect("added");
    let before = logged.get("id").cloned();
    logged.shard.set_batch_bytes_max(300);
    assert_eq!(logged.end("id", producer, Decision::Commit), Err(TooLarge));
    assert_eq!(logged.init("id"), Err(TooLarge));
    assert_eq!(logged.get("id").cloned(), before);
    logged.shard.set_batch_bytes_max(1_000_000);
    logged.end("id", producer, Decision::Commit).expect("ended");
}

#[test]
fn the_record_of_a_decision_is_larger_by_less_than_is_kept_free() {
    let (mut logged, producer) = known();
    logged.add("id", producer, 0..50).expect("added");
    let open = logged.get("id").expect("known");
    let next = Some(types::ProducerId(i64::MAX));
    let decided = open.decided(Decision::Abort, TransactionVersion::V2, next, logged.now);
    let size = |it, version| transaction_record("id", it, version).size();
    for before in [TransactionVersion::V0, TransactionVersion::V1] {
        let grown = size(&decided, TransactionVersion::V2).saturating_sub(size(open, before));
        assert!(grown <= DECISION_BYTES, "{grown}");
    }
}
