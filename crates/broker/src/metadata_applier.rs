//! Follows the metadata log: opens, makes, changes and deletes the partitions that this broker hosts.
//!
//! *Invariant:* partitions change hands only here, by one task, in the order of the metadata log. An image becomes the
//! broker's own (see [`Broker::image`]) after the partitions agree with it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::log::Log;
use ::log::log_dirs::{DirectoryKind, FoundLog};
use metadata::{ConfigResource, ConfigResourceType, MetadataImage, PartitionImage, TopicChange, TopicImage};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use types::{NodeId, PartitionIndex, TopicIdPartition, TopicPartition};

use crate::Broker;
use crate::partition::{LeadershipChange, Partition};
use crate::topic_settings::{cluster_topic_config, topic_config};
use crate::unopened_logs::Unopened;

/// How long after an attempt to make logs comes the next, where it failed.
const MAKE_AGAIN_INTERVAL: Duration = Duration::from_secs(1);

/// Why a broker cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The data directories cannot be listed.
    #[error(transparent)]
    Directory(#[from] ::log::log_dirs::DataDirectoryError),
}

/// What a start found in the data directories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BeginReport {
    /// Logs opened.
    pub opened: usize,
    /// Logs that could not be opened; their partitions are not served.
    pub failed: usize,
    /// Logs that no partition claims, set aside.
    pub stray: usize,
}

/// The logs that a start found: those to open, and how many were set aside.
#[derive(Debug)]
pub struct FoundLogs {
    claimed: Vec<FoundLog>,
    stray: usize,
}

/// Takes the metadata of the start as the broker's own, and sorts out what the data directories hold: logs to open, logs
/// that go on being deleted, logs that nobody claims. To be called before [`run`] makes new ones.
///
/// # Errors
/// See [`BeginError`].
pub fn adopt(broker: &Broker, image: Arc<MetadataImage>) -> Result<FoundLogs, BeginError> {
    broker.apply_node_settings(&image);
    broker.set_image(image);
    broker.note_applied();
    sort_out(broker)
}

/// Opens the logs that were found, several at a time, and makes those that are
/// missing. Each partition is served as soon as its log is open; metadata that changes meanwhile is applied by [`run`].
/// `on_progress` is told the logs opened and the logs to open.
pub async fn begin(
    broker: &Arc<Broker>,
    found: FoundLogs,
    on_progress: impl Fn(usize, usize) + Send + Sync + 'static,
) -> BeginReport {
    let FoundLogs { claimed, stray } = found;
    let total = claimed.len();
    let queue = Arc::new(Mutex::new(VecDeque::from(claimed)));
    let on_progress = Arc::new(on_progress);
    let counts = Arc::new(Mutex::new((0, 0)));
    let threads = recovery_threads(broker) * broker.log_dirs().directories().len();
    let workers: Vec<_> = (0..threads.clamp(1, total.max(1)))
        .map(|_| {
            let (broker, queue) = (broker.clone(), queue.clone());
            let (on_progress, counts) = (on_progress.clone(), counts.clone());
            broker.clone().blocking().spawn(move || {
                while let Some(found) = pop(&queue) {
                    let opened = open(&broker, &found);
                    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
                    if opened {
                        counts.0 += 1
                    } else {
                        counts.1 += 1
                    }
                    on_progress(counts.0 + counts.1, total);
                }
            })
        })
        .collect();
    for worker in workers {
        if let Err(error) = worker.await {
            std::panic::resume_unwind(error.into_panic());
        }
    }
    let creating = broker.clone();
    broker.blocking().run(move || create_missing(&creating)).await;
    let (opened, failed) = *counts.lock().unwrap_or_else(PoisonError::into_inner);
    BeginReport { opened, failed, stray }
}

/// `num.recovery.threads.per.data.dir`, which may have been changed since the last start.
fn recovery_threads(broker: &Broker) -> usize {
    let threads = broker.node_config().borrow().as_ref().map(|it| it.logs.num_recovery_threads_per_data_dir);
    threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or(1)
}

/// Applies every image that comes, until `stop` says so or the sender is gone; never half of one. Logs that could not be
/// made are tried again meanwhile: a full disk may have room again.
pub async fn run(
    broker: Arc<Broker>,
    mut images: watch::Receiver<Arc<MetadataImage>>,
    mut stop: watch::Receiver<bool>,
) {
    let mut make_again_ticks = interval(MAKE_AGAIN_INTERVAL);
    make_again_ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let image = images.borrow_and_update().clone();
        if image.provenance.offset > broker.image().provenance.offset {
            let applied = broker.clone();
            broker.blocking().run(move || apply(&applied, image)).await;
        }
        let is_to_make = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            changed = images.changed() => match changed {
                Ok(()) => false,
                Err(_) => return,
            },
            _ = make_again_ticks.tick(), if broker.unopened_logs().has_some_to_make() => true,
        };
        if is_to_make {
            let making = broker.clone();
            broker.blocking().run(move || make_again(&making)).await;
        }
    }
}

