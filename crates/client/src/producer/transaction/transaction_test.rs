//! Lives of transactions, played without a broker.

use protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnTopicResult,
};
use protocol::messages::end_txn_response::EndTxnResponse;
use protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use types::Offset;

use super::*;
use crate::consumer::OffsetAndMetadata;
use crate::network_client::topic_error;

struct Play {
    machine: TransactionMachine,
    now: Instant,
    /// The level of `transaction.version` that coordinators tell.
    level: i16,
    epoch: i16,
}

fn partition() -> TopicPartition {
    TopicPartition::new("t", 0)
}

fn offsets() -> Offsets {
    Offsets::from([(partition(), OffsetAndMetadata::at(Offset(5)))])
}

/// The call in a word, as the play goes on with it.
fn name(call: &TransactionCall) -> &'static str {
    match call {
        TransactionCall::FindCoordinator(_) => "find",
        TransactionCall::FindGroupCoordinator(_) => "find group",
        TransactionCall::InitProducerId(..) => "init",
        TransactionCall::AddPartitions(..) => "add partitions",
        TransactionCall::AddOffsets(..) => "add offsets",
        TransactionCall::CommitOffsets(..) => "commit offsets",
        TransactionCall::EndTxn(_, request, _) if request.committed => "commit",
        TransactionCall::EndTxn(..) => "abort",
    }
}

impl Play {
    /// An initialized producer.
    fn new(level: i16) -> Self {
        let (backoff, max) = (Duration::from_millis(100), Duration::from_secs(1));
        let machine = TransactionMachine::new("id".to_owned(), Duration::from_secs(60), backoff, max);
        let mut play = Self { machine, now: Instant::now(), level, epoch: 0 };
        play.machine.initialize();
        assert_eq!(play.goes_on(), ["find", "init"]);
        assert_eq!(*play.machine.state(), State::Ready);
        play
    }

    /// As `new`, in a transaction.
    fn begun(level: i16) -> Self {
        let mut play = Self::new(level);
        assert!(play.machine.begin());
        play
    }

    fn call(&mut self) -> Option<TransactionCall> {
        self.machine.next_call(self.now, false)
    }

    fn asked(&mut self) -> &'static str {
        self.call().as_ref().map_or("nothing", name)
    }

    /// What is asked until nothing more is; all goes well.
    fn goes_on(&mut self) -> Vec<&'static str> {
        let mut asked = Vec::new();
        while let Some(call) = self.call() {
            asked.push(name(&call));
            self.answer(&call, ErrorCode::None);
        }
        asked
    }

    fn answer(&mut self, call: &TransactionCall, code: ErrorCode) {
        let error_code = code.code();
        let found = |code| FindCoordinatorResponse {
            coordinators: vec![Coordinator {
                host: "one".to_owned(),
                port: 1,
                error_code: code,
                ..Default::default()
            }],
            ..FindCoordinatorResponse::default()
        };
        let answer = match call {
            TransactionCall::FindCoordinator(_) => TransactionAnswer::FindCoordinator(Ok(found(error_code))),
            TransactionCall::FindGroupCoordinator(_) => {
                TransactionAnswer::FindGroupCoordinator(Ok(found(error_code)))
            }
            TransactionCall::InitProducerId(_, request) => {
                self.epoch = request.producer_epoch + 1;
                let answer = InitProducerIdResponse {
                    error_code,
                    producer_id: 7,
                    producer_epoch: self.epoch,
                    ..InitProducerIdResponse::default()
                };
                TransactionAnswer::InitProducerId(Ok((answer, self.level)))
            }
            TransactionCall::AddPartitions(..) => {
                let each = AddPartitionsToTxnPartitionResult {
                    partition_error_code: error_code,
                    ..AddPartitionsToTxnPartitionResult::default()
                };
                let topic = AddPartitionsToTxnTopicResult {
                    name: "t".to_owned(),
                    results_by_partition: vec![each],
                    ..AddPartitionsToTxnTopicResult::default()
                };
                TransactionAnswer::AddPartitions(Ok(AddPartitionsToTxnResponse {
                    results_by_topic_v3_and_below: vec![topic],
                    ..AddPartitionsToTxnResponse::default()
                }))
            }
            TransactionCall::AddOffsets(..) => TransactionAnswer::AddOffsets(Ok(AddOffsetsToTxnResponse {
                error_code,
                ..AddOffsetsToTxnResponse::default()
            })),
            TransactionCall::CommitOffsets(..) => {
                let each = TxnOffsetCommitResponsePartition { error_code, ..Default::default() };
                let topic = TxnOffsetCommitResponseTopic {
                    name: "t".to_owned(),
                    partitions: vec![each],
                    ..TxnOffsetCommitResponseTopic::default()
                };
                TransactionAnswer::CommitOffsets(Ok(TxnOffsetCommitResponse {
                    topics: vec![topic],
                    ..TxnOffsetCommitResponse::default()
                }))
            }
            TransactionCall::EndTxn(_, _, newest) => {
                let mut answer = EndTxnResponse { error_code, ..EndTxnResponse::default() };
                if *newest >= 5 {
                    self.epoch += 1;
                    (answer.producer_id, answer.producer_epoch) = (7, self.epoch);
                }
                TransactionAnswer::EndTxn(Ok((answer, self.level)))
            }
        };
        self.machine.handle(answer, self.now);
    }

    fn refuse(&mut self, code: ErrorCode) -> &'static str {
        let call = self.call().expect("something is asked");
        self.answer(&call, code);
        name(&call)
    }

    fn waits(&mut self, millis: u64) {
        assert_eq!(self.asked(), "nothing");
        assert_eq!(self.machine.wake_at(), Some(self.now + Duration::from_millis(millis)));
        self.now += Duration::from_millis(millis);
    }

    fn epoch(&self) -> i16 {
        self.machine.producer().expect("it is initialized").1.0
    }
}

