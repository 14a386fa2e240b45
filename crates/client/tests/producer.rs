//! What a producer does when its broker answers late, wrongly or not at all.

mod broker;

use std::time::Duration;

use broker::{Act, Broker};
use client::producer::{Delivery, Producer, ProducerConfig, ProducerRecord};
use client::{ClientConfig, ClientError, NetworkClient};
use types::{ErrorCode, Offset, ProducerId, Sequence};

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
