//! A segment that takes the place of others.
//!
//! | files of the new one | of the old ones | after a stop here |
//! |---|---|---|
//! | being written, `.cleaned` | live | the new one is removed |
//! | some `.swap`, some `.cleaned` | live | the new one is removed |
//! | `.swap`, durably so | live, then `.deleted` | the new one replaces what is left of the old ones |
//! | the batches live, the indexes `.swap` | `.deleted` | the indexes follow |
//!
//! What the new one holds was made durable before the first new name.

use std::path::PathBuf;
use std::sync::Arc;

use types::Offset;

use super::CleanError;
use crate::files::{CLEANED, FileKind, LogDirectory, SWAP};
use crate::log::{DeletedFile, State};
use crate::segment::Segment;
use crate::segment::header::{BatchHeader, Parsed};
use crate::{Log, LogError};

/// A segment that is written beside those that it will replace. Dropped, it takes its files away.
#[derive(Debug)]
pub(super) struct Replacement {
    log: Arc<Log>,
    /// Where its files have the mark [`CLEANED`].
    directory: LogDirectory,
    segment: Segment,
    /// The files have other names by now.
    is_renamed: bool,
}

impl Replacement {
    pub(super) fn begin(log: &Arc<Log>, base_offset: Offset, now_ms: i64) -> Result<Self, LogError> {
        let directory = log.directory.marked(CLEANED);
        let segment = Segment::create(&directory, base_offset, now_ms, 0)?;
        Ok(Self { log: log.clone(), directory, segment, is_renamed: false })
    }

    pub(super) fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Adds whole batches.
    pub(super) fn append(&self, batches: Vec<u8>, index_interval_bytes: u64) -> Result<(), CleanError> {
        let mut headers = Vec::new();
        let mut at = 0;
        while let Some(rest) = batches.get(at..).filter(|rest| !rest.is_empty()) {
            let Parsed::Header(header) = BatchHeader::parse(rest) else {
                let reason = "a batch written anew without a header".to_owned();
                return Err(CleanError::Unreadable {
                    path: self.segment.path(),
                    position: at as u64,
                    reason,
                });
            };
            if !self.segment.can_hold(header.last_offset) {
                let reason = format!("offset {} is too far from the segment's first", header.last_offset);
                return Err(CleanError::Unreadable {
                    path: self.segment.path(),
                    position: at as u64,
                    reason,
                });
            }
            at += header.size as usize;
            headers.push(header);
        }
        if headers.is_empty() {
            return Ok(());
        }
        Ok(self.segment.append(&[batches.into()], &headers, index_interval_bytes)?)
    }

    /// Makes it durable and puts it in the place of `sources`. Returns its size.
    ///
    /// # Errors
    /// [`CleanError::Overtaken`] where the sources are not the log's any more, or were cut.
    pub(super) fn complete(
        mut self,
        sources: &[Arc<Segment>],
        cuts: u64,
        now_ms: i64,
    ) -> Result<u64, CleanError> {
        self.segment.become_inactive()?;
        self.segment.sync()?;
        self.segment.sync_indexes()?;
        if let Some(last) = sources.last() {
            self.segment.set_modified_ms(last.modified_ms()?)?;
        }
        self.log.sync_directory()?;
        let size = self.segment.size();
        {
            let log = self.log.clone();
            let mut state = log.lock();
            log.check_not_failed(&state)?;
            let first = log.position_of(sources).filter(|_| state.cuts == cuts);
            let first = first.ok_or(CleanError::Overtaken)?;
            self.is_renamed = true;
            if let Err(error) = log.swap_in(&mut state, &self.segment, first, sources, now_ms) {
                state.has_failed = true;
                return Err(error.into());
            }
        }
        // The names are durable before the first dirty offset says so.
        self.log.sync_directory()?;
        Ok(size)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if self.is_renamed {
            return;
        }
        for kind in FileKind::SEGMENT {
            let path = self.directory.file(self.segment.base_offset, kind, "");
            // What cannot be removed goes when the log is opened.
            let _ = self.directory.disk.remove_file(&path);
        }
    }
}

impl Log {
    /// Where `sources` stand among the segments, all of them and side by side, none of them written to.
    fn position_of(&self, sources: &[Arc<Segment>]) -> Option<usize> {
        let view = self.view();
        let leading = sources.first()?;
        let first = view.segments.iter().position(|segment| Arc::ptr_eq(segment, leading))?;
        let same = view.segments.get(first..first + sources.len())?;
        let are_same = same.iter().zip(sources).all(|(segment, source)| Arc::ptr_eq(segment, source));
        (are_same && first + sources.len() < view.segments.len()).then_some(first)
    }

    fn swap_in(
        &self,
        state: &mut State,
        cleaned: &Segment,
        first: usize,
        sources: &[Arc<Segment>],
        now_ms: i64,
    ) -> Result<(), LogError> {
        let base_offset = cleaned.base_offset;
        let has_transaction_index = !cleaned.transaction_index.is_absent();
        let is_there = |kind: &FileKind| *kind != FileKind::TransactionIndex || has_transaction_index;
        let kinds: Vec<FileKind> = FileKind::SEGMENT.into_iter().filter(is_there).collect();
        let rename = |kind: FileKind, from: &str, to: &str| {
            let from: PathBuf = self.directory.file(base_offset, kind, from);
            let to = self.directory.file(base_offset, kind, to);
            self.directory.disk.rename(&from, &to).map_err(LogError::io(&from))
        };
        for source in sources {
            // Readers that found it go on in its own indexes, not in those that get their names.
            source.hold_indexes()?;
        }
        kinds.iter().try_for_each(|kind| rename(*kind, CLEANED, SWAP))?;
        self.sync_directory()?;
        let remove_at_ms = now_ms.saturating_add(self.config.load().file_delete_delay_ms);
        for source in sources {
            let mut paths = source.mark_deleted()?;
            if source.base_offset != base_offset {
                paths.extend(state.snapshots.mark_deleted(source.base_offset)?);
            }
            state.deleted.extend(paths.into_iter().map(|path| DeletedFile { path, remove_at_ms }));
        }
        // The batches first: indexes without them would be taken for the old ones'.
        kinds.iter().try_for_each(|kind| rename(*kind, SWAP, ""))?;
        let segment = Segment::open(&self.directory, base_offset, has_transaction_index, now_ms, 0)?;
        state.unsynced_indexes.retain(|known| !sources.iter().any(|source| Arc::ptr_eq(source, known)));
        let view = self.view();
        let (before, rest) = view.segments.split_at(first);
        let after = &rest[sources.len()..];
        let segments =
            before.iter().cloned().chain([Arc::new(segment)]).chain(after.iter().cloned()).collect();
        self.publish(state, |view| view.segments = segments);
        Ok(())
    }
}
