//! Checking what a segment holds after a stop that was not clean: every batch's checksum, and the indexes anew.

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use partition::producer_state::EndTransactionMarker;
use types::Offset;

use super::Segment;
use super::header::{BatchHeader, LENGTH};
use super::scan::{CHECK_BYTES, HeaderScan, Located, WALK_BYTES};
use crate::index::{AbortedTransaction, TimestampOffset};
use crate::{LogError, control};

/// The last index entry below the recovery point, where checking begins.
#[derive(Clone, Copy, Debug)]
struct Trusted {
    /// First offset of its batch.
    first_offset: Offset,
    /// Last offset of its batch, which the entry names.
    entry_offset: Offset,
    position: u64,
    /// The largest up to there.
    max_timestamp: TimestampOffset,
}

/// How far checking has come.
#[derive(Clone, Copy, Debug)]
struct Reached {
    position: u64,
    max_timestamp: TimestampOffset,
    bytes_since_index_entry: u64,
}

/// Sees every intact batch, with the decision a control batch carries; returns the aborted transaction that it ends.
pub(crate) type Observer<'a> =
    dyn FnMut(&BatchHeader, Option<EndTransactionMarker>) -> Option<AbortedTransaction> + 'a;

impl Segment {
    /// Where checking has to begin so that everything at or above `recovery_point` is: at the last index entry below
    /// it, if that entry points at the batch it names; else at the start. Returns the offset from which batches will
    /// be passed to the observer.
    pub(crate) fn check_start(&self, recovery_point: Offset) -> Result<Option<Offset>, LogError> {
        Ok(self.trusted(recovery_point)?.map(|trusted| trusted.first_offset))
    }

    fn trusted(&self, recovery_point: Offset) -> Result<Option<Trusted>, LogError> {
        // The last segment's indexes are not durable; what a power cut left of them must not mislead.
        self.offset_index.truncate_unless_ascending()?;
        self.time_index.truncate_unless_ascending()?;
        let entry = self.offset_index.lookup_below(recovery_point)?;
        let is_sound = (1..self.size()).contains(&entry.position) && entry.offset < recovery_point;
        if !is_sound || self.transaction_index.check().is_err() {
            return Ok(None);
        }
        let batch = match self.scan(entry.position, LENGTH).next() {
            Ok(Some(batch)) if batch.header.base_offset <= entry.offset => batch,
            Err(error @ LogError::Io { .. }) => return Err(error),
            _ => return Ok(None),
        };
        // Each entry of the offset index had the largest timestamp up to there entered with it.
        let max_timestamp = self.time_index.last_up_to(entry.offset)?;
        if batch.header.max_timestamp_ms > max_timestamp.timestamp_ms {
            return Ok(None);
        }
        let first_offset = batch.header.base_offset;
        Ok(Some(Trusted {
            first_offset,
            entry_offset: entry.offset,
            position: entry.position,
            max_timestamp,
        }))
    }

