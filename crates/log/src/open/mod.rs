//! Opening a log: leftovers are tidied away, what may be damaged is checked, the producers' state is restored.
//!
//! *Invariant:* opening is idempotent, and never advances the recovery point of a log that was not closed cleanly:
//! checking bytes does not make them durable (KAFKA-10101).

mod leftovers;
mod producers;
mod recovery;
mod segments;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use ::io::{Disk, Entropy};
use arc_swap::ArcSwap;
use config::TopicConfig;
use partition::{LeaderEpochs, ProducerState};
use types::Offset;

use crate::checkpoint::LeaderEpochCheckpoint;
use crate::cleaner::CleanerMarks;
use crate::files::LogDirectory;
use crate::log::{LogSettings, State, write_epochs};
use crate::producer_snapshot::ProducerSnapshots;
use crate::roll::roll_jitter_ms;
use crate::segment::Segment;
use crate::view::{LogEnd, View};
use crate::{Log, LogError};

pub(crate) use producers::load_producers;

/// What is known about a log before it is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The topic's settings.
    pub config: Arc<TopicConfig>,
    /// The broker's settings.
    pub settings: LogSettings,
    /// From `recovery-point-offset-checkpoint`; everything below was durable. 0 where unknown.
    pub recovery_point: Offset,
    /// From `log-start-offset-checkpoint`. 0 where unknown.
    pub log_start: Offset,
    /// From `cleaner-offset-checkpoint`; `None` where no cleaning is known.
    pub first_dirty: Option<Offset>,
    /// Whether the data directory was closed cleanly.
    pub had_clean_shutdown: bool,
    /// Wall-clock time in milliseconds.
    pub now_ms: i64,
    /// For the jitter of rolls.
    pub entropy: Entropy,
}

impl OpenOptions {
    /// A log that was closed cleanly or does not exist yet.
    pub fn new(config: Arc<TopicConfig>, entropy: Entropy, now_ms: i64) -> Self {
        Self {
            config,
            settings: LogSettings::default(),
            recovery_point: Offset(0),
            log_start: Offset(0),
            first_dirty: None,
            had_clean_shutdown: true,
            now_ms,
            entropy,
        }
    }
}

/// How far checking has come; told after each segment, and within large ones every few megabytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoveryProgress {
    /// Segments to check.
    pub segments: usize,
    /// Segments checked.
    pub segments_checked: usize,
    /// Bytes checked.
    pub bytes_checked: u64,
}

impl Log {
    /// Opens the log in `path`, which is made where it does not exist; a log without segments starts at
    /// `options.log_start`.
    ///
    /// # Errors
    /// When the disk refuses, or `leader-epoch-checkpoint` is malformed. Damaged segments and indexes are no errors:
    /// they are cut and rebuilt.
    pub fn open(
        disk: Disk,
        path: PathBuf,
        options: OpenOptions,
        on_progress: &mut dyn FnMut(RecoveryProgress),
    ) -> Result<Self, LogError> {
        disk.create_directory(&path).map_err(LogError::io(&path))?;
        let directory = LogDirectory::new(disk, path);
        leftovers::tidy(&directory)?;
        let files = segments::list(&directory)?;
        let mut epochs = read_epochs(&directory)?;
        let written_epochs = epochs.clone();
        let mut state = State {
            producers: ProducerState::default(),
            snapshots: ProducerSnapshots::new(directory.clone(), files.snapshots.iter().copied()),
            unflushed_since_ms: None,
            bytes_since_snapshot: 0,
            unsynced_indexes: Vec::new(),
            deleted: Vec::new(),
            first_dirty: options.first_dirty,
            cuts: 0,
            has_failed: false,
        };
        let mut segments = segments::open(&directory, &files, &options)?;
        let mut is_recovered = None;
        let mut unflushed_bytes = 0;
        if !options.had_clean_shutdown {
            let mut checked = RecoveryProgress::default();
            is_recovered =
                recovery::recover(&mut segments, &mut state, &mut epochs, &options, &mut |progress| {
                    checked = progress;
                    on_progress(progress);
                })?;
            unflushed_bytes = checked.bytes_checked;
        }
        let mut end = match (is_recovered, segments.last()) {
            (Some(end), _) => end,
            (None, Some(last)) => last.read_next_offset()?,
            (None, None) => options.log_start,
        };
        if end < options.log_start {
            tracing::warn!(path = %directory.path().display(), log_end = %end, log_start = %options.log_start,
                "the log ends before it starts; its segments are gone or were replaced");
            recovery::remove_all(&mut segments, &mut state, options.now_ms)?;
            epochs.clear();
            end = options.log_start;
        }
        if segments.is_empty() {
            let jitter_ms = roll_jitter_ms(&options.config, &options.entropy);
            segments.push(Arc::new(Segment::create(
                &directory,
                options.log_start,
                options.now_ms,
                jitter_ms,
            )?));
        }
        let recovery_point = if options.had_clean_shutdown { end } else { options.recovery_point.min(end) };
        epochs.truncate_from_end(end);
        epochs.truncate_from_start(options.log_start);
        if epochs != written_epochs {
            write_epochs(&directory, &epochs)?;
        }
        let log_start = options.log_start.max(segments[0].base_offset);
        let bases: BTreeSet<Offset> = segments.iter().map(|segment| segment.base_offset).collect();
        state.snapshots.remove_strays(&bases, 1)?;
        if options.had_clean_shutdown && state.snapshots.latest().is_none() {
            producers::assume_none(&mut state, &segments, end)?;
        } else if is_recovered.is_none() || state.producers.end_offset() != end {
            load_producers(
                &mut state,
                &segments,
                end,
                options.now_ms,
                options.settings.producer_id_expiration.ms(),
            )?;
        } else {
            producers::finish_recovered(&mut state, end)?;
        }
        if is_recovered.is_some() {
            let first = segments.partition_point(|segment| segment.base_offset <= recovery_point);
            let completed = first.saturating_sub(1)..segments.len() - 1;
            state.unsynced_indexes = segments.get(completed).unwrap_or_default().to_vec();
        }
        state.unflushed_since_ms = (recovery_point < end).then_some(options.now_ms);
        let active = &segments[segments.len() - 1];
        let end = LogEnd { offset: end, base_offset: active.base_offset, position: active.size() };
        let first_unstable = state.producers.first_unstable_offset().map(|offset| offset.max(log_start));
        let view = View {
            segments: segments.into(),
            log_start,
            end,
            high_watermark: log_start,
            first_unstable,
            recovery_point,
        };
        Ok(Self {
            directory,
            config: ArcSwap::new(options.config),
            settings: options.settings.clone(),
            entropy: options.entropy,
            view: ArcSwap::from_pointee(view),
            epochs: RwLock::new(epochs),
            unflushed_bytes: AtomicU64::new(unflushed_bytes),
            flush_turn: Mutex::new(()),
            state: Mutex::new(state),
            cleaner: CleanerMarks::default(),
        })
    }
}

fn read_epochs(directory: &LogDirectory) -> Result<LeaderEpochs, LogError> {
    let entries = LeaderEpochCheckpoint::new(directory.disk.clone(), &directory.path()).read()?;
    Ok(LeaderEpochs::from_entries(entries.into_iter().map(|entry| (entry.epoch, entry.start_offset))))
}
