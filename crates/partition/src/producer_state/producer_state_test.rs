//! Retries, order, fencing and transactions, as Apache Kafka 4.3.1 judges them.

use super::*;

const EXPIRATION_MS: i64 = 1000;

fn rules(origin: AppendOrigin) -> AppendRules {
    AppendRules { origin, guard: None, requires_verification: false, transaction_version: 0 }
}

fn data(producer: i64, epoch: i16, sequence: i32, count: i32, offset: i64) -> ProducerBatch {
    ProducerBatch {
        producer_id: ProducerId(producer),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: sequence,
        base_offset: Offset(offset),
        last_offset: Offset(offset + i64::from(count) - 1),
        max_timestamp_ms: 100 + offset,
        is_transactional: false,
        content: BatchContent::Data,
    }
}

fn transactional(batch: ProducerBatch) -> ProducerBatch {
    ProducerBatch { is_transactional: true, ..batch }
}

fn marker(producer: i64, epoch: i16, coordinator_epoch: i32, is_commit: bool, offset: i64) -> ProducerBatch {
    let marker = EndTransactionMarker { is_commit, coordinator_epoch, timestamp_ms: 100 + offset };
    ProducerBatch {
        content: BatchContent::Marker(marker),
        ..transactional(data(producer, epoch, -1, 1, offset))
    }
}

fn append(state: &mut ProducerState, batch: ProducerBatch) -> Result<PreparedAppend, ProducerStateError> {
    let origin = match batch.content {
        BatchContent::Data => AppendOrigin::Client,
        _ => AppendOrigin::Coordinator,
    };
    let prepared = state.prepare([&batch], rules(origin))?;
    if prepared.duplicate.is_none() {
        state.apply(&prepared);
        for completed in &prepared.completed {
            state.complete_transaction(completed);
        }
        state.set_end_offset(batch.last_offset.plus(1));
    }
    Ok(prepared)
}

fn is_out_of_order(result: Result<PreparedAppend, ProducerStateError>) -> bool {
    matches!(result, Err(ProducerStateError::OutOfOrderSequence { .. }))
}

#[test]
fn the_last_five_batches_are_recognised() {
    let mut state = ProducerState::default();
    for number in 0..6 {
        append(&mut state, data(1, 0, number * 10, 10, i64::from(number) * 10)).expect("in order");
    }
    for number in 1..6 {
        let retry = append(&mut state, data(1, 0, number * 10, 10, 999)).expect("a retry is no error");
        let duplicate = retry.duplicate.expect("recognised");
        assert_eq!(
            (duplicate.first_offset(), duplicate.last_offset.0),
            (Offset(i64::from(number) * 10), i64::from(number) * 10 + 9)
        );
        assert_eq!(duplicate.timestamp_ms, 100 + i64::from(number) * 10);
    }
    assert!(is_out_of_order(append(&mut state, data(1, 0, 0, 10, 999))), "the sixth from last is forgotten");
    assert!(is_out_of_order(append(&mut state, data(1, 0, 50, 5, 999))), "same start, other length");
    assert!(is_out_of_order(append(&mut state, data(1, 0, 61, 1, 999))), "a gap");
}

#[test]
fn sequences_wrap_to_zero() {
    let mut state = ProducerState::default();
    append(&mut state, data(1, 0, i32::MAX - 1, 4, 0)).expect("nothing is known: any sequence");
    assert_eq!(state.producer(ProducerId(1)).map(ProducerEntry::last_sequence), Some(1));
    assert!(append(&mut state, data(1, 0, i32::MAX - 1, 4, 9)).expect("a retry").duplicate.is_some());
    append(&mut state, data(1, 0, 2, 1, 4)).expect("in order");
    append(&mut state, data(2, 0, i32::MAX, 1, 5)).expect("any sequence");
    append(&mut state, data(2, 0, 0, 1, 6)).expect("zero follows the largest");
}

#[test]
fn an_older_epoch_is_fenced_and_a_newer_starts_at_zero() {
    let mut state = ProducerState::default();
    append(&mut state, data(1, 5, 0, 1, 0)).expect("first");
    let fenced = append(&mut state, data(1, 4, 1, 1, 1));
    assert!(matches!(
        fenced,
        Err(ProducerStateError::InvalidProducerEpoch { current: ProducerEpoch(5), .. })
    ));
    assert!(is_out_of_order(append(&mut state, data(1, 6, 1, 1, 1))));
    append(&mut state, data(1, 6, 0, 1, 1)).expect("a new epoch at sequence 0");
    assert_eq!(state.producer(ProducerId(1)).map(|entry| entry.batches().len()), Some(1));
}

#[test]
fn replication_states_facts() {
    let mut state = ProducerState::default();
    for batch in [data(1, 5, 7, 1, 0), data(1, 4, 3, 1, 1)] {
        let prepared = state.prepare([&batch], rules(AppendOrigin::Replication)).expect("not judged");
        state.apply(&prepared);
    }
    assert_eq!(state.producer(ProducerId(1)).map(|entry| entry.producer_epoch), Some(ProducerEpoch(4)));
}