/// Brings the partitions in agreement with `image`.
fn apply(broker: &Broker, image: Arc<MetadataImage>) {
    let _hosting = broker.hosting();
    let before = broker.image();
    let changes = image.topics.changes_since(&before.topics);
    let mut deleted = BTreeMap::new();
    for change in &changes {
        if let TopicChange::Deleted(topic) = change {
            delete_topic(broker, topic);
            deleted.insert(topic.name.clone(), topic.id);
        }
    }
    for change in &changes {
        let (TopicChange::Created(topic) | TopicChange::Changed { after: topic, .. }) = change else {
            continue;
        };
        for (index, _, partition) in change.partitions() {
            if partition.replicas.contains(&broker.node_id()) {
                host(broker, &image, topic, index, partition);
            }
        }
        for index in change.removed_from(broker.node_id()) {
            delete_partition(broker, topic, index);
        }
    }
    apply_settings(broker, &before, &image);
    broker.set_image(image);
    broker.tell_groups_of_cluster(&changes);
    // From here on no commit finds the topics, so that none comes after this.
    if !deleted.is_empty() {
        broker.tell_groups_of_deleted(&deleted);
    }
    broker.note_applied();
}

/// Gives topics whose settings changed their new ones. A change of the brokers' settings concerns every topic.
fn apply_settings(broker: &Broker, before: &MetadataImage, image: &MetadataImage) {
    let changed: Vec<&ConfigResource> = image.configs.changed_since(&before.configs).collect();
    let own = ConfigResource::broker(broker.node_id());
    if changed.iter().any(|resource| **resource == own || **resource == ConfigResource::broker_defaults()) {
        broker.apply_node_settings(image);
        image.topics.iter().for_each(|topic| give_settings(broker, image, topic));
        return;
    }
    let topics = changed.iter().filter(|resource| resource.resource_type == ConfigResourceType::Topic);
    for topic in topics.filter_map(|resource| image.topics.by_name(&resource.name)) {
        give_settings(broker, image, topic);
    }
}

fn give_settings(broker: &Broker, image: &MetadataImage, topic: &TopicImage) {
    let config = topic_config(broker, image, &topic.name);
    for index in topic.partitions.keys() {
        let id = TopicIdPartition { topic_id: topic.id, partition: *index };
        if let Some(partition) = broker.partitions().get(&id) {
            partition.apply_config(config.clone());
        }
    }
}

/// Splits what was found: logs to open, by partition; logs set aside; logs that go on being deleted.
fn sort_out(broker: &Broker) -> Result<FoundLogs, BeginError> {
    let (dirs, image) = (broker.log_dirs(), broker.image());
    let now_ms = broker.clock().now_ms();
    let delay_ms = cluster_topic_config(broker, &image).file_delete_delay_ms;
    let (mut claimed, mut stray) = (Vec::new(), 0);
    for found in dirs.find()? {
        match found.name.kind {
            DirectoryKind::Delete => dirs.resume_deletion(found, now_ms, delay_ms),
            // Both wait for an operator or for the move that made them to go on.
            DirectoryKind::Stray | DirectoryKind::Future => {}
            DirectoryKind::Current if is_claimed(broker.node_id(), &image, &found) => claimed.push(found),
            DirectoryKind::Current => {
                dirs.set_aside(&found)?;
                stray += 1;
            }
        }
    }
    Ok(FoundLogs { claimed, stray })
}

/// Whether the partition of this log is still one of ours: a topic made anew under the name has another id.
fn is_claimed(node_id: NodeId, image: &MetadataImage, found: &FoundLog) -> bool {
    let Some(topic) = image.topics.by_name(&found.name.partition.topic) else { return false };
    let is_same_topic = found.topic_id.is_none_or(|id| id == topic.id);
    let partition = topic.partition(found.name.partition.partition);
    is_same_topic && partition.is_some_and(|partition| partition.replicas.contains(&node_id))
}

fn pop(queue: &Mutex<VecDeque<FoundLog>>) -> Option<FoundLog> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

fn open(broker: &Broker, found: &FoundLog) -> bool {
    let name = &found.name.partition;
    let config = topic_config(broker, &broker.image(), &name.topic);
    let log = match broker.log_dirs().open(found, config, broker.clock().now_ms()) {
        Ok(log) => log,
        Err(error) => {
            tracing::error!(partition = %name, %error, "log not opened, its partition is not served");
            if let Some(topic_id) = broker.image().topics.id_of(&name.topic) {
                let id = TopicIdPartition { topic_id, partition: name.partition };
                broker.unopened_logs().note(id, Unopened::Unreadable(error.to_string()));
            }
            return false;
        }
    };
    // The metadata may have moved on while the log was recovered.
    let _hosting = broker.hosting();
    let image = broker.image();
    let still_ours =
        image.topics.by_name(&name.topic).filter(|_| is_claimed(broker.node_id(), &image, found));
    match still_ours.and_then(|topic| Some((topic, topic.partition(name.partition)?))) {
        Some((topic, partition)) => {
            log.update_config(topic_config(broker, &image, &topic.name));
            serve(broker, topic, name.partition, partition, log);
        }
        None => {
            if let Err(error) = broker.log_dirs().delete(name, broker.clock().now_ms()) {
                tracing::error!(partition = %name, %error, "log of a deleted partition not marked");
            }
        }
    }
    true
}

