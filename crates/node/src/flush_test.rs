//! When records become durable: `flush.messages`, `flush.ms`, and what an acknowledgement waits for.

use std::sync::Arc;
use std::time::Duration;

use broker::partition::Partition;
use broker::produce::{AcknowledgementError, ProduceEntry};
use bytes::Bytes;
use io::disk::SimulatedDisk;
use record::{BatchBuilder, BatchOptions};
use types::Offset;
use types::waits::WaitingClient;

use crate::Node;
use crate::assembly::Silent;
use crate::node_test::{NOW_MS, create_with, start, start_with};

fn batch(records: usize) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default()).expect("no options are wrong");
    for _ in 0..records {
        builder.append(NOW_MS, None, Some(b"value"), &[]).expect("fits");
    }
    builder.build().expect("built").expect("not empty")
}

async fn create(node: &Node, configs: &[(&str, &str)]) -> Arc<Partition> {
    create_with(node, "t", 1, configs).await;
    node.broker().partitions().all().pop().expect("the topic's only partition")
}

/// Appends and waits as a producer would; `None`: acknowledged at once.
async fn produce(
    node: &Node,
    partition: &Arc<Partition>,
    records: usize,
    acks: i16,
) -> Option<Result<(), AcknowledgementError>> {
    let entry = ProduceEntry { partition: partition.clone(), records: batch(records), guard: None };
    let (_, unacknowledged) = node.broker().append(vec![entry], acks);
    let waiting = node.broker().acknowledge(unacknowledged, Duration::from_secs(1), WaitingClient::default());
    waiting.await.pop().map(|(_, result)| result)
}

#[tokio::test]
async fn the_append_that_makes_flush_messages_full_is_flushed_before_it_is_acknowledged() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    let partition = create(&node, &[("flush.messages", "3")]).await;
    let log = partition.log();
    for acks in [1, -1] {
        let before = log.log_end_offset();
        assert_eq!(produce(&node, &partition, 2, acks).await, None, "two of three");
        assert_eq!((log.recovery_point(), log.high_watermark()), (before, before.plus(2)));
        assert_eq!(produce(&node, &partition, 1, acks).await, Some(Ok(())), "the third");
        assert_eq!((log.recovery_point(), log.high_watermark()), (before.plus(3), before.plus(3)));
    }
    assert_eq!(produce(&node, &partition, 7, 1).await, Some(Ok(())), "more at once than may wait");
    assert_eq!(log.unflushed_messages(), 0);
}

#[tokio::test]
async fn an_append_whose_flush_the_disk_refuses_is_not_acknowledged() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    let partition = create(&node, &[("flush.messages", "2")]).await;
    assert_eq!(produce(&node, &partition, 1, 1).await, None);
    disk.set_syncs_left(Some(0));
    assert_eq!(produce(&node, &partition, 1, 1).await, Some(Err(AcknowledgementError::Storage)));
    assert_eq!(partition.log().recovery_point(), Offset(0));
}

#[tokio::test]
async fn records_that_nobody_wants_acknowledged_are_flushed_and_shown_all_the_same() {
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await;
    node.open(Silent).await.expect("opened");
    let partition = create(&node, &[("flush.messages", "1")]).await;
    let (broker, id) = (node.broker().clone(), partition.id());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let seen = partition.clone();
    let shown = broker
        .delayed_fetches()
        .wait([id], deadline, move || (seen.log().high_watermark() == Offset(1)).then_some(()));
    // What the handler of Produce does with acks=0: the future is dropped.
    let entry = ProduceEntry { partition: partition.clone(), records: batch(1), guard: None };
    let (_, unacknowledged) = broker.append(vec![entry], 0);
    drop(broker.acknowledge(unacknowledged, Duration::from_secs(1), WaitingClient::default()));
    assert!(shown.await.is_ok(), "the high watermark moves without anybody asking");
    assert_eq!(partition.log().recovery_point(), Offset(1));
}

#[tokio::test(start_paused = true)]
async fn records_wait_for_the_disk_no_longer_than_flush_ms() {
    let at_once = ("log.initial.task.delay.ms", "0");
    // Kafka looks at their age only where `log.flush.scheduler.interval.ms` is set.
    for settings in [&[at_once, ("log.flush.scheduler.interval.ms", "5000")][..], &[at_once]] {
        let disk = SimulatedDisk::default();
        let (mut node, clock) = start_with(&disk, settings).await;
        node.open(Silent).await.expect("opened");
        let partition = create(&node, &[("flush.ms", "60000")]).await;
        produce(&node, &partition, 1, 1).await;
        clock.set_ms(NOW_MS + 59_999);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(partition.log().recovery_point(), Offset(0), "not yet");
        clock.set_ms(NOW_MS + 60_000);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(partition.log().recovery_point(), Offset(1));
    }
}
