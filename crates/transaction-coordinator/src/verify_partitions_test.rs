use types::ProducerEpoch;

use super::*;
use crate::TransactionError::*;
use crate::logged_test::{Logged, producer};
use crate::{Decision, TransactionReply, TransactionRequest};

fn verify(logged: &mut Logged, id: &str, producer: Producer) -> Result<Vec<bool>, TransactionError> {
    let partitions = [2, 0, 1].map(|index| TopicPartition::new("topic", index)).to_vec();
    let request = VerifyPartitions { transactional_id: id.to_owned(), producer, partitions };
    match logged.ask(TransactionRequest::VerifyPartitions(request)) {
        TransactionReply::VerifyPartitions(reply) => reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_partition_is_told_whether_it_is_in_the_open_transaction() {
    let mut logged = Logged::new();
    let first = logged.init("id").expect("a producer");
    assert_eq!(verify(&mut logged, "id", first), Ok(vec![false; 3]));
    logged.add("id", first, [0, 2]).expect("added");
    assert_eq!(verify(&mut logged, "id", first), Ok(vec![true, true, false]));
    let second = logged.end("id", first, Decision::Abort).expect("ended");
    let raised = Producer { epoch: ProducerEpoch(1), ..first };
    assert_eq!(verify(&mut logged, "id", raised), Err(ConcurrentTransactions));
    assert_eq!(verify(&mut logged, "id", first), Err(ProducerFenced), "a late Produce");
    logged.write_markers();
    assert_eq!(verify(&mut logged, "id", second), Ok(vec![false; 3]));
}

#[test]
fn others_are_refused() {
    let mut logged = Logged::new();
    let known = logged.init("id").expect("a producer");
    assert_eq!(verify(&mut logged, "id", producer(77, 0)), Err(InvalidProducerIdMapping));
    assert_eq!(verify(&mut logged, "other", known), Err(InvalidProducerIdMapping));
    assert_eq!(verify(&mut logged, "", known), Err(EmptyTransactionalId));
}