/// Makes the logs of partitions that should be here and are not.
fn create_missing(broker: &Broker) {
    let _hosting = broker.hosting();
    let image = broker.image();
    for topic in image.topics.iter() {
        for (index, partition) in &topic.partitions {
            let name = TopicPartition { topic: topic.name.clone(), partition: *index };
            let is_ours = partition.replicas.contains(&broker.node_id());
            if is_ours && !broker.log_dirs().has_log_of(&name) {
                host(broker, &image, topic, *index, partition);
            }
        }
    }
}

/// Makes the logs that could not be made when their partitions came.
fn make_again(broker: &Broker) {
    let _hosting = broker.hosting();
    let image = broker.image();
    for id in broker.unopened_logs().to_make() {
        let topic = image.topics.by_id(id.topic_id);
        match topic.and_then(|topic| Some((topic, topic.partition(id.partition)?))) {
            Some((topic, partition)) if partition.replicas.contains(&broker.node_id()) => {
                host(broker, &image, topic, id.partition, partition);
            }
            _ => broker.unopened_logs().forget(&id),
        }
    }
}

/// Makes a partition's log where there is none, and follows its leadership.
fn host(
    broker: &Broker,
    image: &MetadataImage,
    topic: &TopicImage,
    index: PartitionIndex,
    partition: &PartitionImage,
) {
    let id = TopicIdPartition { topic_id: topic.id, partition: index };
    if let Some(hosted) = broker.partitions().get(&id) {
        follow(broker, &hosted, partition);
        return;
    }
    let name = TopicPartition { topic: topic.name.clone(), partition: index };
    if broker.log_dirs().has_log_of(&name) {
        return;
    }
    let config = topic_config(broker, image, &topic.name);
    match broker.log_dirs().create(&name, topic.id, config, broker.clock().now_ms()) {
        Ok(log) => serve(broker, topic, index, partition, log),
        Err(error) => {
            if broker.unopened_logs().note(id, Unopened::NotMade(error.to_string())) {
                tracing::error!(partition = %name, %error, "log not made, its partition is not served yet");
            }
        }
    }
}

/// Begins to serve a partition whose log is open.
fn serve(broker: &Broker, topic: &TopicImage, index: PartitionIndex, image: &PartitionImage, log: Arc<Log>) {
    let id = TopicIdPartition { topic_id: topic.id, partition: index };
    let name = TopicPartition { topic: topic.name.clone(), partition: index };
    let partition = Arc::new(Partition::new(broker.node_id(), id, name, log));
    follow(broker, &partition, image);
    broker.directory_assignments().note(broker, &partition, image);
    broker.partitions().insert(partition);
    broker.unopened_logs().forget(&id);
}

fn follow(broker: &Broker, partition: &Arc<Partition>, image: &PartitionImage) {
    partition.apply_leadership(LeadershipChange {
        leader: image.leader.unwrap_or(NodeId::NONE),
        leader_epoch: image.leader_epoch,
        partition_epoch: image.partition_epoch,
        replicas: image.replicas.clone(),
        isr: image.isr.clone(),
    });
    wake(broker, partition);
    broker.groups().follow(partition);
    broker.transactions().follow(partition);
}

fn delete_topic(broker: &Broker, topic: &TopicImage) {
    for index in topic.partitions.keys() {
        delete_partition(broker, topic, *index);
    }
}

fn delete_partition(broker: &Broker, topic: &TopicImage, index: PartitionIndex) {
    let id = TopicIdPartition { topic_id: topic.id, partition: index };
    broker.unopened_logs().forget(&id);
    let Some(partition) = broker.partitions().remove(&id) else { return };
    partition.retire();
    wake(broker, &partition);
    broker.groups().forget(&partition);
    broker.transactions().forget(&partition);
    if let Err(error) = broker.log_dirs().delete(partition.name(), broker.clock().now_ms()) {
        tracing::error!(partition = %partition.name(), %error, "log of a deleted partition not marked");
    }
}

/// Whoever waits on the partition has to look again.
fn wake(broker: &Broker, partition: &Partition) {
    broker.delayed_produces().touch(&partition.id());
    broker.delayed_fetches().touch(&partition.id());
}
