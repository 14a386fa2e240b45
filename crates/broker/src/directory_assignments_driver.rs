//! Tells the controller which data directory holds each replica (KIP-858).
//!
//! With several directories the broker chooses where a new replica goes, and the metadata log says so only once it was
//! told. What is not told when the broker stops is found again at the next start, when the replica's log is opened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use controller_node::{CallError, ControllerHandle, DirectoryAssignment};
use metadata::PartitionImage;
use tokio::sync::Notify;
use types::{BrokerEpoch, TopicIdPartition, Uuid};

use crate::Broker;
use crate::partition::Partition;

/// Replicas told of at once, as in Kafka.
const ASSIGNMENTS_MAX: usize = 2250;

/// Replicas whose directory the metadata log does not say, or says wrongly; at most one entry for each replica here.
#[derive(Debug, Default)]
pub(crate) struct DirectoryAssignments {
    untold: Mutex<BTreeMap<TopicIdPartition, Uuid>>,
    noted: Notify,
}

impl DirectoryAssignments {
    /// Compares where a replica lies with what the metadata says.
    pub(crate) fn note(&self, broker: &Broker, partition: &Partition, image: &PartitionImage) {
        let Some(directory) = broker.log_dirs().directory_id(partition.name()) else { return };
        if image.directory(broker.node_id()) != Some(directory) {
            self.lock().insert(partition.id(), directory);
            self.noted.notify_one();
        }
    }

    /// Waits until there are some, and takes as many as may be told of at once.
    async fn next(&self) -> Vec<DirectoryAssignment> {
        loop {
            let taken: Vec<_> = {
                let mut untold = self.lock();
                let pops = std::iter::from_fn(|| untold.pop_first());
                pops.take(ASSIGNMENTS_MAX).collect()
            };
            if !taken.is_empty() {
                let assignment = |(id, directory): (TopicIdPartition, Uuid)| DirectoryAssignment {
                    topic_id: id.topic_id,
                    partition: id.partition,
                    directory,
                };
                return taken.into_iter().map(assignment).collect();
            }
            // What was noted since the look above has left a permit.
            self.noted.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TopicIdPartition, Uuid>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the controller until dropped.
pub async fn run(broker: Arc<Broker>, controller: ControllerHandle, epoch: BrokerEpoch) {
    loop {
        let assignments = broker.directory_assignments().next().await;
        let told = assignments.len();
        match controller.assign_directories(broker.node_id(), epoch, assignments).await {
            // A topic that was deleted meanwhile has no replicas to tell of.
            Ok(results) => {
                let failed = results.iter().filter(|result| result.is_err()).count();
                tracing::debug!(told, failed, "told the controller the directories of replicas");
            }
            Err(CallError::NoController) => return,
            Err(error) => {
                tracing::info!(told, %error, "the directories of replicas are told at the next start")
            }
        }
    }
}
