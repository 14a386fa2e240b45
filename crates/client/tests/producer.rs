//! What a producer does when its broker answers late, wrongly or not at all.

mod broker;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Act, Broker};
use client::producer::{
    Acks, Delivery, OwnedRecord, Partitioner, Producer, ProducerConfig, ProducerInterceptor, ProducerRecord,
    TypedRecord,
};
use client::serialization::Plain;
use client::{ClientConfig, ClientError, NetworkClient, TopicMetadata};
use types::{ErrorCode, Offset, PartitionIndex, ProducerId, Sequence};

fn producer(broker: &Broker, config: ProducerConfig) -> Producer {
    let mut client = ClientConfig::new(vec![broker.address.clone()], "test");
    client.retry_backoff = Duration::from_millis(1);
    client.retry_backoff_max = Duration::from_millis(5);
    Producer::new(NetworkClient::new(client), config, io::Clock::simulated(0), io::Entropy::from_seed(1))
}

async fn send(producer: &Producer, value: &str) -> Delivery {
    let record = ProducerRecord { topic: "t", value: Some(value.as_bytes()), ..ProducerRecord::default() };
    producer.send(record).await.expect("it can be sent")
}

async fn offset(delivery: Delivery) -> Option<Offset> {
    delivery.wait().await.expect("acknowledged").offset
}

fn sent(broker: &Broker) -> Vec<(i64, i32)> {
    broker.state().sent.iter().map(|(ProducerId(id), Sequence(sequence))| (*id, *sequence)).collect()
}

#[tokio::test]
async fn records_of_a_batch_get_its_offsets() {
    let broker = Broker::start().await;
    let producer = producer(&broker, ProducerConfig::default());
    let first = send(&producer, "a").await;
    let second = send(&producer, "b").await;
    assert!(first.shares_batch_with(&second));
    producer.flush().await;
    assert_eq!((offset(first).await, offset(second).await), (Some(Offset(0)), Some(Offset(1))));
    let third = send(&producer, "c").await;
    assert_eq!(offset(third).await, Some(Offset(2)));
    producer.close().await;
    assert_eq!(broker.values(), ["a", "b", "c"]);
    assert_eq!(sent(&broker), [(1, 0), (1, 2)]);
}

#[tokio::test]
async fn a_flush_waits_for_what_came_before_it_only() {
    let broker = Broker::start().await;
    let producer = established(&broker, small_batches()).await;
    broker.state().on_produce = [Act::Serve].into();
    broker.state().on_produce.extend(std::iter::repeat_n(Act::Refuse(ErrorCode::RequestTimedOut), 10_000));
    let before = send(&producer, "before").await;
    let flush = producer.flush();
    tokio::pin!(flush);
    let after = tokio::select! {
        biased;
        () = &mut flush => panic!("nothing was sent yet"),
        after = send(&producer, "after") => after,
    };
    tokio::time::timeout(Duration::from_secs(10), flush).await.expect("what comes later is not waited for");
    assert!(before.is_done() && !after.is_done());
}

#[tokio::test]
async fn a_producer_that_is_dropped_sends_what_it_was_given_and_ends() {
    let broker = Broker::start().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let producer = producer(&broker, ProducerConfig::default().linger(Duration::from_secs(60)));
    let delivery = send(&producer, "a").await;
    drop(producer);
    let ends = async {
        assert_eq!(offset(delivery).await, Some(Offset(0)));
        while tasks() > before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ends).await.expect("it ends by itself");
}

#[derive(Debug)]
struct Panics;