#[tokio::test]
async fn before_version_2_the_coordinator_is_told_of_partitions_and_groups() {
    let mut play = Play::begun(1);
    play.machine.add_partition(&partition()).expect("in a transaction");
    assert!(!play.machine.may_send(&partition()));
    let id = play.machine.add_offsets(offsets(), ConsumerGroupMetadata::of_group("g")).expect("as well");
    assert!(!play.machine.are_offsets_sent(id));
    assert_eq!(play.goes_on(), ["add partitions", "add offsets", "find group", "commit offsets"]);
    assert!(play.machine.may_send(&partition()) && play.machine.are_offsets_sent(id));
    play.machine.commit().expect("in a transaction");
    assert!(play.machine.next_call(play.now, true).is_none(), "records are under way");
    assert_eq!(play.goes_on(), ["commit"]);
    assert_eq!((play.machine.state(), play.epoch()), (&State::Ready, 0));
    assert!(!play.machine.may_send(&partition()));
}

#[tokio::test]
async fn with_version_2_the_epoch_rises_with_every_transaction() {
    let mut play = Play::begun(2);
    play.machine.add_partition(&partition()).expect("in a transaction");
    assert!(play.machine.may_send(&partition()));
    play.machine.add_offsets(offsets(), ConsumerGroupMetadata::of_group("g")).expect("as well");
    assert_eq!(play.goes_on(), ["find group", "commit offsets"]);
    play.machine.commit().expect("in a transaction");
    assert_eq!((play.goes_on(), play.epoch()), (vec!["commit"], 1));
    assert!(play.machine.begin());
    play.machine.add_partition(&partition()).expect("in a transaction");
    play.machine.abort();
    assert_eq!((play.goes_on(), play.epoch()), (vec!["abort"], 2));
}

#[tokio::test]
async fn of_a_transaction_without_anything_nobody_hears() {
    for level in [0, 1, 2] {
        let mut play = Play::begun(level);
        play.machine.add_offsets(Offsets::new(), ConsumerGroupMetadata::of_group("g")).expect("in one");
        play.machine.commit().expect("in one");
        assert_eq!((play.asked(), play.machine.state()), ("nothing", &State::Ready));
        assert!(play.machine.begin());
        play.machine.abort();
        assert_eq!((play.asked(), play.machine.state()), ("nothing", &State::Ready));
    }
}

#[tokio::test]
async fn a_lost_record_has_the_transaction_aborted_and_the_epoch_raised() {
    for (level, asked) in [(1, vec!["abort", "init"]), (2, vec!["abort"])] {
        let mut play = Play::begun(level);
        play.machine.add_partition(&partition()).expect("in a transaction");
        play.goes_on();
        let error = topic_error("t-0", ErrorCode::MessageTooLarge);
        play.machine.failed(error.clone());
        assert_eq!(play.machine.doom(), Some(error.clone()));
        assert_eq!(play.machine.add_partition(&partition()), Err(error.clone()));
        assert_eq!(play.machine.commit(), Err(error));
        assert_eq!(play.asked(), "nothing");
        play.machine.abort();
        assert_eq!(play.machine.doom(), Some(ClientError::TransactionAborted));
        assert_eq!((play.goes_on(), play.epoch()), (asked, 1), "level {level}");
        assert!(play.machine.begin());
    }
}

