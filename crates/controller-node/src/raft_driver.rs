//! Performs what the consensus machine asks for, and keeps the metadata log.
//!
//! *Order:* effects are performed one after the other, in the order in which the machine hands them out. Records are
//! staged with their offsets while others decide, then appended and flushed together on a thread that may block:
//! decisions that wait at the same time share one flush.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use config::MetadataLogConfig;
use io::{Blocking, Clock, Disk, Entropy};
use raft::{
    ControlRecord, ControlRecordsState, Effect, LocalVoter, OffsetAndEpoch, Raft, StartError,
    UnsupportedKRaftVersion, VoterSet,
};
use record::BuildError;
use tokio::time::Instant;
use types::{LeaderEpoch, NodeId, Offset};

use crate::metadata_batch::{BatchContent, MetadataBatch, control_batch, data_batch};
use crate::metadata_log::{MetadataLog, MetadataLogError};
use crate::quorum_state_file::{QuorumStateError, QuorumStateFile};
use crate::snapshot_file::{Snapshot, SnapshotError};

/// Why the quorum cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum QuorumError {
    /// The metadata log cannot be used.
    #[error(transparent)]
    Log(#[from] MetadataLogError),
    /// A snapshot cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The election state cannot be read or written.
    #[error(transparent)]
    Election(#[from] QuorumStateError),
    /// This node is not the quorum.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The log was written by a newer version.
    #[error(transparent)]
    KRaftVersion(#[from] UnsupportedKRaftVersion),
    /// Records do not fit a batch.
    #[error(transparent)]
    Batch(#[from] BuildError),
}

/// Where and how a quorum keeps its log.
#[derive(Clone, Debug)]
pub struct QuorumOptions {
    /// The file system.
    pub disk: Disk,
    /// Settings of the log.
    pub log: MetadataLogConfig,
    /// This node as a voter.
    pub local: LocalVoter,
    /// The voters that the configuration names; empty for a dynamic quorum.
    pub static_voters: VoterSet,
    /// The wall clock.
    pub clock: Clock,
    /// For jitter.
    pub entropy: Entropy,
    /// Where flushes run.
    pub blocking: Blocking,
}

/// A part of what the log holds, shown in order while it is loaded.
#[derive(Clone, Copy, Debug)]
pub enum Loaded<'a> {
    /// The newest snapshot, first if there is one.
    Snapshot(OffsetAndEpoch, &'a Snapshot),
    /// Then every batch behind it, control batches too.
    Batch(&'a MetadataBatch),
}

/// The quorum as its leader sees it, for those who ask (DescribeQuorum).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumInfo {
    /// Who leads, if anybody is known to.
    pub leader_id: Option<NodeId>,
    /// The current epoch.
    pub epoch: LeaderEpoch,
    /// First offset that is not committed.
    pub high_watermark: Option<Offset>,
    /// Offset of the next record of this replica's log.
    pub log_end: Offset,
    /// The voters.
    pub voters: VoterSet,
    /// The finalized level of `kraft.version`, which stands in no metadata record.
    pub kraft_version: i16,
}

/// The consensus machine with its log and its file.
#[derive(Debug)]
pub struct RaftDriver {
    raft: Raft,
    log: MetadataLog,
    election_file: QuorumStateFile,
    clock: Clock,
    blocking: Blocking,
    /// Origin of the machine's time.
    started_at: Instant,
    entropy: Entropy,
    /// Batches with their offsets that the next flush appends.
    staged: Vec<Bytes>,
    /// Offset of the next record, after what is staged.
    next_offset: Offset,
    epoch: LeaderEpoch,
}

impl RaftDriver {
    /// Opens the metadata log of `data_directory`, shows its content and takes part in the quorum; blocks while
    /// it reads. A quorum of one leads when this returns, and has staged the records that open its epoch.
    ///
    /// # Errors
    /// Where files cannot be used or this node is not the quorum; and what `on_loaded` returns.
    pub fn open<E: From<QuorumError> + From<MetadataLogError>>(
        options: &QuorumOptions,
        data_directory: &Path,
        on_loaded: &mut dyn FnMut(Loaded<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let now_ms = options.clock.now_ms();
        let log = MetadataLog::open(&options.disk, data_directory, &options.log, &options.entropy, now_ms)?;
        let control_records = load(&log, options.static_voters.clone(), on_loaded)?;
        let election_file = QuorumStateFile::new(options.disk.clone(), log.directory());
        let election = election_file.read().map_err(QuorumError::from)?;
        let end = log.end();
        let raft = Raft::new(options.local.clone(), control_records, election, end, Duration::ZERO)
            .map_err(QuorumError::from)?;
        let mut driver = Self {
            raft,
            log,
            election_file,
            clock: options.clock.clone(),
            blocking: options.blocking,
            started_at: Instant::now(),
            entropy: options.entropy.clone(),
            staged: Vec::new(),
            next_offset: end.offset,
            epoch: end.epoch,
        };
        driver.raft.handle_start(end.offset);
        driver.perform_effects()?;
        Ok(driver)
    }

    /// Gives records their offsets and keeps them for the next flush. Returns the offset of the first.
    ///
    /// # Errors
    /// Where they do not fit a batch; nothing is staged then.
    pub fn stage(&mut self, values: &[Bytes], now_ms: i64) -> Result<Offset, QuorumError> {
        let base_offset = self.next_offset;
        self.staged.push(data_batch(base_offset, self.epoch, now_ms, values)?);
        self.next_offset = base_offset.plus(values.len() as i64);
        Ok(base_offset)
    }

    /// Whether something waits for a flush.
    pub fn has_staged(&self) -> bool {
        !self.staged.is_empty()
    }

    /// Bytes that wait for a flush.
    pub fn staged_bytes(&self) -> usize {
        self.staged.iter().map(Bytes::len).sum()
    }

    /// Appends what is staged and makes it durable. Returns the high watermark.
    ///
    /// # Errors
    /// When the disk refuses: this replica has resigned, and what the log holds of the batches is unknown.
    pub async fn flush(&mut self) -> Result<Option<Offset>, QuorumError> {
        let batches = std::mem::take(&mut self.staged);
        let (appender, epoch, now_ms) = (self.log.appender(), self.epoch, self.clock.now_ms());
        let flushed = self.blocking.run(move || appender.append_and_flush(batches, epoch, now_ms)).await;
        match flushed {
            Ok(durable_end) => self.raft.handle_log_durable(durable_end),
            Err(error) => {
                self.resign();
                return Err(error.into());
            }
        }
        self.perform_effects()?;
        Ok(self.raft.high_watermark())
    }

    /// Steps down; nothing more is committed in this epoch.
    pub fn resign(&mut self) {
        self.raft.handle_resign(self.started_at.elapsed(), self.entropy.next_u64());
    }

    /// The quorum as this replica sees it.
    pub fn info(&self) -> QuorumInfo {
        let election = self.raft.election();
        QuorumInfo {
            leader_id: election.leader_id,
            epoch: election.epoch,
            high_watermark: self.raft.high_watermark(),
            log_end: self.next_offset,
            voters: self.raft.control_records().voters().clone(),
            kraft_version: self.raft.control_records().kraft_version().level(),
        }
    }

    /// First offset that is not committed.
    pub fn high_watermark(&self) -> Option<Offset> {
        self.raft.high_watermark()
    }

    /// The epoch that this replica leads.
    pub fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    /// Offset of the next record.
    pub fn next_offset(&self) -> Offset {
        self.next_offset
    }

    /// Where the log and its snapshots are.
    pub fn directory(&self) -> &Path {
        self.log.directory()
    }

    /// Makes everything durable for a clean stop.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn close(&mut self) -> Result<(), QuorumError> {
        self.resign();
        let appender = self.log.appender();
        Ok(self.blocking.run(move || appender.close()).await?)
    }

    /// The log, for snapshots and cleaning.
    pub fn log(&mut self) -> &mut MetadataLog {
        &mut self.log
    }

    /// Voters and `kraft.version` at the offsets of the log.
    pub fn control_records(&self) -> &ControlRecordsState {
        self.raft.control_records()
    }

    /// The log now begins at `offset`.
    pub fn log_start_advanced(&mut self, offset: Offset) {
        self.raft.handle_log_start_advanced(offset);
    }

    fn perform_effects(&mut self) -> Result<(), QuorumError> {
        while let Some(effect) = self.raft.poll_effect() {
            match effect {
                Effect::PersistElection { state, kraft_version } => {
                    let voters = self.raft.control_records().voters();
                    self.election_file.write(&state, voters, kraft_version)?;
                }
                Effect::BecameLeader { epoch, opening } => self.begin_epoch(epoch, &opening)?,
                Effect::HighWatermarkAdvanced { offset } => self.log.advance_high_watermark(offset),
                Effect::Resigned { epoch } => {
                    tracing::info!(%epoch, "resigned as leader of the metadata quorum")
                }
            }
        }
        Ok(())
    }

    fn begin_epoch(&mut self, epoch: LeaderEpoch, opening: &[ControlRecord]) -> Result<(), QuorumError> {
        tracing::info!(%epoch, start_offset = %self.next_offset, "leading the metadata quorum");
        self.epoch = epoch;
        self.log.begin_epoch(epoch)?;
        self.staged.push(control_batch(self.next_offset, epoch, self.clock.now_ms(), opening)?);
        for record in opening {
            self.raft.handle_control_record(self.next_offset, record)?;
            self.next_offset = self.next_offset.plus(1);
        }
        Ok(())
    }
}

/// Reads the newest snapshot and the log behind it.
fn load<E: From<QuorumError> + From<MetadataLogError>>(
    log: &MetadataLog,
    static_voters: VoterSet,
    on_loaded: &mut dyn FnMut(Loaded<'_>) -> Result<(), E>,
) -> Result<ControlRecordsState, E> {
    let mut control_records = ControlRecordsState::new(static_voters);
    let mut from = log.start_offset();
    if let Some(id) = log.newest_snapshot() {
        let snapshot = log.read_snapshot(id).map_err(QuorumError::from)?;
        for record in &snapshot.control_records {
            control_records.replay(id.offset.plus(-1), record).map_err(QuorumError::from)?;
        }
        on_loaded(Loaded::Snapshot(id, &snapshot))?;
        from = id.offset;
    }
    log.visit_batches(from, |batch| -> Result<(), E> {
        if let BatchContent::Control(records) = &batch.content {
            for (offset, record) in records {
                control_records.replay(*offset, record).map_err(QuorumError::from)?;
            }
        }
        on_loaded(Loaded::Batch(&batch))
    })?;
    Ok(control_records)
}
