//! Members whose application never has to wait for records: rebalances happen all the same.

use std::time::Duration;

use client::admin::{Effect, NewTopic};
use client::consumer::{Consumer, ConsumerConfig, GroupProtocol, OffsetReset};
use client::producer::{Producer, ProducerConfig, ProducerRecord};
use embedded::Milena;
use tokio::time::timeout;
use types::PartitionIndex;

use crate::clients::{admin, eager};

const RECORDS: i32 = 20_000;

/// What an application does with a record, while it does not poll.
fn work() {
    std::hint::black_box((0..200_000_u32).fold(0, |sum: u32, number| std::hint::black_box(sum ^ number)));
}

async fn filled() -> Milena {
    let node = Milena::builder()
        .ephemeral()
        .set("group.consumer.min.heartbeat.interval.ms", "20")
        .set("group.consumer.heartbeat.interval.ms", "20")
        .start()
        .expect("started");
    let topic = NewTopic { name: "t".to_owned(), partitions: Some(2), ..NewTopic::default() };
    let created = admin(&node).create_topics(&[topic], Effect::Apply).await.expect("answered");
    assert!(created.values().all(Result::is_ok), "{created:?}");
    let producer = Producer::new(
        eager(&node, "producer"),
        ProducerConfig::default(),
        io::Clock::System,
        io::Entropy::from_seed(1),
    );
    for number in 0..RECORDS {
        let partition = Some(PartitionIndex(number % 2));
        let record = ProducerRecord { topic: "t", partition, value: Some(b"v"), ..ProducerRecord::default() };
        producer.send(record).await.expect("it is on its way");
    }
    producer.close().await;
    node
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_always_has_something_to_read_gives_up_what_another_is_to_have() {
    for protocol in [GroupProtocol::Classic, GroupProtocol::Consumer] {
        let node = filled().await;
        let member = |name| {
            let config = ConsumerConfig::of_group("g")
                .group_protocol(protocol)
                .auto_offset_reset(OffsetReset::Earliest)
                .heartbeat_interval(Duration::from_millis(20))
                .max_poll_records(1);
            let consumer = Consumer::new(&eager(&node, name), config);
            consumer.subscribe(["t"]).expect("nothing is assigned by hand");
            consumer
        };
        let busy = member("busy");
        drop(busy.poll().await.expect("records"));
        let late = member("late");
        let shared = async {
            let joins = async {
                loop {
                    drop(late.poll().await.expect("records"));
                    if late.assignment().len() == 1 {
                        return;
                    }
                }
            };
            let mut joins = std::pin::pin!(joins);
            for _ in 0..RECORDS / 10 {
                tokio::select! {
                    biased;
                    () = &mut joins => return,
                    records = busy.poll() => drop(records.expect("records")),
                }
                work();
            }
            panic!("{protocol:?}: while there is something to read nothing is given up");
        };
        timeout(Duration::from_secs(30), shared).await.expect("both have a partition");
        assert_eq!(busy.assignment().len(), 1, "{protocol:?}");
        busy.close().await.expect("committed");
        late.close().await.expect("committed");
        node.stop().await.expect("it had not failed");
    }
}
