use types::{ProducerEpoch, TransactionVersion};

use super::*;
use crate::Decision;
use crate::TransactionError::*;
use crate::logged_test::{Logged, SETTINGS, producer};
use crate::{TransactionReply, TransactionRequest, TransactionSettings};

const LAST: ProducerEpoch = ProducerEpoch(i16::MAX - 1);

/// An idle transactional id, with its producer at this epoch.
fn idle_at(epoch: ProducerEpoch) -> (Logged, Producer) {
    let mut logged = Logged::new();
    let first = logged.init("id").expect("a producer");
    let current = Producer { epoch, ..first };
    let known = logged.get("id").expect("known").clone();
    logged.assume("id", Transaction { producer: current, ..known });
    (logged, current)
}

#[test]
fn every_new_producer_fences_the_one_before() {
    let mut logged = Logged::new();
    let first = logged.init("id").expect("a producer");
    let second = logged.init("id").expect("a producer");
    assert_eq!((first.epoch, second.epoch), (ProducerEpoch(0), ProducerEpoch(1)));
    assert_eq!(first.id, second.id);
    assert_eq!(logged.add("id", first, [0]), Err(ProducerFenced));
    assert_eq!(logged.init("other").map(|it| it.id == first.id), Ok(false));
}

#[test]
fn where_a_fresh_id_is_needed_nothing_changes_without_one() {
    let mut logged = Logged::new();
    let request = TransactionRequest::InitProducerId(logged.init_request("id"));
    assert_eq!(logged.ask(request), TransactionReply::InitProducerId(Err(NeedsProducerId)));
    assert!(logged.log.is_empty() && logged.get("id").is_none());
}

#[test]
fn an_open_transaction_is_aborted_and_the_client_asks_again() {
    for version in [TransactionVersion::V0, TransactionVersion::V1, TransactionVersion::V2] {
        let mut logged = Logged::at_version(version);
        let first = logged.init("id").expect("a producer");
        logged.add("id", first, [0]).expect("added");
        assert_eq!(logged.init("id"), Err(ConcurrentTransactions));
        assert_eq!(logged.state("id"), Some(TransactionState::PrepareAbort));
        assert!(logged.end("id", first, Decision::Commit).is_err(), "the one before is fenced");
        assert_eq!(logged.init("id"), Err(ConcurrentTransactions));
        logged.write_markers();
        let second = logged.init("id").expect("a producer");
        // The epoch in between fences; nobody has it.
        assert_eq!(second, Producer { epoch: ProducerEpoch(2), ..first });
    }
}

#[test]
fn a_client_that_goes_on_gets_the_next_epoch_and_the_same_where_it_asks_again() {
    let mut logged = Logged::new();
    let first = logged.init("id").expect("a producer");
    let second = logged.resume("id", first).expect("the next epoch");
    assert_eq!(second, Producer { epoch: ProducerEpoch(1), ..first });
    assert_eq!(logged.resume("id", first), Ok(second), "the answer was lost");
    assert_eq!(logged.resume("id", second).map(|it| it.epoch), Ok(ProducerEpoch(2)));
    assert_eq!(logged.resume("id", first), Err(ProducerFenced));
    assert_eq!(logged.resume("id", producer(77, 0)), Err(ProducerFenced));
}

#[test]
fn a_new_client_in_between_fences_one_that_goes_on() {
    let mut logged = Logged::new();
    let first = logged.init("id").expect("a producer");
    logged.init("id").expect("another client");
    assert_eq!(logged.resume("id", first), Err(ProducerFenced));
}

#[test]
fn a_client_that_goes_on_without_being_known_is_a_new_one() {
    let mut logged = Logged::new();
    let resumed = logged.resume("id", producer(5, 3)).expect("a producer");
    assert_eq!(resumed.epoch, ProducerEpoch(0));
    assert_ne!(resumed.id, producer(5, 3).id);
}

