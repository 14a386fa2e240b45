//! `.snapshot`: the producers of a log as of an offset, so that only what follows has to be replayed.
//!
//! A file is written where a segment begins, at a clean stop and after recovery. Files that do not stand at the start
//! of a segment are strays, of which only one above all segments is kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::{self, IoSlice};
use std::path::PathBuf;

use ::io::disk::OpenMode;
use partition::ProducerState;
use partition::producer_state::{BatchMetadata, ProducerEntry};
use types::{Offset, ProducerEpoch, ProducerId};

use crate::LogError;
use crate::files::{DELETED, FileKind, LogDirectory};
use crate::segment::emptied;

const VERSION: i16 = 1;
/// Bytes of version and checksum, which the checksum does not cover.
const UNCOVERED: usize = 6;
const HEAD: usize = UNCOVERED + 4;
const ENTRY: usize = 46;

/// Encodes producers by ascending id.
pub(crate) fn encode<'a>(producers: impl ExactSizeIterator<Item = &'a ProducerEntry>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + ENTRY * producers.len());
    bytes.extend_from_slice(&VERSION.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&u32::try_from(producers.len()).unwrap_or(u32::MAX).to_be_bytes());
    for producer in producers {
        let last = producer.last_batch();
        bytes.extend_from_slice(&producer.producer_id.0.to_be_bytes());
        bytes.extend_from_slice(&producer.producer_epoch.0.to_be_bytes());
        bytes.extend_from_slice(&producer.last_sequence().to_be_bytes());
        bytes.extend_from_slice(&last.map_or(-1, |batch| batch.last_offset.0).to_be_bytes());
        bytes.extend_from_slice(&last.map_or(0, |batch| batch.offset_delta).to_be_bytes());
        bytes.extend_from_slice(&producer.last_timestamp_ms.to_be_bytes());
        bytes.extend_from_slice(&producer.coordinator_epoch.to_be_bytes());
        let first_offset = producer.current_transaction_first_offset;
        bytes.extend_from_slice(&first_offset.map_or(-1, |offset| offset.0).to_be_bytes());
    }
    let checksum = crc_fast::crc32_iscsi(&bytes[UNCOVERED..]);
    bytes[2..UNCOVERED].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// Decodes what [`encode`] or Apache Kafka wrote; `None` where it is anything else.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<ProducerEntry>> {
    let (version, rest) = bytes.split_first_chunk::<2>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let (count, entries) = rest.split_first_chunk::<4>()?;
    let is_intact = i16::from_be_bytes(*version) == VERSION
        && u32::from_be_bytes(*checksum) == crc_fast::crc32_iscsi(rest);
    let (entries, _) = entries.as_chunks::<ENTRY>();
    if !is_intact || entries.len() < usize::try_from(u32::from_be_bytes(*count)).ok()? {
        return None;
    }
    entries.iter().take(u32::from_be_bytes(*count) as usize).map(decode_entry).collect()
}