    /// Checks all batches from [`Segment::check_start`] on, cuts the file behind the last intact one and completes
    /// the indexes. `observe` sees every intact batch, with the decision a control batch carries, and returns the
    /// aborted transaction that it ends. The transaction index is kept up to `producers_end`, the offset up to which
    /// the observer knew the producers. Doing it twice changes nothing. Returns how many bytes were cut off.
    ///
    /// # Errors
    /// Only what the file system refuses: damage is cut off, not reported.
    pub(crate) fn recover(
        &self,
        recovery_point: Offset,
        producers_end: Offset,
        index_interval_bytes: u64,
        observe: &mut Observer<'_>,
    ) -> Result<u64, LogError> {
        let mut reached = self.cut_indexes(self.trusted(recovery_point)?, producers_end)?;
        let first_position = reached.position;
        let mut scan = self.scan(reached.position, CHECK_BYTES);
        let mut last_offset = None;
        loop {
            let located = match scan.next() {
                Ok(Some(located)) => located,
                Ok(None) | Err(LogError::Corrupt { .. }) => break,
                Err(error) => return Err(error),
            };
            let header = located.header;
            if !self.follows(&header, last_offset) || !self.is_intact(&mut scan, &located)? {
                break;
            }
            self.index_recovered(&mut reached, &located, first_position, index_interval_bytes)?;
            if let Some(aborted) = observe(&header, marker(&mut scan, &located)?) {
                self.transaction_index.append(aborted)?;
            }
            last_offset = Some(header.last_offset);
        }
        let truncated_bytes = self.cut(reached.position)?;
        self.time_index.maybe_append(reached.max_timestamp)?;
        self.offset_index.write_out()?;
        self.time_index.write_out()?;
        let mut progress = self.progress();
        progress.max_timestamp = Some(reached.max_timestamp);
        progress.bytes_since_index_entry = 0;
        progress.first_batch_timestamp_ms = None;
        Ok(truncated_bytes)
    }

    /// Whether a batch may stand after one that ends with `last_offset`. Its offset is outside its checksum.
    fn follows(&self, header: &BatchHeader, last_offset: Option<Offset>) -> bool {
        last_offset.is_none_or(|last| header.base_offset > last)
            && self.can_hold(header.base_offset)
            && self.can_hold(header.last_offset)
    }

    /// Leaves in the indexes what is trusted; its batch is looked at again, its entry stays.
    fn cut_indexes(&self, trusted: Option<Trusted>, producers_end: Offset) -> Result<Reached, LogError> {
        let Some(trusted) = trusted else {
            self.offset_index.reset()?;
            self.time_index.reset()?;
            self.transaction_index.reset()?;
            let none = TimestampOffset { timestamp_ms: -1, offset: self.base_offset };
            return Ok(Reached { position: 0, max_timestamp: none, bytes_since_index_entry: 0 });
        };
        self.offset_index.truncate_to(trusted.entry_offset.plus(1))?;
        self.time_index.truncate_to(trusted.entry_offset.plus(1))?;
        self.transaction_index.truncate_to(trusted.first_offset.max(producers_end))?;
        Ok(Reached {
            position: trusted.position,
            max_timestamp: trusted.max_timestamp,
            bytes_since_index_entry: 0,
        })
    }

    fn index_recovered(
        &self,
        reached: &mut Reached,
        located: &Located,
        first_position: u64,
        interval: u64,
    ) -> Result<(), LogError> {
        let header = &located.header;
        if header.max_timestamp_ms > reached.max_timestamp.timestamp_ms {
            reached.max_timestamp =
                TimestampOffset { timestamp_ms: header.max_timestamp_ms, offset: header.last_offset };
        }
        let is_new = located.position > first_position;
        if is_new && reached.bytes_since_index_entry > interval {
            self.offset_index.append(header.last_offset, located.position)?;
            self.time_index.maybe_append(reached.max_timestamp)?;
            reached.bytes_since_index_entry = 0;
        }
        reached.bytes_since_index_entry += header.size;
        reached.position = located.position + header.size;
        Ok(())
    }

    /// Whether the last entries of both indexes fit the file. A look at the ends, no proof.
    pub(crate) fn has_sound_indexes(&self) -> Result<bool, LogError> {
        let is_sound = self.have_sound_ends()?;
        self.offset_index.release()?;
        self.time_index.release()?;
        Ok(is_sound)
    }

