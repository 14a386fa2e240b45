//! Which open transactions hang: a partition knows them, and their coordinator does not.
//!
//! A coordinator names the partitions of an open transaction, and of a decided one those without its marker. What is open in
//! a partition and not among these, nobody will end (KIP-664).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use client::ClientError;
use client::admin::{Admin, ProducerDescription, TransactionsFilter};
use types::{ErrorCode, TopicPartition};

/// Partitions that are asked about at once.
const PARTITIONS_AT_ONCE: usize = 500;

/// A transaction that is open in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenTransaction {
    /// Where.
    pub(super) partition: TopicPartition,
    /// Whose it is there.
    pub(super) producer: ProducerDescription,
}

/// The hanging ones among the transactions of these partitions whose producers last wrote longer ago than `silence`.
///
/// # Errors
/// When nobody answers.
pub(super) async fn hanging(
    admin: &Admin,
    partitions: &[TopicPartition],
    now_ms: i64,
    silence: Duration,
) -> Result<Vec<OpenTransaction>, ClientError> {
    let silence_ms = i64::try_from(silence.as_millis()).unwrap_or(i64::MAX);
    let mut open = Vec::new();
    for some in partitions.chunks(PARTITIONS_AT_ONCE) {
        for (partition, producers) in admin.describe_producers(some).await? {
            let is_old = |it: &ProducerDescription| {
                it.transaction_start.is_some() && now_ms.saturating_sub(it.last_timestamp_ms) > silence_ms
            };
            let producers = producers?.into_iter().filter(is_old);
            open.extend(producers.map(|producer| OpenTransaction { partition: partition.clone(), producer }));
        }
    }
    if open.is_empty() {
        return Ok(open);
    }
    let known = known(admin, &open).await?;
    open.retain(|it| {
        let partitions = known.get(&it.producer.producer_id);
        partitions.is_none_or(|partitions| !partitions.contains(&it.partition))
    });
    Ok(open)
}

/// What the coordinators will end, by producer id.
async fn known(
    admin: &Admin,
    open: &[OpenTransaction],
) -> Result<BTreeMap<i64, BTreeSet<TopicPartition>>, ClientError> {
    let producer_ids: BTreeSet<i64> = open.iter().map(|it| it.producer.producer_id).collect();
    let filter =
        TransactionsFilter { producer_ids: producer_ids.into_iter().collect(), ..Default::default() };
    let listed = admin.list_transactions(&filter).await?;
    let ids: Vec<String> = listed.iter().map(|it| it.transactional_id.clone()).collect();
    let mut known = BTreeMap::new();
    let mut described = admin.describe_transactions(&ids).await?;
    for listing in listed {
        match described.remove(&listing.transactional_id) {
            Some(Ok(found)) => _ = known.insert(listing.producer_id, found.partitions.into_iter().collect()),
            // It has gone since it was listed.
            None | Some(Err(ClientError::Topic { code: ErrorCode::TransactionalIdNotFound, .. })) => {}
            Some(Err(error)) => return Err(error),
        }
    }
    Ok(known)
}