#[tokio::test]
async fn an_abort_waits_until_it_is_known_what_the_coordinator_has_heard() {
    let mut play = Play::begun(1);
    play.machine.add_partition(&partition()).expect("in a transaction");
    assert_eq!(play.asked(), "add partitions");
    play.machine.abort();
    let address = "one:1".to_owned();
    let lost = ClientError::Disconnected { address, reason: "a test".to_owned() };
    play.machine.handle(TransactionAnswer::AddPartitions(Err(lost.clone())), play.now);
    play.waits(100);
    assert_eq!(play.goes_on(), ["find", "add partitions", "abort"]);

    assert!(play.machine.begin());
    let group = ConsumerGroupMetadata::of_group("g");
    play.machine.add_offsets(offsets(), group.clone()).expect("in a transaction");
    play.machine.add_offsets(offsets(), group).expect("in a transaction");
    assert_eq!(play.asked(), "add offsets");
    play.machine.handle(TransactionAnswer::AddOffsets(Err(lost)), play.now);
    play.machine.abort();
    play.waits(100);
    assert_eq!(play.goes_on(), ["find", "add offsets", "abort"]);
}

#[tokio::test]
async fn the_first_partition_waits_shortly_for_the_transaction_before() {
    let mut play = Play::begun(1);
    play.machine.add_partition(&partition()).expect("in a transaction");
    assert_eq!(play.refuse(ErrorCode::ConcurrentTransactions), "add partitions");
    play.waits(20);
    assert_eq!(play.goes_on(), ["add partitions"]);
    let another = TopicPartition::new("t", 1);
    play.machine.add_partition(&another).expect("in a transaction");
    play.refuse(ErrorCode::ConcurrentTransactions);
    play.waits(100);
    play.refuse(ErrorCode::CoordinatorLoadInProgress);
    play.waits(200);
}

#[tokio::test]
async fn a_coordinator_that_moved_is_looked_for() {
    let mut play = Play::begun(2);
    play.machine.add_partition(&partition()).expect("in a transaction");
    play.machine.commit().expect("in a transaction");
    play.refuse(ErrorCode::NotCoordinator);
    play.waits(100);
    assert_eq!(play.goes_on(), ["find", "commit"]);
}

#[tokio::test]
async fn who_is_fenced_is_at_its_end() {
    for code in [ErrorCode::ProducerFenced, ErrorCode::InvalidProducerEpoch] {
        let mut play = Play::begun(2);
        play.machine.add_partition(&partition()).expect("in a transaction");
        play.machine.commit().expect("in a transaction");
        play.refuse(code);
        let error = ClientError::Server { api: "EndTxn", code: ErrorCode::ProducerFenced };
        assert_eq!(*play.machine.state(), State::FatalError(error));
        play.machine.abort();
        assert_eq!(play.asked(), "nothing");
        assert!(!play.machine.begin());
    }
}

#[tokio::test]
async fn a_member_that_was_replaced_commits_nothing() {
    let mut play = Play::begun(2);
    play.machine.add_offsets(offsets(), ConsumerGroupMetadata::of_group("g")).expect("in a transaction");
    assert_eq!(play.refuse(ErrorCode::None), "find group");
    assert_eq!(play.refuse(ErrorCode::IllegalGeneration), "commit offsets");
    let error = ClientError::CommitFailed { code: ErrorCode::IllegalGeneration };
    assert_eq!(*play.machine.state(), State::AbortableError(error));
    play.machine.abort();
    assert_eq!(play.goes_on(), ["abort"]);
}

#[tokio::test]
async fn a_commit_that_the_coordinator_wants_aborted_is_aborted() {
    let mut play = Play::begun(2);
    play.machine.add_partition(&partition()).expect("in a transaction");
    play.machine.commit().expect("in a transaction");
    play.refuse(ErrorCode::TransactionAbortable);
    assert!(matches!(play.machine.state(), State::AbortableError(_)));
    play.machine.abort();
    play.refuse(ErrorCode::TransactionAbortable);
    assert!(matches!(play.machine.state(), State::FatalError(_)), "to abort it again would lead nowhere");
}

#[tokio::test]
async fn a_cluster_that_learns_version_2_is_entered_with_a_new_epoch() {
    let mut play = Play::begun(1);
    play.machine.add_partition(&partition()).expect("in a transaction");
    play.goes_on();
    play.machine.commit().expect("in a transaction");
    play.level = 2;
    assert_eq!((play.goes_on(), play.epoch()), (vec!["commit", "init"], 1));
    assert!(play.machine.is_version_2());
}

#[tokio::test]
async fn without_the_right_to_its_id_a_producer_does_not_begin() {
    let (backoff, max) = (Duration::from_millis(100), Duration::from_secs(1));
    let machine = TransactionMachine::new("id".to_owned(), Duration::from_secs(60), backoff, max);
    let mut play = Play { machine, now: Instant::now(), level: 2, epoch: 0 };
    assert_eq!(play.machine.add_partition(&partition()), Err(ClientError::NotInTransaction));
    play.machine.initialize();
    assert_eq!(play.refuse(ErrorCode::TransactionalIdAuthorizationFailed), "find");
    assert!(matches!(play.machine.state(), State::FatalError(_)));
    assert_eq!(play.asked(), "nothing");
}