    fn have_sound_ends(&self) -> Result<bool, LogError> {
        let last = self.offset_index.last()?;
        let time = self.time_index.last()?;
        if last.offset < self.base_offset || time.offset < self.base_offset {
            return Ok(false);
        }
        if last.position == 0 {
            return Ok(last.offset == self.base_offset);
        }
        match self.scan(last.position, LENGTH).next() {
            Ok(Some(batch)) => Ok(batch.header.base_offset <= last.offset),
            Ok(None) | Err(LogError::Corrupt { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes the offset and the time index anew from the headers of the batches.
    pub(crate) fn rebuild_indexes(&self, index_interval_bytes: u64) -> Result<(), LogError> {
        self.offset_index.reset()?;
        self.time_index.reset()?;
        let none = TimestampOffset { timestamp_ms: -1, offset: self.base_offset };
        let mut reached = Reached { position: 0, max_timestamp: none, bytes_since_index_entry: 0 };
        let mut scan = self.scan(0, WALK_BYTES);
        let mut last_offset = None;
        loop {
            match scan.next() {
                Ok(Some(located)) if self.follows(&located.header, last_offset) => {
                    self.index_recovered(&mut reached, &located, 0, index_interval_bytes)?;
                    last_offset = Some(located.header.last_offset);
                }
                Ok(_) | Err(LogError::Corrupt { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        self.time_index.maybe_append(reached.max_timestamp)?;
        self.offset_index.write_out()?;
        self.time_index.write_out()?;
        self.progress().max_timestamp = Some(reached.max_timestamp);
        Ok(())
    }

    fn cut(&self, size: u64) -> Result<u64, LogError> {
        let surplus = self.file.len().map_err(LogError::io(self.path()))?.saturating_sub(size);
        if surplus > 0 {
            // Durably: should the tail come back with the next power cut, it may lie below a segment begun since.
            self.file.set_len(size).and_then(|()| self.file.sync()).map_err(LogError::io(self.path()))?;
        }
        self.set_size(size);
        Ok(surplus)
    }
}

/// Where the bytes begin that a checksum covers, and where it stands.
const V2_COVERED: usize = 21;
const V2_CHECKSUM: usize = 17;
const LEGACY_COVERED: usize = 16;
const LEGACY_CHECKSUM: usize = 12;

impl Segment {
    /// Whether the checksum of a batch fits. One that is larger than a read is taken piece by piece.
    fn is_intact(&self, scan: &mut HeaderScan<'_>, located: &Located) -> Result<bool, LogError> {
        let (algorithm, checksum_at, covered_at) = match located.header.magic {
            2.. => (CrcAlgorithm::Crc32Iscsi, V2_CHECKSUM, V2_COVERED),
            _ => (CrcAlgorithm::Crc32IsoHdlc, LEGACY_CHECKSUM, LEGACY_COVERED),
        };
        let mut digest = Digest::new(algorithm);
        if let Some(bytes) = scan.bytes(located)? {
            digest.update(&bytes[covered_at..]);
            return Ok(bytes[checksum_at..checksum_at + 4] == (digest.finalize() as u32).to_be_bytes());
        }
        let read = |buffer: &mut [u8], position| {
            self.file.read_at(buffer, position).map_err(LogError::io(self.path()))
        };
        let mut checksum = [0; 4];
        read(&mut checksum, located.position + checksum_at as u64)?;
        let mut position = located.position + covered_at as u64;
        let end = located.position + located.header.size;
        let mut piece = vec![0; CHECK_BYTES];
        while position < end {
            let wanted = piece.len().min((end - position) as usize);
            let length = read(&mut piece[..wanted], position)?;
            if length == 0 {
                return Ok(false);
            }
            digest.update(&piece[..length]);
            position += length as u64;
        }
        Ok(checksum == (digest.finalize() as u32).to_be_bytes())
    }
}

/// The end of a transaction in a control batch; `None` for control batches of other kinds.
pub(crate) fn marker(
    scan: &mut HeaderScan<'_>,
    located: &Located,
) -> Result<Option<EndTransactionMarker>, LogError> {
    if !located.header.is_control() || !located.header.has_producer() {
        return Ok(None);
    }
    let bytes = scan.bytes(located)?;
    Ok(bytes.and_then(|bytes| control::end_transaction_marker(Bytes::copy_from_slice(bytes))))
}
