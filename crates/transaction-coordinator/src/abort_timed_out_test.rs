use types::{ProducerEpoch, TransactionVersion};

use super::*;
use crate::TransactionError::{self, *};
use crate::logged_test::{Logged, at};
use crate::{Decision, Due, Transaction, TransactionReply, TransactionRequest, TransactionState};

fn open(version: TransactionVersion) -> (Logged, Producer) {
    let mut logged = Logged::at_version(version);
    let producer = logged.init("id").expect("a producer");
    logged.add("id", producer, [0]).expect("added");
    (logged, producer)
}

fn abort(logged: &mut Logged, due: &Due, is_fresh: bool) -> Result<(), TransactionError> {
    let [timed_out] = &due.timed_out[..] else { panic!("{due:?}") };
    let request = AbortTimedOut {
        transactional_id: timed_out.transactional_id.clone(),
        producer: timed_out.producer,
        fresh_producer_id: is_fresh.then(|| logged.fresh()),
        server_version: logged.server_version,
    };
    match logged.ask(TransactionRequest::AbortTimedOut(request)) {
        TransactionReply::AbortTimedOut(reply) => reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_took_too_long_is_aborted_and_its_producer_fenced() {
    for version in [TransactionVersion::V0, TransactionVersion::V1, TransactionVersion::V2] {
        let (mut logged, producer) = open(version);
        let token = logged.await_due(false);
        // The timeout is a minute, they are looked through every ten seconds, and a minute alone is not too long.
        logged.pass(69_999);
        assert_eq!(logged.due(token), None);
        logged.pass(1);
        let due = logged.due(token).expect("due");
        assert_eq!(due.markers, []);
        abort(&mut logged, &due, false).expect("aborted");
        assert_eq!(logged.state("id"), Some(TransactionState::PrepareAbort));
        logged.write_markers();
        assert_eq!(logged.state("id"), Some(TransactionState::CompleteAbort));
        assert!(logged.end("id", producer, Decision::Commit).is_err(), "it is fenced");
        assert_eq!(logged.add("id", producer, [1]), Err(ProducerFenced));
        assert_eq!(logged.get("id").map(|it| it.producer.epoch), Some(ProducerEpoch(1)));
    }
}

#[test]
fn it_is_handed_out_at_every_interval_until_it_is_aborted() {
    let (mut logged, _) = open(TransactionVersion::V2);
    logged.pass(75_000);
    let token = logged.await_due(false);
    let due = logged.due(token).expect("found before anybody waited");
    for _ in 0..3 {
        let token = logged.await_due(false);
        assert_eq!(logged.due(token), None);
        logged.pass(10_000);
        assert!(logged.due(token).is_some());
    }
    abort(&mut logged, &due, false).expect("aborted");
    let token = logged.await_due(false);
    assert_eq!(logged.due(token).map(|due| (due.markers.len(), due.timed_out.len())), Some((1, 0)));
}

#[test]
fn what_ended_in_time_or_belongs_to_the_next_is_left_alone() {
    let (mut logged, producer) = open(TransactionVersion::V1);
    let token = logged.await_due(false);
    logged.pass(70_000);
    let due = logged.due(token).expect("due");
    logged.end("id", producer, Decision::Commit).expect("at the last moment");
    assert_eq!(abort(&mut logged, &due, false), Ok(()));
    assert_eq!(logged.state("id"), Some(TransactionState::PrepareCommit));
    logged.write_markers();
    logged.add("id", producer, [0]).expect("the next transaction, of the same epoch");
    assert_eq!(abort(&mut logged, &due, false), Ok(()));
    assert_eq!(logged.state("id"), Some(TransactionState::Ongoing));
}

#[test]
fn at_the_last_epoch_another_producer_id_is_needed() {
    let (mut logged, producer) = open(TransactionVersion::V2);
    let last = Producer { epoch: ProducerEpoch(i16::MAX - 1), ..producer };
    let open = logged.get("id").expect("known").clone();
    logged.assume("id", Transaction { producer: last, ..open });
    let token = logged.await_due(true);
    logged.pass(70_000);
    let due = logged.due(token).expect("due");
    assert_eq!(abort(&mut logged, &due, false), Err(NeedsProducerId));
    assert_eq!(logged.state("id"), Some(TransactionState::Ongoing));
    assert_eq!(abort(&mut logged, &due, true), Ok(()));
    logged.write_markers();
    let complete = logged.get("id").expect("known");
    assert!(complete.producer.id != last.id && complete.producer.epoch == ProducerEpoch(0));
}

#[test]
fn a_transaction_that_was_open_before_the_shard_was_loaded_has_what_is_left_of_its_time() {
    let (mut logged, _) = open(TransactionVersion::V2);
    logged.pass(45_000);
    logged.reload();
    let token = logged.await_due(true);
    logged.pass(19_999);
    assert_eq!(logged.due(token), None);
    logged.pass(1);
    assert!(logged.due(token).is_some());
}

#[test]
fn a_clock_that_is_set_ends_no_transaction() {
    let (mut logged, _) = open(TransactionVersion::V2);
    let token = logged.await_due(true);
    let day_ms = 24 * 3_600_000;
    logged.now.clock_ms += day_ms;
    let due_ms = coordinator::Shard::next_deadline_ms(&logged.shard);
    assert_eq!(due_ms, Some(70_000));
    logged.now = coordinator::Now { clock_ms: at(0).clock_ms - day_ms, ..at(30_000) };
    logged.reload();
    assert_eq!(logged.due(token), None);
    assert_eq!(
        coordinator::Shard::next_deadline_ms(&logged.shard),
        Some(100_000),
        "it began in the future: a whole timeout from now"
    );
}
