//! Which segments a directory holds, and opening them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::Offset;

use super::OpenOptions;
use crate::LogError;
use crate::files::{FileKind, FileName, LogDirectory};
use crate::roll::roll_jitter_ms;
use crate::segment::Segment;

/// The files of a log by what they are for.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) segments: BTreeMap<Offset, BTreeSet<FileKind>>,
    pub(super) snapshots: BTreeSet<Offset>,
}

/// Lists the files; indexes without their batches are removed.
pub(super) fn list(directory: &LogDirectory) -> Result<Files, LogError> {
    let path = directory.path();
    let entries = directory.disk.read_directory(&path).map_err(LogError::io(&*path))?;
    let mut files = Files::default();
    for entry in entries.iter().filter(|entry| !entry.is_directory) {
        match FileName::parse(&entry.name) {
            Some(FileName { base_offset, kind: FileKind::ProducerSnapshot, mark: "" }) => {
                files.snapshots.insert(base_offset);
            }
            Some(FileName { base_offset, kind, mark: "" }) => {
                files.segments.entry(base_offset).or_default().insert(kind);
            }
            _ => {}
        }
    }
    let orphans: Vec<Offset> = (files.segments.iter())
        .filter(|(_, kinds)| !kinds.contains(&FileKind::Log))
        .map(|(base_offset, _)| *base_offset)
        .collect();
    for base_offset in orphans {
        for kind in files.segments.remove(&base_offset).unwrap_or_default() {
            let path = directory.file(base_offset, kind, "");
            directory.disk.remove_file(&path).map_err(LogError::io(&path))?;
        }
    }
    Ok(files)
}

/// Opens the segments. Where the offset or time index is missing or, after a stop that was not clean, obviously
/// damaged, both are rebuilt.
pub(super) fn open(
    directory: &LogDirectory,
    files: &Files,
    options: &OpenOptions,
) -> Result<Vec<Arc<Segment>>, LogError> {
    let mut segments = Vec::with_capacity(files.segments.len());
    for (base_offset, kinds) in &files.segments {
        let jitter_ms = roll_jitter_ms(&options.config, &options.entropy);
        let has_transaction_index = kinds.contains(&FileKind::TransactionIndex);
        let segment =
            Segment::open(directory, *base_offset, has_transaction_index, options.now_ms, jitter_ms)?;
        let has_indexes = kinds.contains(&FileKind::OffsetIndex) && kinds.contains(&FileKind::TimeIndex);
        if !has_indexes || (!options.had_clean_shutdown && !segment.has_sound_indexes()?) {
            tracing::warn!(path = %segment.path().display(), "rebuilding the indexes of a segment");
            segment.rebuild_indexes(u64::from(options.config.index_interval_bytes.unsigned_abs()))?;
        }
        segments.push(Arc::new(segment));
    }
    Ok(segments)
}