#[test]
fn several_batches_of_one_append_build_on_each_other() {
    let mut state = ProducerState::default();
    let batches = [data(1, 0, 0, 2, 0), data(1, 0, 2, 2, 2)];
    let prepared = state.prepare(&batches, rules(AppendOrigin::Client)).expect("in order");
    state.apply(&prepared);
    assert_eq!(state.producer(ProducerId(1)).map(ProducerEntry::last_sequence), Some(3));
}

#[test]
fn an_open_transaction_holds_the_stable_offset_until_its_end_is_replicated() {
    let mut state = ProducerState::default();
    append(&mut state, transactional(data(1, 0, 0, 3, 10))).expect("begins");
    append(&mut state, transactional(data(2, 0, 0, 1, 13))).expect("begins");
    assert_eq!(state.first_unstable_offset(), Some(Offset(10)));
    let aborted = append(&mut state, marker(1, 0, 3, false, 14)).expect("ends");
    let expected = CompletedTransaction {
        producer_id: ProducerId(1),
        first_offset: Offset(10),
        last_offset: Offset(14),
        is_aborted: true,
    };
    assert_eq!(aborted.completed, [expected]);
    assert_eq!(state.last_stable_offset_after(&expected), Offset(13));
    assert_eq!(state.first_unstable_offset(), Some(Offset(10)), "the marker may still be lost");
    state.on_high_watermark_updated(Offset(14));
    assert_eq!(state.first_unstable_offset(), Some(Offset(10)));
    state.on_high_watermark_updated(Offset(15));
    assert_eq!(state.first_unstable_offset(), Some(Offset(13)));
    append(&mut state, marker(2, 0, 3, true, 15)).expect("ends");
    state.on_high_watermark_updated(Offset(16));
    assert_eq!(state.first_unstable_offset(), None);
}

#[test]
fn markers_of_a_replaced_coordinator_are_fenced() {
    let mut state = ProducerState::default();
    append(&mut state, transactional(data(1, 0, 0, 1, 0))).expect("begins");
    append(&mut state, marker(1, 0, 3, true, 1)).expect("ends");
    let fenced = append(&mut state, marker(1, 0, 2, true, 2));
    assert!(matches!(fenced, Err(ProducerStateError::TransactionCoordinatorFenced { current: 3, .. })));
}

#[test]
fn version_two_markers_need_a_bumped_epoch_unless_they_are_retries() {
    let mut state = ProducerState::default();
    append(&mut state, transactional(data(1, 7, 0, 1, 0))).expect("begins");
    let rules = AppendRules { transaction_version: 2, ..rules(AppendOrigin::Coordinator) };
    let same_epoch = state.prepare([&marker(1, 7, 0, true, 1)], rules);
    assert!(matches!(same_epoch, Err(ProducerStateError::InvalidProducerEpoch { .. })));
    let prepared = state.prepare([&marker(1, 8, 0, true, 1)], rules).expect("bumped");
    state.apply(&prepared);
    state.prepare([&marker(1, 8, 0, true, 2)], rules).expect("the transaction has ended: a retry");
}

#[test]
fn a_plain_batch_inside_a_transaction_is_refused() {
    let mut state = ProducerState::default();
    append(&mut state, transactional(data(1, 0, 0, 1, 0))).expect("begins");
    let plain = append(&mut state, data(1, 0, 1, 1, 1));
    assert!(matches!(plain, Err(ProducerStateError::InvalidTransactionState { .. })));
}

#[test]
fn records_of_an_unverified_transaction_are_refused() {
    let mut state = ProducerState::default();
    let begin = transactional(data(1, 0, 0, 1, 0));
    let verified = AppendRules { requires_verification: true, ..rules(AppendOrigin::Client) };
    let refused = state.prepare([&begin], verified);
    assert!(matches!(refused, Err(ProducerStateError::InvalidTransactionState { .. })));
    let guard = state.start_verification(ProducerId(1), ProducerEpoch(0), 0, false, 0);
    assert!(guard.is_some());
    let prepared = state.prepare([&begin], AppendRules { guard, ..verified }).expect("verified");
    state.apply(&prepared);
    assert_eq!(state.start_verification(ProducerId(1), ProducerEpoch(0), 1, false, 0), None, "open already");
    state.prepare([&transactional(data(1, 0, 1, 1, 1))], verified).expect("open transactions need no guard");
    append(&mut state, marker(1, 0, 0, false, 1)).expect("aborted");
    let stale = state.prepare([&transactional(data(1, 0, 1, 1, 2))], AppendRules { guard, ..verified });
    assert!(matches!(stale, Err(ProducerStateError::InvalidTransactionState { .. })));
}

#[test]
fn silent_producers_expire_but_open_transactions_do_not() {
    let mut state = ProducerState::default();
    append(&mut state, data(1, 0, 0, 1, 0)).expect("first");
    append(&mut state, transactional(data(2, 0, 0, 1, 1))).expect("begins");
    assert_eq!(state.remove_expired(100 + EXPIRATION_MS - 1, EXPIRATION_MS), 0);
    assert_eq!(state.remove_expired(101 + EXPIRATION_MS, EXPIRATION_MS), 1);
    assert!(state.producer(ProducerId(2)).is_some());
    let entries: Vec<ProducerEntry> = state.producers().cloned().collect();
    let restored = ProducerState::from_snapshot(Offset(2), entries, i64::MAX, EXPIRATION_MS);
    assert_eq!(restored.first_unstable_offset(), Some(Offset(1)));
}
