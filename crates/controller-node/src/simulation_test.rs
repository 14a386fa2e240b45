//! Seeded runs of a whole controller on a disk that fails and a power supply that does too.

use std::collections::BTreeSet;

use controller::brokers::heartbeat::Heartbeat;
use controller::topics::create::NewTopic;
use controller::topics::delete::{DeleteAccess, TopicToDelete};
use io::Entropy;
use types::{NodeId, Uuid};

use crate::test_node::{NOW_MS, Node};
use crate::{CallError, ControllerHandle, ControllerNode};

/// What a run did: the same seed must do the same.
#[derive(Debug, Default, PartialEq)]
struct Trace {
    epochs: Vec<i32>,
    /// Topics after each start.
    found: Vec<BTreeSet<String>>,
    log: Vec<u8>,
}

/// What the callers know of a topic.
#[derive(Debug, Default)]
struct Known {
    /// Created, and not asked to be deleted since.
    present: BTreeSet<String>,
    /// Asked for without an answer: both are right.
    uncertain: BTreeSet<String>,
}

async fn run(seed: u64) -> Trace {
    let mut node = Node::formatted();
    let entropy = Entropy::from_seed(seed);
    node.options.entropy = entropy.clone();
    node.options.log.log_segment_bytes = 4_000;
    node.options.log.log_max_record_bytes_between_snapshots = 3_000;
    node.options.log.max_retention_bytes = 8_000;
    let (mut known, mut trace) = (Known::default(), Trace::default());
    for life in 0..4 {
        node.simulated.set_syncs_left(None);
        node.options.clock.set_ms(NOW_MS + life * 60_000);
        let controller =
            ControllerNode::start(node.controller_options()).await.expect("the disk works again");
        trace.epochs.push(controller.handle.quorum().epoch.0);
        let found = topics(&controller.handle);
        for topic in &known.present {
            assert!(found.contains(topic), "seed {seed}: {topic} was acknowledged and is gone");
        }
        for topic in &found {
            let is_known = known.present.contains(topic) || known.uncertain.contains(topic);
            assert!(is_known, "seed {seed}: {topic} was deleted or never asked for");
        }
        known = Known { present: found.clone(), uncertain: BTreeSet::new() };
        trace.found.push(found);
        live(&node, &controller.handle, &entropy, &mut known, life).await;
        controller.task.abort();
        // The task is gone before the power is.
        let _ = controller.task.await;
        match entropy.below(3) {
            0 => node.simulated.release_locks(),
            _ => node.crash(),
        }
    }
    assert!(trace.epochs.windows(2).all(|pair| pair[0] < pair[1]), "seed {seed}: an epoch was led twice");
    trace.log = log_bytes(&node);
    trace
}

/// Creates and deletes topics until the disk fails, or for a while.
async fn live(node: &Node, handle: &ControllerHandle, entropy: &Entropy, known: &mut Known, life: i64) {
    if bring_up_broker(node, handle).await.is_err() {
        return;
    }
    node.simulated.set_syncs_left((entropy.below(2) == 0).then(|| entropy.below(60)));
    for step in 0..entropy.below(30) {
        let result = if entropy.below(4) == 0 && !known.present.is_empty() {
            let index = entropy.below(known.present.len() as u64) as usize;
            let name = known.present.iter().nth(index).expect("below the length").clone();
            known.present.remove(&name);
            known.uncertain.insert(name.clone());
            let topic = TopicToDelete { name: Some(name.clone()), id: Uuid::ZERO };
            let deleted = handle.delete_topics(vec![topic], |_| DeleteAccess::Delete).await;
            deleted.map(|_| {
                known.uncertain.remove(&name);
            })
        } else {
            let name = format!("topic-{life}-{step}");
            let topic = NewTopic {
                name: name.clone(),
                partitions: 1 + entropy.below(3) as i32,
                replication_factor: 1,
                ..NewTopic::default()
            };
            known.uncertain.insert(name.clone());
            let created = handle.create_topics(vec![topic], false).await;
            created.map(|_| {
                known.uncertain.remove(&name);
                known.present.insert(name);
            })
        };
        if result.is_err() {
            return;
        }
    }
}

async fn bring_up_broker(node: &Node, handle: &ControllerHandle) -> Result<(), CallError> {
    let epoch = handle.register_local_broker(node.new_broker()).await?;
    let heartbeat = Heartbeat {
        id: NodeId(1),
        epoch,
        metadata_offset: handle.image().provenance.offset,
        want_fence: false,
        want_shut_down: false,
        offline_directories: Vec::new(),
        cordoned_directories: None,
    };
    handle.broker_heartbeat(heartbeat).await.map(|_| ())
}

fn topics(handle: &ControllerHandle) -> BTreeSet<String> {
    handle.image().topics.iter().map(|topic| topic.name.to_string()).collect()
}

/// Every segment, one after the other.
fn log_bytes(node: &Node) -> Vec<u8> {
    let directory = std::path::Path::new("/data/__cluster_metadata-0");
    let entries = node.options.disk.read_directory(directory).expect("there");
    let segments = entries.into_iter().filter(|entry| entry.name.ends_with(".log"));
    segments.flat_map(|entry| node.options.disk.read(&directory.join(entry.name)).expect("there")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_survives_whatever_fails() {
    for seed in 0..100 {
        run(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_seed_run_twice_gives_one_trace() {
    let (first, second) = (run(7).await, run(7).await);
    assert_eq!(first, second);
    assert_ne!(first.log, run(8).await.log);
}
