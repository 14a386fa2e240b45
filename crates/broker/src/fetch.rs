//! Reading many partitions for one Fetch request, and waiting until there is enough to answer.

use std::sync::Arc;
use std::time::Duration;

use ::log::{LogError, Patience, ReadError};
use tokio::time::Instant;
use types::TopicIdPartition;
use types::waits::WaitingClient;

use crate::fetch_sessions::PartitionRequest;
use crate::partition::{Isolation, Partition, PartitionRead, PartitionReadError, ReadRequest};
use crate::{Broker, Purgatory};

/// One partition of a fetch.
#[derive(Clone, Debug)]
pub struct FetchEntry {
    /// The partition.
    pub partition: Arc<Partition>,
    /// What the client asks of it.
    pub request: PartitionRequest,
}

/// Bounds of a whole fetch.
#[derive(Clone, Copy, Debug)]
pub struct FetchBounds {
    /// Bytes of all partitions together; the first batch may exceed it (KIP-74).
    pub max_bytes: usize,
    /// Bytes that are worth answering before `max_wait` has passed.
    pub min_bytes: usize,
    /// How long to wait for `min_bytes`.
    pub max_wait: Duration,
    /// Up to where the client sees.
    pub isolation: Isolation,
}

/// Fetch requests that wait for records.
pub type DelayedFetches = Purgatory<TopicIdPartition, DelayedFetch>;

/// What is noted of a Fetch request that waits.
#[derive(Clone, Debug)]
pub struct DelayedFetch {
    pub(crate) client: WaitingClient,
    pub(crate) entries: Arc<Vec<FetchEntry>>,
    pub(crate) bounds: FetchBounds,
    pub(crate) since: Instant,
}

/// The result of one entry.
pub type FetchResult = Result<PartitionRead, PartitionReadError>;

impl Broker {
    /// Reads the entries in order, each within what is left of `max_bytes`, if all that has to be looked at for that is
    /// in memory: indexes and the heads of batches. `None`: a disk would have to be waited for.
    pub fn read_held(entries: &[FetchEntry], bounds: &FetchBounds) -> Option<Vec<FetchResult>> {
        read_each(entries, bounds, Patience::Hurries)
    }

    /// As [`Broker::read_held`], on the pool for blocking work, where waiting for a disk holds nobody up.
    async fn read_waiting(&self, entries: &Arc<Vec<FetchEntry>>, bounds: FetchBounds) -> Vec<FetchResult> {
        let entries = entries.clone();
        let read = move || read_each(&entries, &bounds, Patience::Waits);
        self.blocking().run(read).await.expect("who waits finds what is not in memory")
    }

    /// Whether results answer a fetch now: enough bytes, or news that must not wait.
    pub fn is_answer(results: &[FetchResult], bounds: &FetchBounds) -> bool {
        let is_urgent = |result: &FetchResult| match result {
            Ok(read) => read.diverging_epoch.is_some(),
            Err(_) => true,
        };
        bounds.max_wait.is_zero()
            || results.is_empty()
            || results.iter().map(records_bytes).sum::<usize>() >= bounds.min_bytes
            || results.iter().any(is_urgent)
    }

    /// Waits until the entries answer the fetch of `client` or `max_wait` has passed, and reads them then. `seen` is
    /// what [`Broker::read_held`] has just said of them.
    pub async fn read_later(
        self: Arc<Self>,
        entries: Vec<FetchEntry>,
        bounds: FetchBounds,
        mut seen: Option<Vec<FetchResult>>,
        client: WaitingClient,
    ) -> Vec<FetchResult> {
        let since = Instant::now();
        let deadline = since + bounds.max_wait;
        let keys: Vec<TopicIdPartition> = entries.iter().map(|entry| entry.partition.id()).collect();
        let entries = Arc::new(entries);
        let note = DelayedFetch { client, entries: entries.clone(), bounds, since };
        let mut is_over = false;
        loop {
            let results = match seen {
                Some(results) => results,
                None => self.read_waiting(&entries, bounds).await,
            };
            if Self::is_answer(&results, &bounds) || is_over {
                return results;
            }
            let watched = entries.clone();
            let check = move || {
                if !watched.iter().any(|entry| has_news(entry, bounds.isolation)) {
                    return None;
                }
                let seen = Self::read_held(&watched, &bounds);
                let is_news = seen.as_ref().is_none_or(|results| Self::is_answer(results, &bounds));
                is_news.then_some(seen)
            };
            let waited = self.delayed_fetches().wait_noted(keys.clone(), deadline, note.clone(), check).await;
            is_over = waited.is_err();
            seen = waited.unwrap_or_else(|_over| Self::read_held(&entries, &bounds));
        }
    }
}

/// Reads the entries in order, each within what is left of `max_bytes`. `None`: a disk would have to be waited for.
fn read_each(entries: &[FetchEntry], bounds: &FetchBounds, patience: Patience) -> Option<Vec<FetchResult>> {
    let mut bytes_left = bounds.max_bytes;
    let mut first_batch_always = true;
    let mut results = Vec::with_capacity(entries.len());
    for entry in entries {
        let asked = usize::try_from(entry.request.max_bytes).unwrap_or(0);
        let request = ReadRequest {
            partition: entry.request,
            isolation: bounds.isolation,
            max_bytes: asked.min(bytes_left),
            first_batch_always,
        };
        let result = entry.partition.read(&request, patience);
        if let Err(PartitionReadError::Read(ReadError::Log(LogError::NotInMemory))) = result {
            return None;
        }
        let length = records_bytes(&result);
        if length > 0 {
            first_batch_always = false;
        }
        bytes_left = bytes_left.saturating_sub(length);
        results.push(result);
    }
    Some(results)
}

/// Cheap first look of a waiting fetch: is there anything to read, or a reason to fail?
fn has_news(entry: &FetchEntry, isolation: Isolation) -> bool {
    entry.partition.check_epoch(entry.request.current_leader_epoch).is_err()
        || entry.partition.visible_end(isolation) > entry.request.fetch_offset
        || entry.partition.log().log_start_offset() > entry.request.fetch_offset
}

fn records_bytes(result: &FetchResult) -> usize {
    match result {
        Ok(PartitionRead { records: Some(region), .. }) => region.length,
        _ => 0,
    }
}
