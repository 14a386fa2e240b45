//! What waits at a partition, and what holds it: everything is looked up in memory, under the locks of one look.

use tokio::time::Instant;
use types::waits::{OpenTransaction, PartitionWait, WaitingFetch};
use types::{LeaderEpoch, NodeId, Offset, PartitionIndex, TopicIdPartition};

use crate::Broker;
use crate::fetch::DelayedFetch;
use crate::partition::{Isolation, Partition, ProducerEntry};
use crate::produce::DelayedProduce;
use crate::unopened_logs::Unopened;

/// Waiting requests of one kind that are told one by one; the rest is counted.
const REQUESTS_TOLD_MAX: usize = 100;

/// How a partition stands, and what waits there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionWhy {
    /// Its leader.
    pub leader: Option<NodeId>,
    /// Counts the leaders.
    pub leader_epoch: LeaderEpoch,
    /// All replicas, preferred leader first.
    pub replicas: Vec<NodeId>,
    /// The replicas in sync.
    pub isr: Vec<NodeId>,
    /// Its log, where this broker leads and has opened it.
    pub log: Option<LogWhy>,
    /// What waits, and what holds the offsets; nothing where all is well and nobody asks.
    pub waits: Vec<PartitionWait>,
}

/// How a partition's log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogWhy {
    /// First offset that can be read.
    pub log_start: Offset,
    /// Up to where read_committed consumers see, exclusive.
    pub last_stable: Offset,
    /// Up to where consumers see, exclusive.
    pub high_watermark: Offset,
    /// Offset of the next record.
    pub log_end: Offset,
    /// Everything below is durable.
    pub flushed: Offset,
    /// Bytes above that.
    pub unflushed_bytes: u64,
    /// How long the oldest record that is not flushed has waited for it.
    pub unflushed_ms: Option<i64>,
    /// `flush.messages`.
    pub flush_messages: i64,
    /// `flush.ms`.
    pub flush_ms: i64,
    /// `min.insync.replicas`.
    pub min_insync_replicas: i32,
    /// Bytes of its batches.
    pub size_bytes: u64,
    /// First offset that no cleaning has reached, where the topic is compacted; `None` where none has ended yet.
    pub first_dirty: Option<Option<Offset>>,
    /// Transactions that are open here.
    pub open_transactions: usize,
    /// Produce requests that wait.
    pub waiting_produces: usize,
    /// Fetch requests that wait.
    pub waiting_fetches: usize,
}

/// Why nothing is known of a partition's waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartitionWhyError {
    /// No topic has this name.
    #[error("no topic has this name")]
    UnknownTopic,
    /// The topic has fewer partitions.
    #[error("the topic has {partitions} partitions")]
    UnknownPartition {
        /// How many it has, from 0 on.
        partitions: usize,
    },
    /// Another broker knows.
    #[error("node {leader} leads the partition")]
    LedElsewhere {
        /// Which.
        leader: NodeId,
    },
}

impl Broker {
    /// How a partition stands and what waits there. Its leader knows; of one without leader every broker tells that.
    ///
    /// # Errors
    /// See [`PartitionWhyError`].
    pub fn why_partition(
        &self,
        topic: &str,
        index: PartitionIndex,
    ) -> Result<PartitionWhy, PartitionWhyError> {
        let image = self.image();
        let topic = image.topics.by_name(topic).ok_or(PartitionWhyError::UnknownTopic)?;
        let unknown = PartitionWhyError::UnknownPartition { partitions: topic.partitions.len() };
        let state = topic.partition(index).ok_or(unknown)?;
        let mut why = PartitionWhy {
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            replicas: state.replicas.clone(),
            isr: state.isr.clone(),
            log: None,
            waits: Vec::new(),
        };
        let id = TopicIdPartition { topic_id: topic.id, partition: index };
        match (state.leader, self.partitions().get(&id)) {
            (None, _) => {
                let (replicas, in_sync) = (state.replicas.clone(), state.isr.clone());
                why.waits.push(PartitionWait::NoLeader { replicas, in_sync });
            }
            (Some(leader), _) if leader != self.node_id() => {
                return Err(PartitionWhyError::LedElsewhere { leader });
            }
            (Some(node), None) => why.waits.push(match self.unopened_logs().reason(&id) {
                Some(Unopened::Unreadable(reason)) => PartitionWait::LogNotOpened { node, reason },
                Some(Unopened::NotMade(reason)) => PartitionWait::LogNotMade { node, reason },
                None => PartitionWait::LogOpening { node },
            }),
            (Some(_), Some(partition)) => self.look_at(&partition, &mut why),
        }
        Ok(why)
    }

