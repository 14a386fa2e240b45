//! One cleaning of one log, in steps of bounded reading and writing, so that whoever drives it can pace it and stop.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use record::{AnyBatch, Limits, RecordError};
use types::{Offset, ProducerId};

use super::group::group;
use super::offset_map::{MapBounds, OffsetMap};
use super::read::{batches, control_key, unreadable};
use super::replace::Replacement;
use super::retention::{LastOfProducer, Retention};
use super::transactions::CleanedTransactions;
use super::{CleanError, Cleanable};
use crate::segment::Segment;
use crate::transactions::collect_aborted;
use crate::view::View;
use crate::{Log, Patience};

/// How much memory a cleaning takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CleanerSettings {
    /// Bytes for the map of keys: `log.cleaner.dedupe.buffer.size`, divided by the cleaners. 24 for each key.
    pub map_bytes_max: usize,
    /// The part of the map that may be filled: `log.cleaner.io.buffer.load.factor`.
    pub map_load_factor: f64,
    /// Bytes that a step reads; a larger batch is read whole: `log.cleaner.io.buffer.size`, divided by the cleaners.
    pub read_bytes: usize,
}

impl Default for CleanerSettings {
    fn default() -> Self {
        Self { map_bytes_max: 128 << 20, map_load_factor: 0.9, read_bytes: 256 << 10 }
    }
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes were read and written; there is more to do.
    More {
        /// Of the segments.
        bytes: u64,
    },
    /// The log is clean up to where it could be, or where the map was full.
    Done(Cleaned),
}

/// What a cleaning did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// First offset that is dirty now.
    pub first_dirty: Offset,
    /// Bytes of the segments that were copied.
    pub bytes_before: u64,
    /// Bytes of the segments that stand in their place.
    pub bytes_after: u64,
}

/// See the module's text. Dropped before it is done, it leaves the log as it was, but for groups already replaced.
#[derive(Debug)]
pub struct Cleaning {
    log: Arc<Log>,
    settings: CleanerSettings,
    now_ms: i64,
    range: Cleanable,
    /// The log when the cleaning began.
    view: Arc<View>,
    cuts: u64,
    producers: BTreeMap<ProducerId, LastOfProducer>,
    transactions: CleanedTransactions,
    map: OffsetMap,
    phase: Phase,
    cleaned: Cleaned,
}

#[derive(Debug)]
enum Phase {
    /// The log is made durable.
    Flush,
    /// Keys are learnt, from the segment number `segment` of the view on.
    Map { segment: usize, position: u64 },
    /// Segments are copied.
    Copy { groups: VecDeque<Vec<Arc<Segment>>>, current: Option<Box<GroupCopy>> },
}

#[derive(Debug)]
struct GroupCopy {
    sources: Vec<Arc<Segment>>,
    /// Which of them is read now, and from where on.
    source: usize,
    position: u64,
    replacement: Replacement,
}

impl Log {
    /// Begins to clean `range`. `None` where a cleaning is under way, or one failed for good.
    pub fn begin_cleaning(
        self: &Arc<Self>,
        range: Cleanable,
        settings: CleanerSettings,
        now_ms: i64,
    ) -> Option<Cleaning> {
        if !self.cleaner.is_free() || self.cleaner.is_busy.swap(true, Ordering::AcqRel) {
            return None;
        }
        let state = self.lock();
        let view = self.view.load_full();
        let producers = state.producers.producers().map(|producer| {
            let last = match producer.last_batch() {
                Some(batch) => LastOfProducer::Data(batch.last_offset),
                None => LastOfProducer::Marker(producer.producer_epoch),
            };
            (producer.producer_id, last)
        });
        let producers = producers.collect();
        let cuts = state.cuts;
        drop(state);
        let offsets = range.first_uncleanable.0.saturating_sub(range.first_dirty.0).max(0).cast_unsigned();
        let bounds = MapBounds {
            bytes_max: settings.map_bytes_max,
            load_factor: settings.map_load_factor,
            keys: offsets,
        };
        let secret = [self.entropy.next_u64(), self.entropy.next_u64()];
        Some(Cleaning {
            settings,
            now_ms,
            range,
            view,
            cuts,
            producers,
            transactions: CleanedTransactions::default(),
            map: OffsetMap::new(bounds, secret, Offset(range.first_dirty.0 - 1)),
            phase: Phase::Flush,
            cleaned: Cleaned { first_dirty: range.first_dirty, bytes_before: 0, bytes_after: 0 },
            log: self.clone(),
        })
    }
}

