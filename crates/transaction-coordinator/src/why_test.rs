use super::*;
use crate::logged_test::{Logged, partitions};

fn waits(logged: &Logged, id: &str) -> Vec<TransactionWait> {
    logged.shard.why(id, logged.now).expect("known").waits
}

#[test]
fn an_open_transaction_waits_for_its_end_or_its_timeout() {
    let mut logged = Logged::new();
    let producer = logged.init("id").expect("a producer");
    assert_eq!(waits(&logged, "id"), []);
    logged.pass(4_000);
    logged.add("id", producer, [0, 3]).expect("added");
    logged.pass(1_000);
    let expected = TransactionWait::Open {
        producer: (producer.id, producer.epoch),
        open_for_ms: 1_000,
        partitions: partitions([0, 3]).into_iter().collect(),
        // It is looked for at whole intervals.
        left_ms: Some(65_000),
    };
    assert_eq!(waits(&logged, "id"), [expected]);
    let why = logged.shard.why("id", logged.now).expect("known");
    assert_eq!((why.timeout_ms, why.updated_ago_ms, why.expires_in_ms), (Some(60_000), 1_000, None));
}

#[test]
fn a_decided_transaction_waits_for_its_markers() {
    let mut logged = Logged::new();
    let producer = logged.init("id").expect("a producer");
    logged.add("id", producer, [0, 3]).expect("added");
    logged.end("id", producer, Decision::Commit).expect("ended");
    logged.pass(70);
    let expected = |is_being_written, indexes: &[i32]| TransactionWait::MarkersNotWritten {
        is_committed: true,
        decided_for_ms: 70,
        is_being_written,
        partitions: partitions(indexes.iter().copied()).into_iter().collect(),
    };
    assert_eq!(waits(&logged, "id"), [expected(false, &[0, 3])]);
    let token = logged.await_due(false);
    let due = logged.due(token).expect("due");
    assert_eq!(logged.report(&due.markers[0], &due.markers[0].partitions[..1]), Ok(true));
    assert_eq!(waits(&logged, "id"), [expected(true, &[3])]);
    assert_eq!(logged.report(&due.markers[0], &due.markers[0].partitions), Ok(true));
    let why = logged.shard.why("id", logged.now).expect("known");
    assert_eq!((why.state, why.waits), (TransactionState::CompleteCommit, vec![]));
    assert_eq!(why.expires_in_ms, Some(604_800_000));
}

#[test]
fn nothing_is_known_of_an_id_that_is_not_there() {
    let logged = Logged::new();
    assert_eq!(logged.shard.why("id", logged.now), Err(TransactionError::TransactionalIdNotFound));
}