    fn look_at(&self, partition: &Partition, why: &mut PartitionWhy) {
        let produces = self.delayed_produces().notes(&partition.id(), |note| produce_wait(partition, note));
        let fetches = self.delayed_fetches().notes(&partition.id(), |note| fetch_wait(partition, note));
        let fetches: Vec<PartitionWait> = fetches.into_iter().flatten().collect();
        let (log, config) = (partition.log(), partition.log().config());
        let offsets = log.offsets();
        let open = open_transactions(partition);
        let now_ms = self.clock().now_ms();
        let stands = LogWhy {
            log_start: offsets.log_start,
            last_stable: offsets.last_stable,
            high_watermark: offsets.high_watermark,
            log_end: offsets.log_end,
            flushed: log.recovery_point(),
            unflushed_bytes: log.unflushed_bytes(),
            unflushed_ms: log.unflushed_ms(now_ms),
            flush_messages: config.flush_messages,
            flush_ms: config.flush_ms,
            min_insync_replicas: config.min_insync_replicas,
            size_bytes: log.size(),
            first_dirty: config.cleanup_policy.compact.then(|| log.first_dirty_offset()),
            open_transactions: open.len(),
            waiting_produces: produces.len(),
            waiting_fetches: fetches.len(),
        };
        let held = self.holds(partition, why, &stands);
        why.waits.extend(held);
        why.waits.extend(transaction_wait(&open, &stands, now_ms));
        why.waits.extend(produces.into_iter().take(REQUESTS_TOLD_MAX));
        why.waits.extend(fetches.into_iter().take(REQUESTS_TOLD_MAX));
        why.log = Some(stands);
    }

    /// What holds the log and its high watermark.
    fn holds(&self, partition: &Partition, why: &PartitionWhy, stands: &LogWhy) -> Vec<PartitionWait> {
        let mut waits = Vec::new();
        if partition.log().has_failed() {
            waits.push(PartitionWait::LogFailed { node: self.node_id() });
        }
        let in_sync = why.isr.len();
        let needed = usize::try_from(stands.min_insync_replicas).unwrap_or(1).min(why.replicas.len());
        if in_sync < needed {
            waits.push(PartitionWait::TooFewInSync { in_sync, needed });
        }
        let LogWhy { high_watermark, log_end, flushed, .. } = *stands;
        if high_watermark < log_end {
            let is_alone = why.isr == [self.node_id()];
            waits.push(match is_alone && stands.flush_messages == 1 {
                true => PartitionWait::NotFlushed { high_watermark, flushed, log_end },
                false => PartitionWait::NotReplicated { high_watermark, log_end, in_sync: why.isr.clone() },
            });
        }
        if stands.first_dirty.is_some() && partition.log().is_unfit_for_cleaning() {
            let first_dirty = stands.first_dirty.flatten().unwrap_or(stands.log_start);
            waits.push(PartitionWait::NotCleaned { first_dirty });
        }
        waits
    }
}

/// The oldest open transaction: it holds the last stable offset.
fn transaction_wait(open: &[(Offset, ProducerEntry)], stands: &LogWhy, now_ms: i64) -> Option<PartitionWait> {
    let (first_offset, producer) = open.first()?;
    Some(PartitionWait::OpenTransaction(OpenTransaction {
        producer_id: producer.producer_id,
        producer_epoch: producer.producer_epoch,
        first_offset: *first_offset,
        last_stable: stands.last_stable,
        high_watermark: stands.high_watermark,
        silent_ms: now_ms.saturating_sub(producer.last_timestamp_ms).max(0),
        others: open.len() - 1,
    }))
}

/// Who has a transaction open, by its first offset.
fn open_transactions(partition: &Partition) -> Vec<(Offset, ProducerEntry)> {
    let producers = partition.log().producers().into_iter();
    let open = producers.filter_map(|entry| Some((entry.current_transaction_first_offset?, entry)));
    let mut open: Vec<_> = open.collect();
    open.sort_unstable_by_key(|(first_offset, _)| *first_offset);
    open
}

fn produce_wait(partition: &Partition, note: &DelayedProduce) -> PartitionWait {
    let (client, end) = ((*note.client).clone(), note.end);
    let (waited_ms, left_ms) = (since_ms(note.since), until_ms(note.deadline));
    match note.is_flush_due && partition.log().recovery_point() < end {
        true => PartitionWait::ProduceNotFlushed { client, end, waited_ms, left_ms },
        false => PartitionWait::ProduceNotCommitted { client, end, waited_ms, left_ms },
    }
}

fn fetch_wait(partition: &Partition, note: &DelayedFetch) -> Option<PartitionWait> {
    let entry = note.entries.iter().find(|entry| entry.partition.id() == partition.id())?;
    let fetch_offset = entry.request.fetch_offset;
    let visible_end = partition.visible_end(note.bounds.isolation);
    let fetch = WaitingFetch {
        client: note.client.clone(),
        fetch_offset,
        visible_end,
        min_bytes: note.bounds.min_bytes,
        waited_ms: since_ms(note.since),
        left_ms: until_ms(note.since + note.bounds.max_wait),
    };
    let is_held =
        note.bounds.isolation == Isolation::ReadCommitted && visible_end < partition.log().high_watermark();
    Some(match fetch_offset < visible_end {
        true => PartitionWait::FetchBelowMinBytes(fetch),
        false if is_held => PartitionWait::FetchBehindTransaction(fetch),
        false => PartitionWait::FetchAtEnd(fetch),
    })
}

fn since_ms(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX)
}

fn until_ms(until: Instant) -> i64 {
    let left = until.saturating_duration_since(Instant::now());
    i64::try_from(left.as_millis()).unwrap_or(i64::MAX)
}
