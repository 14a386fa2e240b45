//! What a transactional producer asks of its broker, and what of it is written.

mod broker;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use broker::{Act, Broker};
use client::consumer::{ConsumerGroupMetadata, OffsetAndMetadata, Offsets};
use client::producer::{
    Producer, ProducerConfig, ProducerInterceptor, ProducerRecord, TransactionError, TransactionalProducer,
};
use client::{ClientConfig, ClientError, NetworkClient};
use record::BatchHeader;
use types::{ErrorCode, Offset, PartitionIndex, TopicPartition};

fn producer(broker: &Broker, config: ProducerConfig) -> Producer {
    let mut client = ClientConfig::new(vec![broker.address.clone()], "test");
    client.retry_backoff = Duration::from_millis(1);
    client.retry_backoff_max = Duration::from_millis(5);
    Producer::new(NetworkClient::new(client), config, io::Clock::simulated(0), io::Entropy::from_seed(1))
}

fn config() -> ProducerConfig {
    ProducerConfig::default().transactional_id("id")
}

async fn initialized(broker: &Broker, transaction_version: i16) -> TransactionalProducer {
    broker.state().transaction_version = transaction_version;
    producer(broker, config()).init_transactions().await.expect("it gets its id")
}

fn record(value: &str) -> ProducerRecord<'_> {
    ProducerRecord { topic: "t", value: Some(value.as_bytes()), ..ProducerRecord::default() }
}

fn offsets() -> Offsets {
    Offsets::from([(TopicPartition::new("in", 0), OffsetAndMetadata::at(Offset(5)))])
}

fn member() -> ConsumerGroupMetadata {
    let (group_id, member_id) = ("g".to_owned(), "me".to_owned());
    ConsumerGroupMetadata { group_id, generation_id: 3, member_id, group_instance_id: None }
}

/// What was asked since the last time.
fn asked(broker: &Broker) -> Vec<String> {
    std::mem::take(&mut broker.state().transaction)
}

/// Epoch and first sequence of what was written; all of it belongs to transactions.
fn written(broker: &Broker) -> Vec<(i16, i32)> {
    let state = broker.state();
    let headers = state.log.iter().map(|batch| BatchHeader::parse(batch).expect("is a batch"));
    headers
        .map(|header| {
            assert!(header.attributes.is_transactional());
            (header.producer_epoch.0, header.base_sequence.0)
        })
        .collect()
}

#[tokio::test]
async fn with_version_2_partitions_and_groups_join_by_being_written_to() {
    let broker = Broker::start().await;
    let mut producer = initialized(&broker, 2).await;
    for value in ["a", "b"] {
        let transaction = producer.begin().await.expect("the one before has ended");
        transaction.send(record(value)).await.expect("sent");
        transaction.send_offsets(offsets(), &member()).await.expect("sent");
        transaction.commit().await.expect("committed");
    }
    let each = ["offsets of me 3 v5", "commit v5"];
    assert_eq!(asked(&broker), [&["init"], &each[..], &each[..]].concat());
    assert_eq!(broker.values(), ["a", "b"]);
    assert_eq!(written(&broker), [(0, 0), (1, 0)], "each has an epoch of its own");
}

#[tokio::test]
async fn before_version_2_the_coordinator_is_told_first() {
    let broker = Broker::start().await;
    let mut producer = initialized(&broker, 1).await;
    for value in ["a", "b"] {
        let transaction = producer.begin().await.expect("the one before has ended");
        transaction.send(record(value)).await.expect("sent");
        transaction.flush().await;
        transaction.send_offsets(offsets(), &member()).await.expect("sent");
        transaction.commit().await.expect("committed");
    }
    let each = ["add partitions", "add offsets", "offsets of me 3 v4", "commit v4"];
    assert_eq!(asked(&broker), [&["init"], &each[..], &each[..]].concat());
    assert_eq!(written(&broker), [(0, 0), (0, 1)], "the sequence goes on");
}

#[tokio::test]
async fn what_an_abort_finds_unsent_is_not_sent() {
    let broker = Broker::start().await;
    broker.state().transaction_version = 2;
    let config = config().linger(Duration::from_secs(3600));
    let mut producer = producer(&broker, config).init_transactions().await.expect("it gets its id");
    let transaction = producer.begin().await.expect("ready");
    let waiting = transaction.send(record("a")).await.expect("it waits for more");
    transaction.abort().await.expect("aborted");
    assert_eq!(waiting.wait().await, Err(ClientError::TransactionAborted));
    let transaction = producer.begin().await.expect("ready");
    let waiting = transaction.send(record("b")).await.expect("it waits for more");
    drop(transaction);
    assert_eq!(waiting.wait().await, Err(ClientError::TransactionAborted), "nobody can commit it any more");
    let transaction = producer.begin().await.expect("ready");
    transaction.send(record("c")).await.expect("sent");
    transaction.commit().await.expect("a commit does not wait for more");
    assert_eq!(broker.values(), ["c"]);
    assert_eq!(asked(&broker), ["init", "abort v5", "abort v5", "commit v5"]);
}

#[tokio::test]
async fn after_a_lost_record_the_next_transaction_has_another_epoch() {
    for (version, expected) in [(1, ["add partitions", "abort v4", "init"].as_slice()), (2, &["abort v5"])] {
        let broker = Broker::start().await;
        let mut producer = initialized(&broker, version).await;
        asked(&broker);
        broker.state().on_produce = [Act::Refuse(ErrorCode::InvalidRecord)].into();
        let transaction = producer.begin().await.expect("ready");
        let refused = transaction.send(record("bad")).await.expect("it is on its way").wait().await;
        assert_eq!(refused.err().and_then(|error| error.code()), Some(ErrorCode::InvalidRecord));
        let more = transaction.send(record("more")).await.map(|_| ());
        assert!(matches!(more, Err(TransactionError::Abortable(_))), "{more:?}");
        let committed = transaction.commit().await;
        assert_eq!(committed.as_ref().err().and_then(TransactionError::code), Some(ErrorCode::InvalidRecord));
        let transaction = producer.begin().await.expect("the other is aborted by now");
        assert_eq!(asked(&broker), expected, "with version {version}");
        transaction.send(record("good")).await.expect("sent");
        transaction.commit().await.expect("committed");
        assert_eq!((broker.values(), written(&broker)), (vec!["good".to_owned()], vec![(1, 0)]));
    }
}