fn decode_entry(entry: &[u8; ENTRY]) -> Option<ProducerEntry> {
    let mut rest: &[u8] = entry;
    let mut i64_field = |length: usize| {
        let (field, after) = rest.split_at_checked(length)?;
        rest = after;
        // Sign-extends, whatever the width.
        let sign = if field.first()? & 0x80 == 0 { 0i64 } else { -1 };
        Some(field.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
    };
    let producer_id = ProducerId(i64_field(8)?);
    let producer_epoch = ProducerEpoch(i64_field(2)? as i16);
    let last_sequence = i64_field(4)? as i32;
    let last_offset = Offset(i64_field(8)?);
    let offset_delta = i64_field(4)? as i32;
    let timestamp_ms = i64_field(8)?;
    let coordinator_epoch = i64_field(4)? as i32;
    let first_offset = i64_field(8)?;
    let mut producer = ProducerEntry::empty(producer_id);
    if last_offset.0 >= 0 {
        producer.add_batch(
            producer_epoch,
            BatchMetadata { last_sequence, last_offset, offset_delta, timestamp_ms },
        );
    }
    producer.producer_epoch = producer_epoch;
    producer.coordinator_epoch = coordinator_epoch;
    producer.last_timestamp_ms = timestamp_ms;
    producer.current_transaction_first_offset = (first_offset >= 0).then_some(Offset(first_offset));
    Some(producer)
}

/// The snapshot files of one log.
#[derive(Debug)]
pub(crate) struct ProducerSnapshots {
    directory: LogDirectory,
    /// The files by offset, and whether their content is durable.
    files: BTreeMap<Offset, Durability>,
    /// Offset of the newest snapshot that the state was loaded from or saved to.
    last_offset: Offset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    Synced,
    Unsynced,
}

impl ProducerSnapshots {
    pub(crate) fn new(directory: LogDirectory, files: impl IntoIterator<Item = Offset>) -> Self {
        let files = files.into_iter().map(|offset| (offset, Durability::Synced)).collect();
        Self { directory, files, last_offset: Offset(0) }
    }

    pub(crate) fn latest(&self) -> Option<Offset> {
        self.files.last_key_value().map(|(offset, _)| *offset)
    }

    pub(crate) fn offsets(&self) -> BTreeSet<Offset> {
        self.files.keys().copied().collect()
    }

    /// Notes that snapshots up to `offset` need not be written.
    pub(crate) fn set_last_offset(&mut self, offset: Offset) {
        self.last_offset = offset;
    }

    /// Writes a snapshot of `state` where it has advanced since the last; it is durable after [`Self::sync`].
    pub(crate) fn take(&mut self, state: &ProducerState) -> Result<(), LogError> {
        if state.end_offset() <= self.last_offset {
            return Ok(());
        }
        let path = self.path(state.end_offset());
        let content = encode(state.producers());
        let file = self.directory.disk.open(&path, OpenMode::ReadWriteOrCreate);
        file.and_then(emptied)
            .and_then(|file| file.append(&mut [IoSlice::new(&content)], 0))
            .map_err(LogError::io(&path))?;
        self.files.insert(state.end_offset(), Durability::Unsynced);
        self.last_offset = state.end_offset();
        Ok(())
    }

    /// The files whose content is not durable yet; the caller makes it so and then calls [`Self::mark_synced`].
    pub(crate) fn unsynced(&self) -> Vec<(Offset, PathBuf)> {
        let unsynced = self.files.iter().filter(|(_, durability)| **durability == Durability::Unsynced);
        unsynced.map(|(offset, _)| (*offset, self.path(*offset))).collect()
    }

    pub(crate) fn mark_synced(&mut self, offset: Offset) {
        if let Some(durability) = self.files.get_mut(&offset) {
            *durability = Durability::Synced;
        }
    }

    /// The newest intact snapshot; damaged ones are removed on the way.
    pub(crate) fn load_latest(&mut self) -> Result<Option<(Offset, Vec<ProducerEntry>)>, LogError> {
        while let Some(offset) = self.latest() {
            let path = self.path(offset);
            match self.directory.disk.read(&path) {
                Ok(content) => match decode(&content) {
                    Some(producers) => return Ok(Some((offset, producers))),
                    None => {
                        tracing::warn!(path = %path.display(), "removing a damaged producer snapshot");
                        self.remove(offset)?;
                    }
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => drop(self.files.remove(&offset)),
                Err(error) => return Err(LogError::io(&path)(error)),
            }
        }
        Ok(None)
    }

    /// Removes the snapshots that `is_out_of_range` names.
    pub(crate) fn remove_where(&mut self, is_out_of_range: impl Fn(Offset) -> bool) -> Result<(), LogError> {
        for offset in self.offsets().into_iter().filter(|offset| is_out_of_range(*offset)) {
            self.remove(offset)?;
        }
        Ok(())
    }

    /// Removes snapshots that do not stand at the start of a segment, but for the newest `kept` above all of them.
    pub(crate) fn remove_strays(&mut self, segments: &BTreeSet<Offset>, kept: usize) -> Result<(), LogError> {
        let mut strays: Vec<Offset> =
            self.files.keys().copied().filter(|offset| !segments.contains(offset)).collect();
        for _ in 0..kept {
            if strays.last() > segments.last() {
                strays.pop();
            }
        }
        strays.into_iter().try_for_each(|offset| self.remove(offset))
    }

    /// Marks the snapshot at `offset` as about to be removed; `None` where there is none.
    pub(crate) fn mark_deleted(&mut self, offset: Offset) -> Result<Option<PathBuf>, LogError> {
        if self.files.remove(&offset).is_none() {
            return Ok(None);
        }
        let from = self.path(offset);
        let to = self.directory.file(offset, FileKind::ProducerSnapshot, DELETED);
        match self.directory.disk.rename(&from, &to) {
            Ok(()) => Ok(Some(to)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LogError::io(&from)(error)),
        }
    }

    fn remove(&mut self, offset: Offset) -> Result<(), LogError> {
        self.files.remove(&offset);
        let path = self.path(offset);
        match self.directory.disk.remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(LogError::io(&path)(error)),
            _ => Ok(()),
        }
    }

    fn path(&self, offset: Offset) -> PathBuf {
        self.directory.file(offset, FileKind::ProducerSnapshot, "")
    }
}
