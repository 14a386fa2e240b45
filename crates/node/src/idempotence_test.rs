//! Idempotent producers on a whole node, where the field has lost or doubled records: when the records of a batch are
//! deleted before its retry comes (KAFKA-5435), and when a topic is made anew under its producer (KIP-516).

use broker::partition::{AppendError, PartitionAppendError, ProducerStateError};
use broker::produce::{ProduceEntry, ProduceOutcome};
use bytes::Bytes;
use controller_node::{DeleteAccess, TopicToDelete};
use io::disk::SimulatedDisk;
use record::{BatchBuilder, BatchOptions};
use types::{Offset, ProducerEpoch, ProducerId, Sequence, Uuid};

use crate::Node;
use crate::assembly::Silent;
use crate::node_test::{NOW_MS, create_with, start};

async fn node(disk: &SimulatedDisk) -> Node {
    let mut node = start(disk).await;
    node.open(Silent).await.expect("opened");
    node
}

/// The same node after a clean stop, or after the death of its process.
async fn reborn(node_before: Node, disk: &SimulatedDisk, is_clean: bool) -> Node {
    if is_clean {
        node_before.stop().await;
    } else {
        drop(node_before);
    }
    disk.release_locks();
    node(disk).await
}

/// Two records of one producer, the first with this sequence number.
fn batch(sequence: i32) -> Bytes {
    let options = BatchOptions {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options).expect("no options are wrong");
    for _ in 0..2 {
        builder.append(NOW_MS, None, Some(b"value"), &[]).expect("fits");
    }
    builder.build().expect("built").expect("not empty")
}

/// Where the batch stands, and where the log ends after it.
async fn produce(node: &Node, sequence: i32) -> Result<(Offset, Offset), PartitionAppendError> {
    let partition = node.broker().partitions().all().pop().expect("there is one");
    let entry = ProduceEntry { partition: partition.clone(), records: batch(sequence), guard: None };
    match node.broker().append(vec![entry], -1).0.pop().expect("one") {
        ProduceOutcome::Appended(appended) => {
            Ok((appended.info.first_offset, partition.log().offsets().high_watermark))
        }
        ProduceOutcome::Refused { error, .. } => Err(error),
    }
}

#[tokio::test]
async fn the_retry_of_a_batch_whose_records_were_deleted_is_no_new_batch() {
    for restart in [None, Some(true), Some(false)] {
        let disk = SimulatedDisk::default();
        let mut node = node(&disk).await;
        create_with(&node, "t", 1, &[]).await;
        assert_eq!(produce(&node, 0).await.expect("new"), (Offset(0), Offset(2)));
        assert_eq!(produce(&node, 2).await.expect("new"), (Offset(2), Offset(4)));
        let partition = node.broker().partitions().all().pop().expect("there is one");
        let deleted = node.broker().delete_records(&partition, None).await;
        assert_eq!(deleted.expect("up to the high watermark"), Offset(4));
        drop(partition);
        if let Some(is_clean) = restart {
            node.broker().record_log_starts().await.expect("written");
            node = reborn(node, &disk, is_clean).await;
        }
        assert_eq!(produce(&node, 2).await.expect("known"), (Offset(2), Offset(4)), "restart: {restart:?}");
        assert_eq!(produce(&node, 4).await.expect("next"), (Offset(4), Offset(6)), "restart: {restart:?}");
        let gap = produce(&node, 8).await;
        let Err(PartitionAppendError::Append(AppendError::Producer(error))) = gap else { panic!("{gap:?}") };
        assert!(matches!(error, ProducerStateError::OutOfOrderSequence { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_topic_that_was_made_anew_knows_nothing_of_the_producers_of_the_one_before() {
    for restart in [None, Some(true), Some(false)] {
        let disk = SimulatedDisk::default();
        let mut node = node(&disk).await;
        create_with(&node, "t", 1, &[]).await;
        assert_eq!(produce(&node, 0).await.expect("new"), (Offset(0), Offset(2)));
        let controller = &node.handlers().controller;
        let topic = TopicToDelete { name: Some("t".to_owned()), id: Uuid::ZERO };
        controller.delete_topics(vec![topic], |_: &str| DeleteAccess::Delete).await.expect("decided");
        node.broker().applied(controller.image().provenance.offset).await;
        create_with(&node, "t", 1, &[]).await;
        if let Some(is_clean) = restart {
            node = reborn(node, &disk, is_clean).await;
        }
        // Taken for a retry it would be acknowledged and be nowhere.
        assert_eq!(produce(&node, 0).await.expect("new"), (Offset(0), Offset(2)), "restart: {restart:?}");
        assert_eq!(produce(&node, 2).await.expect("next"), (Offset(2), Offset(4)), "restart: {restart:?}");
    }
}
