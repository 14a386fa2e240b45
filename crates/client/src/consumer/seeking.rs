//! Where a consumer reads: positions, seeks, pauses.

use std::collections::BTreeMap;

use tokio::time::timeout;
use types::{LeaderEpoch, Offset, TopicPartition};

use crate::consumer::machine::Position;
use crate::consumer::offset_lookup::{self, OffsetAndTimestamp};
use crate::consumer::{Consumer, OffsetReset};
use crate::error::ClientError;
use crate::list_offsets::OffsetSpec;

impl Consumer {
    /// Goes on at this offset.
    ///
    /// # Errors
    /// `NotAssigned`.
    pub fn seek(&self, partition: &TopicPartition, offset: Offset) -> Result<(), ClientError> {
        self.seek_in_epoch(partition, offset, LeaderEpoch::NONE)
    }

    /// As [`Self::seek`], where the leader epoch of the record before the offset is known: a log that was truncated is
    /// noticed (KIP-320).
    ///
    /// # Errors
    /// `NotAssigned`.
    pub fn seek_in_epoch(
        &self,
        partition: &TopicPartition,
        offset: Offset,
        epoch: LeaderEpoch,
    ) -> Result<(), ClientError> {
        let position = Position { offset, epoch };
        self.changed(|consumer| consumer.shared.machine().seek(partition, position))
    }

    /// Goes on at the first record there is.
    ///
    /// # Errors
    /// `NotAssigned`.
    pub fn seek_to_beginning(&self, partitions: &[TopicPartition]) -> Result<(), ClientError> {
        self.seek_to(partitions, OffsetReset::Earliest)
    }

    /// Goes on behind the last record, as of when the leader answers.
    ///
    /// # Errors
    /// `NotAssigned`.
    pub fn seek_to_end(&self, partitions: &[TopicPartition]) -> Result<(), ClientError> {
        self.seek_to(partitions, OffsetReset::Latest)
    }

    fn seek_to(&self, partitions: &[TopicPartition], to: OffsetReset) -> Result<(), ClientError> {
        self.changed(|consumer| {
            let mut machine = consumer.shared.machine();
            partitions.iter().try_for_each(|partition| machine.seek_to(partition, to))
        })
    }

    /// Hands out nothing of these partitions until they are resumed; the group knows nothing of it.
    ///
    /// # Errors
    /// `NotAssigned`.
    pub fn pause(&self, partitions: &[TopicPartition]) -> Result<(), ClientError> {
        self.changed(|consumer| {
            let mut machine = consumer.shared.machine();
            partitions.iter().try_for_each(|partition| machine.pause(partition))
        })
    }

    /// Hands out these partitions again.
    ///
    /// # Errors
    /// `NotAssigned`.
    pub fn resume(&self, partitions: &[TopicPartition]) -> Result<(), ClientError> {
        self.changed(|consumer| {
            let mut machine = consumer.shared.machine();
            partitions.iter().try_for_each(|partition| machine.resume(partition))
        })
    }

    /// The partitions that are paused.
    pub fn paused(&self) -> Vec<TopicPartition> {
        self.shared.machine().paused()
    }

    /// The offset behind what was handed out; waits while it is being found.
    ///
    /// # Errors
    /// `NotAssigned`, `CallTimeout`.
    pub async fn position(&self, partition: &TopicPartition) -> Result<Offset, ClientError> {
        let after = self.config.default_api_timeout;
        let mut changes = self.shared.for_application.subscribe();
        let found = timeout(after, async {
            loop {
                if let Some(position) = self.shared.machine().position(partition)? {
                    return Ok(position.offset);
                }
                drop(changes.changed().await);
            }
        });
        found.await.unwrap_or(Err(ClientError::CallTimeout { what: "finding a position", after }))
    }

    /// How many records of the partition are still to be read, as far as its leader last told.
    pub fn current_lag(&self, partition: &TopicPartition) -> Option<i64> {
        let machine = self.shared.machine();
        let position = machine.position(partition).ok()??;
        Some((machine.high_watermark(partition)?.0 - position.offset.0).max(0))
    }

    /// The first offset of each partition.
    ///
    /// # Errors
    /// When a partition does not exist, or nobody answers within `default.api.timeout.ms`.
    pub async fn beginning_offsets(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
        self.offsets(partitions, OffsetSpec::Earliest).await
    }

    /// The offset behind the last record of each partition that may be read (`isolation.level`).
    ///
    /// # Errors
    /// As [`Self::beginning_offsets`].
    pub async fn end_offsets(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
        self.offsets(partitions, OffsetSpec::Latest).await
    }

    async fn offsets(
        &self,
        partitions: &[TopicPartition],
        wanted: OffsetSpec,
    ) -> Result<BTreeMap<TopicPartition, Offset>, ClientError> {
        let wanted = partitions.iter().map(|partition| (partition.clone(), wanted)).collect();
        let found = offset_lookup::find(&self.client, &self.config, &wanted).await?;
        Ok(found.into_iter().map(|(partition, found)| (partition, found.offset)).collect())
    }

    /// The first record of each partition that is no older than the time given for it, in milliseconds since 1970;
    /// partitions that have none are left out.
    ///
    /// # Errors
    /// As [`Self::beginning_offsets`].
    pub async fn offsets_for_times(
        &self,
        times: &BTreeMap<TopicPartition, i64>,
    ) -> Result<BTreeMap<TopicPartition, OffsetAndTimestamp>, ClientError> {
        let wanted =
            times.iter().map(|(partition, time)| (partition.clone(), OffsetSpec::Timestamp(*time))).collect();
        let mut found = offset_lookup::find(&self.client, &self.config, &wanted).await?;
        found.retain(|_, found| found.offset.0 >= 0);
        Ok(found)
    }
}
