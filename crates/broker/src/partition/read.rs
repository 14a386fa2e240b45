//! Reading from a partition for a fetch.

use ::log::{AbortedTransaction, Patience, ReadError, ReadUpTo};
use io::FileRegion;
use types::{LeaderEpoch, Offset};

use super::Partition;
use super::error::PartitionReadError;
use crate::fetch_sessions::PartitionRequest;

/// Up to where a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// All that is replicated: up to the high watermark.
    ReadUncommitted,
    /// All whose transactions are decided: up to the last stable offset (KIP-98).
    ReadCommitted,
}

/// What to read.
#[derive(Clone, Copy, Debug)]
pub struct ReadRequest {
    /// What the client asks of the partition.
    pub partition: PartitionRequest,
    /// Up to where it sees.
    pub isolation: Isolation,
    /// Bytes at most; the first batch may exceed it where `first_batch_always` is set.
    pub max_bytes: usize,
    /// Whether a first batch larger than `max_bytes` is returned whole (KIP-74).
    pub first_batch_always: bool,
}

/// What was read, and where the partition stood then.
#[derive(Debug)]
pub struct PartitionRead {
    /// The records; `None` where there are none to read now.
    pub records: Option<FileRegion>,
    /// The high watermark before the read.
    pub high_watermark: Offset,
    /// The last stable offset before the read.
    pub last_stable_offset: Offset,
    /// The first offset of the log.
    pub log_start_offset: Offset,
    /// With read_committed: the aborted transactions among the records.
    pub aborted_transactions: Option<Vec<AbortedTransaction>>,
    /// Where the client's log departs from ours, if it does (KIP-595). Nothing is read then.
    pub diverging_epoch: Option<(LeaderEpoch, Offset)>,
}

impl Partition {
    /// Reads for a fetch: finds where the records lie, which need not be in memory themselves.
    ///
    /// # Errors
    /// See [`PartitionReadError`].
    pub fn read(
        &self,
        request: &ReadRequest,
        patience: Patience,
    ) -> Result<PartitionRead, PartitionReadError> {
        self.check_epoch(request.partition.current_leader_epoch)?;
        let log = &self.log;
        let mut read = PartitionRead {
            records: None,
            high_watermark: log.high_watermark(),
            last_stable_offset: log.last_stable_offset(),
            log_start_offset: log.log_start_offset(),
            aborted_transactions: (request.isolation == Isolation::ReadCommitted).then(Vec::new),
            diverging_epoch: None,
        };
        if let Some(fetched_epoch) = request.partition.last_fetched_epoch {
            let end = self.end_offset_for_epoch(fetched_epoch);
            let fetch_offset = request.partition.fetch_offset;
            let out_of_range = || ReadError::OffsetOutOfRange {
                requested: fetch_offset,
                log_start: log.log_start_offset(),
                log_end: log.log_end_offset(),
            };
            let (end_epoch, end_offset) = end.ok_or_else(out_of_range)?;
            if fetch_offset < read.log_start_offset {
                return Err(out_of_range().into());
            }
            if end_epoch < fetched_epoch || end_offset < fetch_offset {
                // Nothing was read, so that nothing is said of transactions either.
                read.aborted_transactions = None;
                read.diverging_epoch = Some((end_epoch, end_offset));
                return Ok(read);
            }
        }
        let asked = ::log::ReadRequest {
            from: request.partition.fetch_offset,
            bytes_max: request.max_bytes,
            up_to: match request.isolation {
                Isolation::ReadUncommitted => ReadUpTo::HighWatermark,
                Isolation::ReadCommitted => ReadUpTo::LastStable,
            },
            whole_first_batch: request.first_batch_always,
        };
        let slice = log.read_with(asked, patience)?;
        // Part of a batch is of no use to a client of today; the oracle gives none either.
        read.records = slice.region.filter(|_| !slice.is_first_batch_incomplete);
        read.aborted_transactions = slice.aborted_transactions;
        Ok(read)
    }

    /// The offset a reader of this isolation reads up to, exclusive.
    pub fn visible_end(&self, isolation: Isolation) -> Offset {
        match isolation {
            Isolation::ReadUncommitted => self.log.high_watermark(),
            Isolation::ReadCommitted => self.log.last_stable_offset(),
        }
    }
}