#[test]
fn after_the_last_epoch_comes_another_producer_id() {
    let (mut logged, before) = idle_at(ProducerEpoch(i16::MAX - 2));
    let last = logged.init("id").expect("the last epoch");
    assert_eq!(last, Producer { epoch: LAST, ..before });
    let next = logged.init("id").expect("a producer");
    assert_eq!(next.epoch, ProducerEpoch(0));
    assert_ne!(next.id, before.id);
    assert_eq!(logged.resume("id", last), Err(ProducerFenced), "somebody else came in between");
}

#[test]
fn a_client_that_goes_on_gets_another_id_and_the_same_where_it_asks_again() {
    let (mut logged, last) = idle_at(LAST);
    let next = logged.resume("id", last).expect("a producer");
    assert_ne!(next.id, last.id);
    assert_eq!(logged.resume("id", last), Ok(next), "the answer was lost");
    assert_eq!(logged.resume("id", Producer { epoch: ProducerEpoch(7), ..last }), Err(ProducerFenced));
}

#[test]
fn on_exhausted_epochs_an_older_one_is_fenced_and_a_retry_is_none() {
    let (mut logged, before) = idle_at(ProducerEpoch(i16::MAX - 2));
    let last = logged.resume("id", before).expect("the last epoch");
    assert_eq!(logged.resume("id", before), Ok(last), "the answer was lost");
    assert_eq!(logged.resume("id", Producer { epoch: ProducerEpoch(9), ..before }), Err(ProducerFenced));
}

#[test]
fn fencing_an_open_transaction_at_the_last_epoch_leads_to_another_id() {
    for version in [TransactionVersion::V1, TransactionVersion::V2] {
        let mut logged = Logged::at_version(version);
        let first = logged.init("id").expect("a producer");
        logged.add("id", first, [0]).expect("added");
        let open = logged.get("id").expect("known").clone();
        logged.assume("id", Transaction { producer: Producer { epoch: LAST, ..first }, ..open });
        assert_eq!(logged.init("id"), Err(ConcurrentTransactions));
        assert_eq!(logged.get("id").map(|it| it.producer.epoch), Some(ProducerEpoch(i16::MAX)));
        logged.write_markers();
        let next = logged.init("id").expect("a producer");
        assert_ne!(next.id, first.id);
        assert!(next.epoch <= ProducerEpoch(1));
    }
}

#[test]
fn what_is_asked_for_has_to_be_allowed() {
    let mut logged = Logged::new();
    let plain = logged.init_request("id");
    for (request, refused) in [
        (InitProducerId { transactional_id: String::new(), ..plain.clone() }, EmptyTransactionalId),
        (InitProducerId { timeout_ms: 0, ..plain.clone() }, InvalidTransactionTimeout),
        (InitProducerId { timeout_ms: -1, ..plain.clone() }, InvalidTransactionTimeout),
        (InitProducerId { timeout_ms: 900_001, ..plain.clone() }, InvalidTransactionTimeout),
        (InitProducerId { is_two_phase_commit: true, ..plain.clone() }, TwoPhaseCommitDisabled),
        (
            InitProducerId { is_two_phase_commit: true, keeps_prepared: true, ..plain.clone() },
            TwoPhaseCommitDisabled,
        ),
        (InitProducerId { keeps_prepared: true, timeout_ms: 0, ..plain.clone() }, UnsupportedVersion),
    ] {
        assert_eq!(logged.init_as(request.clone()), Err(refused), "{request:?}");
    }
    assert!(logged.init_as(InitProducerId { timeout_ms: 900_000, ..plain }).is_ok());
}

#[test]
fn with_two_phase_commit_time_does_not_end_a_transaction() {
    let mut logged = Logged::with_settings(TransactionSettings { has_two_phase_commit: true, ..SETTINGS });
    let request = InitProducerId { is_two_phase_commit: true, timeout_ms: -5, ..logged.init_request("id") };
    let producer = logged.init_as(request).expect("granted");
    assert_eq!(logged.get("id").map(|it| it.timeout_ms), Some(i32::MAX));
    logged.add("id", producer, [0]).expect("added");
    let token = logged.await_due(false);
    logged.pass(30 * 24 * 3_600_000);
    assert_eq!(logged.due(token), None);
    assert_eq!(logged.state("id"), Some(TransactionState::Ongoing));
}