impl ProducerInterceptor for Panics {
    fn on_acknowledgement(
        &self,
        _: &str,
        _: Option<PartitionIndex>,
        outcome: Result<Option<Offset>, &ClientError>,
    ) {
        assert!(outcome.is_err(), "a panic as the test wants it");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_producer_whose_task_has_ended() {
    let broker = Broker::start().await;
    let producer = producer(&broker, small_batches().interceptor(Panics));
    let ends = async {
        let deliveries = [send(&producer, "a").await, send(&producer, "b").await];
        for delivery in deliveries {
            assert_eq!(delivery.wait().await, Err(ClientError::Closed));
        }
        producer.flush().await;
        let record = ProducerRecord { topic: "t", ..ProducerRecord::default() };
        assert_eq!(producer.send(record).await.map(|_| ()), Err(ClientError::Closed));
    };
    tokio::time::timeout(Duration::from_secs(10), ends).await.expect("nobody waits");
}

#[tokio::test]
async fn a_lost_answer_does_not_double_the_records() {
    let broker = Broker::start().await;
    broker.state().on_produce = [Act::ServeAndHangUp, Act::ServeAndHangUp].into();
    let producer = producer(&broker, ProducerConfig::default());
    let delivery = send(&producer, "a").await;
    assert_eq!(offset(delivery).await, Some(Offset(0)));
    assert_eq!(broker.values(), ["a"]);
    assert_eq!(sent(&broker), [(1, 0), (1, 0), (1, 0)], "every try carries the same sequence");
}

#[tokio::test]
async fn order_survives_a_batch_that_is_tried_again() {
    let broker = Broker::start().await;
    broker.state().on_produce = [Act::Refuse(ErrorCode::NotLeaderOrFollower), Act::ServeAndHangUp].into();
    // Every record is a batch of its own.
    let config = ProducerConfig { batch_size: 1, ..ProducerConfig::default() };
    let producer = producer(&broker, config);
    let mut deliveries = Vec::new();
    for number in 0..20 {
        deliveries.push(send(&producer, &number.to_string()).await);
    }
    for (number, delivery) in deliveries.into_iter().enumerate() {
        assert_eq!(offset(delivery).await, Some(Offset(number as i64)));
    }
    assert_eq!(broker.values(), (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_refused_batch_leaves_no_hole_in_the_sequences() {
    let broker = Broker::start().await;
    broker.state().on_produce = [Act::Refuse(ErrorCode::InvalidRecord)].into();
    let producer = producer(&broker, ProducerConfig::default());
    let refused = send(&producer, "bad").await.wait().await;
    assert!(matches!(refused, Err(ClientError::Topic { code: ErrorCode::InvalidRecord, .. })), "{refused:?}");
    assert_eq!(offset(send(&producer, "good").await).await, Some(Offset(0)));
    assert_eq!(sent(&broker), [(1, 0), (1, 0)]);
}

#[tokio::test]
async fn what_follows_an_error_that_tells_nothing_is_not_taken_for_what_failed() {
    let broker = Broker::start().await;
    broker.state().on_produce = [Act::ServeAndRefuse(ErrorCode::UnknownServerError)].into();
    let producer = producer(&broker, ProducerConfig::default());
    let failed = send(&producer, "a").await.wait().await;
    assert_eq!(failed.err().and_then(|error| error.code()), Some(ErrorCode::UnknownServerError));
    assert_eq!(offset(send(&producer, "b").await).await, Some(Offset(1)));
    assert_eq!(broker.values(), ["a", "b"]);
    assert_eq!(sent(&broker), [(1, 0), (2, 0)]);
}

#[tokio::test]
async fn a_partition_without_a_leader_is_asked_about_with_patience() {
    let broker = Broker::start().await;
    broker.state().is_leaderless = true;
    let client = NetworkClient::new(ClientConfig::new(vec![broker.address.clone()], "test"));
    let config = ProducerConfig { delivery_timeout: Duration::from_millis(500), ..ProducerConfig::default() };
    let producer = Producer::new(client, config, io::Clock::simulated(0), io::Entropy::from_seed(1));
    let failed = send(&producer, "a").await.wait().await;
    assert!(matches!(failed, Err(ClientError::DeliveryTimeout { .. })), "{failed:?}");
    let asked = broker.state().metadata_asked;
    assert!((2..=7).contains(&asked), "every 100 ms (retry.backoff.ms), not {asked} times within 500 ms");
}

#[tokio::test]
async fn after_a_batch_of_unknown_fate_a_new_producer_id_begins_at_zero() {
    let broker = Broker::start().await;
    broker.state().on_produce = [Act::ServeAndHangUp].into();
    broker.state().on_produce.extend(std::iter::repeat_n(Act::Refuse(ErrorCode::RequestTimedOut), 10_000));
    let config = ProducerConfig { delivery_timeout: Duration::from_millis(200), ..ProducerConfig::default() };
    let producer = producer(&broker, config);
    let lost = send(&producer, "a").await.wait().await;
    assert!(
        matches!(lost, Err(ClientError::DeliveryTimeout { .. } | ClientError::Topic { .. })),
        "not acknowledged: {lost:?}"
    );
    broker.state().on_produce.clear();
    assert_eq!(offset(send(&producer, "b").await).await, Some(Offset(1)));
    assert_eq!(sent(&broker).last(), Some(&(2, 0)));
}

#[tokio::test]
async fn a_batch_under_way_fails_at_its_time_and_not_when_its_answer_comes() {
    let broker = Broker::start().await;
    broker.state().held_answers = 1;
    let config = ProducerConfig { delivery_timeout: Duration::from_millis(200), ..ProducerConfig::default() };
    let producer = producer(&broker, config);
    let silent = tokio::time::timeout(Duration::from_secs(10), send(&producer, "a").await.wait()).await;
    let silent = silent.expect("request.timeout.ms is not waited for");
    assert!(matches!(silent, Err(ClientError::DeliveryTimeout { .. })), "{silent:?}");
    assert_eq!(offset(send(&producer, "b").await).await, Some(Offset(1)));
    assert_eq!(sent(&broker), [(1, 0), (2, 0)], "a new id, for the first may be written");
    producer.close().await;
}

#[tokio::test]
async fn a_broker_that_forgot_the_producer_gets_the_batch_under_a_new_id() {
    let broker = Broker::start().await;
    let producer = producer(&broker, ProducerConfig::default());
    send(&producer, "a").await.wait().await.expect("acknowledged");
    broker.state().on_produce = [Act::Refuse(ErrorCode::UnknownProducerId)].into();
    assert_eq!(offset(send(&producer, "b").await).await, Some(Offset(1)));
    assert_eq!(sent(&broker), [(1, 0), (1, 1), (2, 0)]);
    assert_eq!(broker.values(), ["a", "b"], "the renumbered batch has a checksum that fits");
}

#[tokio::test]
async fn a_batch_too_large_for_the_topic_is_sent_in_parts() {
    let broker = Broker::start().await;
    broker.state().batch_size_max = Some(400);
    let producer = producer(&broker, ProducerConfig::default());
    let mut deliveries = Vec::new();
    for number in 0..100 {
        deliveries.push(send(&producer, &format!("{number:030}")).await);
    }
    producer.flush().await;
    for (number, delivery) in deliveries.into_iter().enumerate() {
        assert_eq!(offset(delivery).await, Some(Offset(number as i64)), "record {number}");
    }
    assert_eq!(broker.values(), (0..100).map(|number| format!("{number:030}")).collect::<Vec<_>>());

    let alone = send(&producer, &"x".repeat(500)).await.wait().await;
    assert!(matches!(alone, Err(ClientError::Topic { code: ErrorCode::MessageTooLarge, .. })), "{alone:?}");
    assert_eq!(offset(send(&producer, "small").await).await, Some(Offset(100)));
}

#[tokio::test]
async fn a_record_too_large_for_the_topic_takes_no_other_with_it() {
    let broker = Broker::start().await;
    broker.state().batch_size_max = Some(400);
    let config = ProducerConfig { delivery_timeout: Duration::from_secs(5), ..ProducerConfig::default() };
    let producer = producer(&broker, config);
    let small = send(&producer, "small").await;
    let large = send(&producer, &"x".repeat(500)).await;
    assert!(small.shares_batch_with(&large));
    let batch = small.clone().wait_for_batch().await;
    assert!(batch.is_err_and(|error| error.code() == Some(ErrorCode::MessageTooLarge)));
    let large = large.wait().await;
    assert!(matches!(large, Err(ClientError::Topic { code: ErrorCode::MessageTooLarge, .. })), "{large:?}");
    assert_eq!(offset(small).await, Some(Offset(0)));
    assert_eq!(sent(&broker).len(), 3, "together, and each alone");
}

#[tokio::test]
async fn without_a_producer_id_senders_are_told_why() {
    let broker = Broker::start().await;
    broker.state().on_init_producer_id =
        [ErrorCode::CoordinatorLoadInProgress, ErrorCode::ClusterAuthorizationFailed].into();
    let producer = producer(&broker, ProducerConfig::default());
    let refused = send(&producer, "a").await.wait().await;
    let code = ErrorCode::ClusterAuthorizationFailed;
    assert_eq!(refused, Err(ClientError::Server { api: "InitProducerId", code }));
    assert_eq!(offset(send(&producer, "b").await).await, Some(Offset(0)));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once() {
    let broker = Broker::start().await;
    let config = ProducerConfig { max_request_size: 1000, ..ProducerConfig::default() };
    let producer = producer(&broker, config);
    let large = vec![b'x'; 1000];
    let record = ProducerRecord { topic: "t", value: Some(&large), ..ProducerRecord::default() };
    let refused = producer.send(record).await.map(|_| ());
    assert!(matches!(refused, Err(ClientError::RecordTooLarge { limit: 1000, .. })), "{refused:?}");
    let record = ProducerRecord { topic: "t", partition: Some(5.into()), ..ProducerRecord::default() };
    let refused = producer.send(record).await.map(|_| ());
    assert!(matches!(refused, Err(ClientError::NoSuchPartition { partition: 5, .. })), "{refused:?}");
}

#[tokio::test]
async fn memory_for_records_is_bounded_and_given_back() {
    let broker = Broker::start().await;
    // Room for three records: the fourth waits for an acknowledgement, although no batch is full and linger is long.
    let config =
        ProducerConfig { buffer_memory: 700, linger: Duration::from_secs(3600), ..ProducerConfig::default() };
    let producer = producer(&broker, config);
    for number in 0..50 {
        send(&producer, &format!("{number:0180}")).await;
    }
    producer.close().await;
    assert_eq!(broker.values().len(), 50);
}

/// Every record is a batch of its own.
fn small_batches() -> ProducerConfig {
    ProducerConfig { batch_size: 1, ..ProducerConfig::default() }
}

/// One is acknowledged: the broker knows the producer, and several batches may be under way.
async fn established(broker: &Broker, config: ProducerConfig) -> Producer {
    let producer = producer(broker, config);
    send(&producer, "first").await.wait().await.expect("acknowledged");
    producer
}

#[tokio::test]
async fn five_batches_of_a_partition_are_under_way_at_once() {
    let broker = Broker::start().await;
    let producer = established(&broker, small_batches()).await;
    // A sixth would have to be sent for the answers to come: it waits for the first of them.
    broker.state().held_answers = 4;
    let mut deliveries = Vec::new();
    for number in 0..9 {
        deliveries.push(send(&producer, &number.to_string()).await);
    }
    let all = async {
        for (number, delivery) in deliveries.into_iter().enumerate() {
            assert_eq!(offset(delivery).await, Some(Offset(number as i64 + 1)));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.expect("nobody waits for an answer held back");
    assert_eq!(broker.values(), ["first", "0", "1", "2", "3", "4", "5", "6", "7", "8"]);
}

#[tokio::test]
async fn with_one_request_in_flight_a_batch_waits_for_the_answer_of_the_one_before() {
    for idempotence in [true, false] {
        let broker = Broker::start().await;
        let config = small_batches().enable_idempotence(idempotence).max_in_flight(1);
        let producer = established(&broker, config).await;
        broker.state().held_answers = 1;
        let deliveries = [send(&producer, "a").await, send(&producer, "b").await];
        let both = async {
            for delivery in deliveries.clone() {
                delivery.wait().await.expect("acknowledged");
            }
        };
        let early = tokio::time::timeout(Duration::from_millis(200), both).await;
        assert!(early.is_err(), "the second waits for the answer of the first, which is held back");
        assert_eq!(broker.values(), ["first", "a"]);
    }
}

#[tokio::test]
async fn without_idempotence_five_batches_are_under_way_from_the_beginning() {
    for acks in [Acks::Leader, Acks::All] {
        let broker = Broker::start().await;
        broker.state().held_answers = 4;
        let producer = producer(&broker, small_batches().acks(acks).enable_idempotence(false));
        let mut deliveries = Vec::new();
        for number in 0..9 {
            deliveries.push(send(&producer, &number.to_string()).await);
        }
        let all = async {
            for (number, delivery) in deliveries.into_iter().enumerate() {
                assert_eq!(offset(delivery).await, Some(Offset(number as i64)));
            }
        };
        tokio::time::timeout(Duration::from_secs(10), all)
            .await
            .expect("nobody waits for an answer held back");
        assert_eq!(broker.values(), ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
    }
}

#[tokio::test]
async fn without_idempotence_what_is_tried_again_comes_behind_what_was_under_way() {
    let broker = Broker::start().await;
    broker.state().held_answers = 2;
    broker.state().on_produce = [Act::Refuse(ErrorCode::NotEnoughReplicas)].into();
    let producer = producer(&broker, small_batches().acks(Acks::Leader));
    let mut deliveries = Vec::new();
    for value in ["a", "b", "c"] {
        deliveries.push(send(&producer, value).await);
    }
    producer.flush().await;
    let mut offsets = Vec::new();
    for delivery in deliveries {
        offsets.push(offset(delivery).await.map(|offset| offset.0));
    }
    assert_eq!(
        broker.values(),
        ["b", "c", "a"],
        "as Kafka's producer does with more than one request in flight"
    );
    assert_eq!(offsets, [Some(2), Some(0), Some(1)]);
}

#[test]
fn whoever_waits_learns_that_the_producers_task_is_gone() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("there are threads");
    let its_runtime = runtime();
    let (producer, delivery) = its_runtime.block_on(async {
        let broker = Broker::start().await;
        let producer = producer(&broker, ProducerConfig::default().linger(Duration::from_secs(3600)));
        let delivery = send(&producer, "a").await;
        (producer, delivery)
    });
    assert!(!delivery.is_done());
    drop((its_runtime, producer));
    assert_eq!(runtime().block_on(delivery.wait()), Err(ClientError::Closed));
}

#[tokio::test]
async fn order_survives_refusals_while_several_batches_are_under_way() {
    let refusals = [ErrorCode::NotLeaderOrFollower, ErrorCode::RequestTimedOut, ErrorCode::NotEnoughReplicas];
    for code in refusals {
        let broker = Broker::start().await;
        let producer = established(&broker, small_batches()).await;
        broker.state().held_answers = 4;
        broker.state().on_produce =
            [Act::Serve, Act::Refuse(code), Act::Serve, Act::Refuse(code), Act::Serve, Act::Refuse(code)]
                .into();
        let mut deliveries = Vec::new();
        for number in 0..20 {
            deliveries.push(send(&producer, &number.to_string()).await);
        }
        producer.flush().await;
        for (number, delivery) in deliveries.into_iter().enumerate() {
            assert_eq!(offset(delivery).await, Some(Offset(number as i64 + 1)), "{code}");
        }
        let expected: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        assert_eq!(broker.values()[1..], expected, "{code}");
    }
}

#[tokio::test]
async fn order_survives_lost_answers_while_several_batches_are_under_way() {
    let broker = Broker::start().await;
    let producer = established(&broker, small_batches()).await;
    broker.state().on_produce = [Act::Serve, Act::ServeAndHangUp, Act::Serve, Act::ServeAndHangUp].into();
    for number in 0..20 {
        drop(send(&producer, &number.to_string()).await);
    }
    producer.flush().await;
    let expected: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(broker.values()[1..], expected);
}

#[tokio::test]
async fn what_follows_a_batch_that_failed_for_good_is_written_under_a_new_id() {
    let broker = Broker::start().await;
    let producer = established(&broker, small_batches()).await;
    broker.state().held_answers = 3;
    broker.state().on_produce = [Act::Serve, Act::Refuse(ErrorCode::InvalidRecord)].into();
    let mut deliveries = Vec::new();
    for value in ["a", "bad", "c", "d"] {
        deliveries.push(send(&producer, value).await);
    }
    producer.flush().await;
    let mut outcomes = Vec::new();
    for delivery in deliveries {
        outcomes.push(delivery.wait().await.is_ok());
    }
    assert_eq!(outcomes, [true, false, true, true]);
    assert_eq!(broker.values(), ["first", "a", "c", "d"]);
    assert_eq!(sent(&broker)[..5], [(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)], "all four were under way");
    assert_eq!(sent(&broker).last(), Some(&(2, 1)));
}

#[tokio::test]
async fn sending_waits_no_longer_than_max_block() {
    let broker = Broker::start().await;
    let config = ProducerConfig::default().buffer_memory(300).max_block(Duration::from_millis(50));
    let impatient = producer(&broker, config);
    broker.state().on_produce.extend(std::iter::repeat_n(Act::Refuse(ErrorCode::RequestTimedOut), 10_000));
    let first = send(&impatient, &"x".repeat(180)).await;
    let value = vec![b'y'; 180];
    let record = ProducerRecord { topic: "t", value: Some(&value), ..ProducerRecord::default() };
    let refused = impatient.send(record).await.map(|_| ());
    assert!(matches!(refused, Err(ClientError::BufferExhausted { .. })), "{refused:?}");
    broker.state().on_produce.clear();
    assert_eq!(offset(first).await, Some(Offset(0)), "whoever waits in vain takes no memory along");
    assert_eq!(offset(send(&impatient, &"z".repeat(180)).await).await, Some(Offset(1)));

    let nowhere = ProducerRecord { topic: "nowhere", value: Some(b"v"), ..ProducerRecord::default() };
    let begun = tokio::time::Instant::now();
    let refused = impatient.send(nowhere).await.map(|_| ());
    assert!(refused.is_err() && begun.elapsed() < Duration::from_secs(10), "{refused:?}");
}

/// Marks records, and notes their outcomes.
#[derive(Debug, Clone, Default)]
struct Marking {
    told: Arc<Mutex<Vec<String>>>,
}

impl ProducerInterceptor for Marking {
    fn on_send(&self, record: &mut OwnedRecord) {
        record.value.get_or_insert_default().push(b'!');
        record.headers.push((b"seen".to_vec(), None));
    }

    fn on_acknowledgement(
        &self,
        topic: &str,
        partition: Option<PartitionIndex>,
        outcome: Result<Option<Offset>, &ClientError>,
    ) {
        let outcome = outcome.map(|offset| offset.map(|offset| offset.0)).map_err(ClientError::code);
        let told = format!("{topic} {:?} {outcome:?}", partition.map(|partition| partition.0));
        self.told.lock().expect("nobody panicked").push(told);
    }
}

#[tokio::test]
async fn interceptors_change_records_and_are_told_of_each() {
    let broker = Broker::start().await;
    let marking = Marking::default();
    let producer = producer(
        &broker,
        ProducerConfig::default().interceptor(marking.clone()).interceptor(marking.clone()),
    );
    for value in ["a", "b"] {
        drop(send(&producer, value).await);
    }
    producer.flush().await;
    assert_eq!(broker.values(), ["a!!", "b!!"]);
    broker.state().on_produce = [Act::Refuse(ErrorCode::InvalidRecord)].into();
    drop(send(&producer, "c").await);
    producer.flush().await;
    let elsewhere = ProducerRecord { topic: "t", partition: Some(7.into()), ..ProducerRecord::default() };
    producer.send(elsewhere).await.expect_err("there is no such partition");
    let told = marking.told.lock().expect("nobody panicked").clone();
    let each_twice: Vec<&String> = told.iter().collect();
    assert_eq!(told.len(), 8, "{each_twice:?}");
    for expected in [
        "t Some(0) Ok(Some(0))",
        "t Some(0) Ok(Some(1))",
        "t Some(0) Err(Some(InvalidRecord))",
        "t Some(7) Err(None)",
    ] {
        assert_eq!(told.iter().filter(|told| *told == expected).count(), 2, "{expected} in {told:?}");
    }
}

/// Where the record's value says.
#[derive(Debug)]
struct ByValue;

impl Partitioner for ByValue {
    fn partition(&self, record: &ProducerRecord<'_>, topic: &TopicMetadata) -> PartitionIndex {
        PartitionIndex(
            record.value.map_or(0, |value| i32::from(value[0] - b'0')) % topic.partitions.len() as i32,
        )
    }
}

#[tokio::test]
async fn typed_records_and_partitioners_of_the_application() {
    let broker = Broker::start().await;
    let producer = producer(&broker, ProducerConfig::default().partitioner(ByValue)).typed(Plain, Plain);
    let record =
        TypedRecord { topic: "t", key: Some(&7_i32), value: Some("5 apples"), ..TypedRecord::default() };
    let written = producer.send(record).await.expect("sent").wait().await.expect("acknowledged");
    assert_eq!(written.partition.partition, PartitionIndex(0));
    assert_eq!(broker.values(), ["5 apples"]);
    producer.into_inner().close().await;
}

#[tokio::test]
async fn a_batch_is_tried_again_no_more_often_than_retries_says() {
    let broker = Broker::start().await;
    let producer = established(&broker, ProducerConfig::default().retries(2)).await;
    broker.state().on_produce.extend([Act::Refuse(ErrorCode::NotEnoughReplicas); 3]);
    let refused = send(&producer, "a").await.wait().await;
    assert!(
        matches!(refused, Err(ClientError::Topic { code: ErrorCode::NotEnoughReplicas, .. })),
        "{refused:?}"
    );
    assert_eq!(broker.state().sent.len(), 1 + 3);
}