impl Drop for Cleaning {
    fn drop(&mut self) {
        self.log.cleaner.is_busy.store(false, Ordering::Release);
    }
}

impl Cleaning {
    /// Goes on for about [`CleanerSettings::read_bytes`]. Blocks on the disk. Not to be called again once it is done
    /// or has failed.
    ///
    /// # Errors
    /// See [`CleanError`].
    pub fn step(&mut self) -> Result<Progress, CleanError> {
        let progress = match &self.phase {
            Phase::Flush => self.flush(),
            Phase::Map { segment, position } => {
                let (segment, position) = (*segment, *position);
                self.map_step(segment, position)
            }
            Phase::Copy { .. } => self.copy_step(),
        };
        if progress.is_err() && self.log.lock().cuts != self.cuts {
            // Files of segments that were removed have other names.
            return Err(CleanError::Overtaken);
        }
        if progress.as_ref().is_err_and(CleanError::is_lasting) {
            self.log.cleaner.is_unfit.store(true, Ordering::Release);
        }
        progress
    }

    /// What supersedes a record must not be lost after the record is: first it is made durable. All of the log is: the
    /// marker that decides on it may stand above the range.
    fn flush(&mut self) -> Result<Progress, CleanError> {
        self.log.flush()?;
        let (from, end) = (self.range.first_dirty, self.range.first_uncleanable);
        let first = self.view.floor(from).unwrap_or(0);
        self.transactions.expect(collect_aborted(&self.view, first, from, end, Patience::Waits)?);
        let position = self.view.segments[first].offset_index.lookup(from, Patience::Waits)?.position;
        self.phase = Phase::Map { segment: first, position };
        Ok(Progress::More { bytes: 0 })
    }

    fn map_step(&mut self, number: usize, position: u64) -> Result<Progress, CleanError> {
        let segment = self.view.segments[number].clone();
        if segment.base_offset >= self.range.first_uncleanable {
            return self.begin_copy();
        }
        let mut reached = position;
        for piece in batches(&segment, position, self.settings.read_bytes)? {
            let has_room = self.learn(&piece.batch);
            if !has_room.map_err(|error| unreadable(&segment, piece.position, error))? {
                return self.begin_copy();
            }
            if piece.batch.last_offset() >= self.range.first_dirty {
                self.map.raise_latest(piece.batch.last_offset());
            }
            reached = piece.position + piece.batch.size() as u64;
        }
        if reached == segment.size() {
            // Offsets that an earlier cleaning left empty are learnt, too.
            self.map.raise_latest(Offset(self.view.end_of_segment(number).0 - 1));
            self.phase = Phase::Map { segment: number + 1, position: 0 };
        } else {
            self.phase = Phase::Map { segment: number, position: reached };
        }
        Ok(Progress::More { bytes: reached - position })
    }