/// Waits, at the second record that failed, until the application has tried to send another.
#[derive(Debug)]
struct Waits {
    failed: AtomicUsize,
    begins: Mutex<mpsc::Sender<()>>,
    ended: Mutex<mpsc::Receiver<()>>,
    was_kept: Arc<AtomicBool>,
}

impl ProducerInterceptor for Waits {
    fn on_acknowledgement(
        &self,
        _: &str,
        _: Option<PartitionIndex>,
        _: Result<Option<Offset>, &ClientError>,
    ) {
        if self.failed.fetch_add(1, Ordering::SeqCst) == 1 {
            self.begins.lock().expect("nobody panics").send(()).expect("the test listens");
            let ended = self.ended.lock().expect("nobody panics").recv_timeout(Duration::from_secs(10));
            self.was_kept.store(ended.is_err(), Ordering::SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interceptor_that_is_told_of_lost_records_keeps_nobody_from_sending() {
    let broker = Broker::start().await;
    broker.state().transaction_version = 2;
    broker.state().on_produce = [Act::Refuse(ErrorCode::InvalidRecord)].into();
    let ((begins, begun), (ends, ended)) = (mpsc::channel(), mpsc::channel());
    let was_kept = Arc::new(AtomicBool::new(true));
    let (failed, begins) = (AtomicUsize::new(0), Mutex::new(begins));
    let waits = Waits { failed, begins, ended: Mutex::new(ended), was_kept: Arc::clone(&was_kept) };
    let config = config().batch_size(1).interceptor(waits);
    let mut producer = producer(&broker, config).init_transactions().await.expect("it gets its id");
    let transaction = producer.begin().await.expect("ready");
    for value in ["refused", "waits for it"] {
        transaction.send(record(value)).await.expect("it is on its way");
    }
    tokio::task::block_in_place(|| begun.recv_timeout(Duration::from_secs(10))).expect("both have failed");
    let more = transaction.send(record("more")).await.map(|_| ());
    assert!(matches!(more, Err(TransactionError::Abortable(_))), "{more:?}");
    // Whether it still listens is what the test is about.
    let _ = ends.send(());
    transaction.abort().await.expect("aborted");
    assert!(!was_kept.load(Ordering::SeqCst), "sending waited for the interceptor");
}

#[tokio::test]
async fn who_is_fenced_can_only_close() {
    let broker = Broker::start().await;
    let mut producer = initialized(&broker, 2).await;
    broker.state().on_end_txn = [ErrorCode::CoordinatorLoadInProgress, ErrorCode::ProducerFenced].into();
    let transaction = producer.begin().await.expect("ready");
    transaction.send(record("a")).await.expect("sent");
    let error = ClientError::Server { api: "EndTxn", code: ErrorCode::ProducerFenced };
    assert_eq!(transaction.commit().await, Err(TransactionError::Fatal(error.clone())));
    assert_eq!(producer.begin().await.map(|_| ()), Err(TransactionError::Fatal(error)));
    producer.close().await;
}

#[tokio::test]
async fn a_commit_that_takes_too_long_goes_on_and_is_waited_for() {
    let broker = Broker::start().await;
    broker.state().transaction_version = 2;
    let config = config().max_block(Duration::from_millis(200));
    let mut producer = producer(&broker, config).init_transactions().await.expect("it gets its id");
    broker.state().on_end_txn.extend(std::iter::repeat_n(ErrorCode::CoordinatorLoadInProgress, 10_000));
    let transaction = producer.begin().await.expect("ready");
    transaction.send(record("a")).await.expect("sent");
    let committed = transaction.commit().await;
    assert!(matches!(committed, Err(TransactionError::Unfinished { .. })), "{committed:?}");
    let begun = producer.begin().await.map(|_| ());
    assert!(matches!(begun, Err(TransactionError::Unfinished { .. })), "{begun:?}");
    broker.state().on_end_txn.clear();
    let transaction = producer.begin().await.expect("the commit has come to its end");
    asked(&broker);
    transaction.commit().await.expect("nothing was sent");
    assert_eq!(asked(&broker), [""; 0], "nobody has to hear of it");
    assert_eq!((broker.values(), broker.state().epoch), (vec!["a".to_owned()], 1));
}

#[tokio::test]
async fn a_producer_that_is_closed_leaves_nothing_open() {
    let broker = Broker::start().await;
    let mut producer = initialized(&broker, 2).await;
    let transaction = producer.begin().await.expect("ready");
    transaction.send(record("a")).await.expect("sent");
    transaction.flush().await;
    std::mem::forget(transaction);
    producer.close().await;
    assert_eq!(asked(&broker), ["init", "abort v5"]);
}

#[tokio::test]
async fn without_a_transaction_nothing_is_sent() {
    let broker = Broker::start().await;
    let alone = producer(&broker, config());
    assert_eq!(alone.send(record("a")).await.map(|_| ()), Err(ClientError::NotInTransaction));
    let plain = producer(&broker, ProducerConfig::default()).init_transactions().await.map(|_| ());
    assert_eq!(plain, Err(TransactionError::Fatal(ClientError::NoTransactionalId)));
}
