use super::*;
use crate::logged_test::Logged;
use crate::{Decision, TransactionReply, TransactionRequest};

fn describe(logged: &mut Logged, id: &str) -> Result<TransactionDescription, TransactionError> {
    match logged.ask(TransactionRequest::Describe { transactional_id: id.to_owned() }) {
        TransactionReply::Describe(reply) => reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_transaction_is_described_with_what_is_in_it_and_then_with_what_it_waits_for() {
    let mut logged = Logged::new();
    let producer = logged.init("id").expect("a producer");
    let empty = describe(&mut logged, "id").expect("known");
    assert_eq!((empty.state, empty.producer), (TransactionState::Empty, producer));
    assert_eq!((empty.timeout_ms, empty.started_at_ms, empty.partitions.len()), (60_000, -1, 0));
    logged.add("id", producer, [2, 0, 1]).expect("added");
    let open = describe(&mut logged, "id").expect("known");
    let indexes =
        |it: &TransactionDescription| it.partitions.iter().map(|it| it.partition.0).collect::<Vec<_>>();
    assert_eq!((open.state, indexes(&open)), (TransactionState::Ongoing, vec![0, 1, 2]));
    assert_eq!(open.started_at_ms, logged.now.clock_ms);
    let after = logged.end("id", producer, Decision::Commit).expect("ended");
    let token = logged.await_due(false);
    let markers = logged.due(token).expect("due").markers;
    assert_eq!(logged.report(&markers[0], &markers[0].partitions[..2]), Ok(true));
    let decided = describe(&mut logged, "id").expect("known");
    assert_eq!((decided.state, indexes(&decided)), (TransactionState::PrepareCommit, vec![2]));
    assert_eq!(logged.report(&markers[0], &markers[0].partitions), Ok(true));
    let complete = describe(&mut logged, "id").expect("known");
    assert_eq!((complete.state, complete.producer), (TransactionState::CompleteCommit, after));
    assert_eq!((complete.started_at_ms, indexes(&complete)), (open.started_at_ms, vec![]));
}

#[test]
fn what_is_not_there_is_not_described() {
    let mut logged = Logged::new();
    assert_eq!(describe(&mut logged, "id"), Err(TransactionError::TransactionalIdNotFound));
    assert_eq!(describe(&mut logged, ""), Err(TransactionError::EmptyTransactionalId));
}