    /// Learns a batch's keys. Returns whether there was room for all of them.
    fn learn(&mut self, batch: &AnyBatch) -> Result<bool, RecordError> {
        if let AnyBatch::Batch(current) = batch {
            if current.header().attributes.is_control() {
                let key = control_key(current)?;
                self.transactions.on_control(current, key.as_deref());
                return Ok(true);
            }
            if self.transactions.on_data(current) {
                return Ok(true);
            }
        }
        let mut records = batch.records(Limits::default())?;
        while let Some(record) = records.next()? {
            if let Some(key) = record.key
                && record.offset >= self.range.first_dirty
                && !self.map.put(key, record.offset)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn begin_copy(&mut self) -> Result<Progress, CleanError> {
        let first_dirty = self.map.latest().plus(1);
        if first_dirty <= self.range.first_dirty && self.range.cleanable_bytes > 0 {
            return Err(CleanError::MapTooSmall { keys_max: self.map.keys_max() });
        }
        self.cleaned.first_dirty = first_dirty;
        let end = self.view.segments.partition_point(|segment| segment.base_offset < first_dirty);
        let groups = group(&self.view.segments[..end], self.range.first_uncleanable, &self.log.config())?;
        self.transactions = CleanedTransactions::default();
        self.phase = Phase::Copy { groups: groups.into(), current: None };
        Ok(Progress::More { bytes: 0 })
    }

    fn copy_step(&mut self) -> Result<Progress, CleanError> {
        let Phase::Copy { groups, current } = &mut self.phase else { return Err(CleanError::Overtaken) };
        let Some(mut copy) = current.take() else {
            let Some(sources) = groups.pop_front() else { return self.finish() };
            let replacement = Replacement::begin(&self.log, sources[0].base_offset, self.now_ms)?;
            *current = Some(Box::new(GroupCopy { sources, source: 0, position: 0, replacement }));
            return Ok(Progress::More { bytes: 0 });
        };
        let bytes = self.copy_some(&mut copy)?;
        if copy.source < copy.sources.len() {
            self.phase = match std::mem::replace(&mut self.phase, Phase::Flush) {
                Phase::Copy { groups, .. } => Phase::Copy { groups, current: Some(copy) },
                other => other,
            };
            return Ok(Progress::More { bytes });
        }
        let before: u64 = copy.sources.iter().map(|source| source.size()).sum();
        let after = copy.replacement.complete(&copy.sources, self.cuts, self.now_ms)?;
        self.cleaned.bytes_before += before;
        self.cleaned.bytes_after += after;
        Ok(Progress::More { bytes })
    }

    /// Copies what one read gives. Returns bytes read and written.
    fn copy_some(&mut self, copy: &mut GroupCopy) -> Result<u64, CleanError> {
        let source = copy.sources[copy.source].clone();
        if copy.position == 0 {
            let from = source.base_offset;
            let number = self.view.floor(from).unwrap_or(0);
            let end = self.view.end_of_segment(number);
            self.transactions.expect(collect_aborted(&self.view, number, from, end, Patience::Waits)?);
        }
        let config = self.log.config();
        let retention = Retention {
            map: &self.map,
            producers: &self.producers,
            end: self.range.first_uncleanable,
            now_ms: self.now_ms,
            delete_retention_ms: config.delete_retention_ms,
        };
        let mut kept = Vec::new();
        let mut reached = copy.position;
        for piece in batches(&source, copy.position, self.settings.read_bytes)? {
            let decided = retention.keep(&piece.batch, &mut self.transactions);
            let decided = decided.map_err(|error| unreadable(&source, piece.position, error))?;
            kept.extend(decided.batch.iter().flat_map(|batch| batch.iter().copied()));
            if let Some(aborted) = decided.aborted {
                copy.replacement.segment().transaction_index.append(aborted)?;
            }
            reached = piece.position + piece.batch.size() as u64;
        }
        let bytes = reached - copy.position + kept.len() as u64;
        copy.replacement.append(kept, u64::from(config.index_interval_bytes.unsigned_abs()))?;
        copy.position = reached;
        if reached == source.size() {
            copy.source += 1;
            copy.position = 0;
        }
        Ok(bytes)
    }

    fn finish(&mut self) -> Result<Progress, CleanError> {
        let mut state = self.log.lock();
        if state.cuts != self.cuts {
            return Err(CleanError::Overtaken);
        }
        state.first_dirty = Some(self.cleaned.first_dirty);
        Ok(Progress::Done(self.cleaned))
    }

    /// Works until the log is clean, without a pause.
    ///
    /// # Errors
    /// See [`CleanError`].
    pub fn run(mut self) -> Result<Cleaned, CleanError> {
        loop {
            if let Progress::Done(cleaned) = self.step()? {
                return Ok(cleaned);
            }
        }
    }
}

const _: () = {
    const fn moves_between_threads<T: Send>() {}
    moves_between_threads::<Cleaning>();
};
