//! Snapshots of the metadata log (KIP-630): written beside as `.part`, synced, renamed; read batch by batch.
//!
//! A snapshot is a header batch (`SnapshotHeader`, and under `kraft.version` 1 `KRaftVersion` and the voters), batches
//! of metadata records, and a footer batch, without which it is not complete. Offsets count from 0 within the file,
//! the epoch is the snapshot's.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use io::disk::OpenMode;
use io::{Disk, DiskFile};
use protocol::records::k_raft_version_record::KRaftVersionRecord;
use protocol::records::snapshot_footer_record::SnapshotFooterRecord;
use protocol::records::snapshot_header_record::SnapshotHeaderRecord;
use raft::snapshot::{SnapshotFacts, SnapshotFileName, SnapshotFileState};
use raft::{ControlRecord, KRaftVersion, OffsetAndEpoch, VoterSet};
use record::Batches;
use types::{LeaderEpoch, Offset};

use crate::metadata_batch::{BatchContent, MetadataBatch, MetadataBatchError, control_batch, data_batch};

/// What a snapshot's first batch says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotHead {
    /// When the last record that the snapshot covers was appended; milliseconds since the Unix epoch.
    pub last_contained_log_timestamp_ms: i64,
    /// The `kraft.version` at its end; written only from 1 on.
    pub kraft_version: KRaftVersion,
    /// The voters at its end, under `kraft.version` 1.
    pub voters: Option<VoterSet>,
}

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// A batch is damaged.
    #[error("{path} is damaged: {source}; restore it from a copy")]
    Batch {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: MetadataBatchError,
    },
    /// It does not begin with a header or end with a footer.
    #[error("{path} is damaged: {reason}; restore it from a copy")]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: &'static str,
    },
}

/// Largest batch in a snapshot, as in the log.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes that hold any header batch: the voters are few.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A snapshot that is being written. Dropped before [`SnapshotWriter::freeze`], it leaves a `.part` file that the
/// next start removes.
#[derive(Debug)]
pub struct SnapshotWriter {
    disk: Disk,
    file: DiskFile,
    partial: PathBuf,
    complete: PathBuf,
    epoch: LeaderEpoch,
    position: u64,
    next_offset: Offset,
}

impl SnapshotWriter {
    /// Begins the snapshot `id` in a metadata log's directory.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn create(
        disk: &Disk,
        directory: &Path,
        id: OffsetAndEpoch,
        head: &SnapshotHead,
        now_ms: i64,
    ) -> std::io::Result<Self> {
        let path = |state| directory.join(SnapshotFileName::new(id, state).to_string());
        Self::create_at(
            disk,
            path(SnapshotFileState::Partial),
            path(SnapshotFileState::Complete),
            id.epoch,
            head,
            now_ms,
        )
    }

    /// Begins a file of the snapshot format under other names, as `bootstrap.checkpoint` has them.
    pub(crate) fn create_at(
        disk: &Disk,
        partial: PathBuf,
        complete: PathBuf,
        epoch: LeaderEpoch,
        head: &SnapshotHead,
        now_ms: i64,
    ) -> std::io::Result<Self> {
        let file = disk.open(&partial, OpenMode::ReadWriteOrCreate)?;
        file.set_len(0)?;
        let disk = disk.clone();
        let mut writer = Self { disk, file, partial, complete, epoch, position: 0, next_offset: Offset(0) };
        writer.append_control(&head.to_records(), now_ms)?;
        Ok(writer)
    }

    /// Appends metadata records, in batches of at most 8 MiB.
    ///
    /// # Errors
    /// As the file system reports them.
    pub fn append(&mut self, values: &[Bytes], now_ms: i64) -> std::io::Result<()> {
        let mut rest = values;
        while !rest.is_empty() {
            let mut size = 0;
            let fitting = rest.iter().take_while(|value| {
                size += value.len() + 32;
                size <= BATCH_BYTES_MAX
            });
            let (batch, later) = rest.split_at(fitting.count().max(1));
            let bytes =
                data_batch(self.next_offset, self.epoch, now_ms, batch).map_err(std::io::Error::other)?;
            self.put(&bytes, batch.len())?;
            rest = later;
        }
        Ok(())
    }

    /// Ends the snapshot: from now on it is complete, and survives a power cut. Returns its length in bytes.
    ///
    /// # Errors
    /// As the file system reports them; the snapshot then does not exist.
    pub fn freeze(mut self, now_ms: i64) -> std::io::Result<u64> {
        self.append_control(&[ControlRecord::SnapshotFooter(SnapshotFooterRecord::default())], now_ms)?;
        self.file.sync()?;
        self.disk.rename(&self.partial, &self.complete)?;
        self.disk.sync_directory(self.complete.parent().unwrap_or(Path::new(".")))?;
        Ok(self.position)
    }

    fn append_control(&mut self, records: &[ControlRecord], now_ms: i64) -> std::io::Result<()> {
        let bytes =
            control_batch(self.next_offset, self.epoch, now_ms, records).map_err(std::io::Error::other)?;
        self.put(&bytes, records.len())
    }

    fn put(&mut self, bytes: &[u8], records: usize) -> std::io::Result<()> {
        self.file.append(&mut [IoSlice::new(bytes)], self.position)?;
        self.position += bytes.len() as u64;
        self.next_offset = self.next_offset.plus(records as i64);
        Ok(())
    }
}

impl SnapshotHead {
    fn to_records(&self) -> Vec<ControlRecord> {
        let mut records = vec![ControlRecord::SnapshotHeader(SnapshotHeaderRecord {
            last_contained_log_timestamp: self.last_contained_log_timestamp_ms,
            ..Default::default()
        })];
        if self.kraft_version.is_dynamic() {
            let k_raft_version = self.kraft_version.level();
            records.push(ControlRecord::KRaftVersion(KRaftVersionRecord {
                k_raft_version,
                ..Default::default()
            }));
            records.extend(self.voters.iter().map(|voters| ControlRecord::Voters(voters.to_record())));
        }
        records
    }
}

/// A snapshot's content.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When the last record it covers was appended; milliseconds since the Unix epoch.
    pub last_contained_log_timestamp_ms: i64,
    /// Its control records but for header and footer.
    pub control_records: Vec<ControlRecord>,
    /// The values of its metadata records, in order. They share the file's memory.
    pub values: Vec<Bytes>,
}

impl Snapshot {
    /// Reads the snapshot `id` of a metadata log's directory.
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, or was not finished.
    pub fn read(disk: &Disk, directory: &Path, id: OffsetAndEpoch) -> Result<Self, SnapshotError> {
        let name = SnapshotFileName::new(id, SnapshotFileState::Complete).to_string();
        Self::read_at(disk, directory.join(name))
    }

    /// Reads only when the last record that the snapshot `id` covers was appended, and the file's length.
    ///
    /// # Errors
    /// Where the file cannot be read or does not begin with a header.
    pub fn read_facts(
        disk: &Disk,
        directory: &Path,
        id: OffsetAndEpoch,
    ) -> Result<SnapshotFacts, SnapshotError> {
        let path = directory.join(SnapshotFileName::new(id, SnapshotFileState::Complete).to_string());
        let read = || -> std::io::Result<(u64, Bytes)> {
            let file = disk.open(&path, OpenMode::Read)?;
            let mut head = vec![0; HEAD_BYTES_MAX];
            let length = file.read_at(&mut head, 0)?;
            head.truncate(length);
            Ok((file.len()?, head.into()))
        };
        let (size_bytes, head) = match read() {
            Ok(read) => read,
            Err(source) => return Err(SnapshotError::Io { path, source }),
        };
        let first = Batches::new(head).next().and_then(|batch| MetadataBatch::read(&batch.ok()?).ok());
        match first.map(|batch| batch.content) {
            Some(BatchContent::Control(records)) => match records.first() {
                Some((_, ControlRecord::SnapshotHeader(header))) => Ok(SnapshotFacts {
                    id,
                    size_bytes,
                    last_contained_timestamp_ms: header.last_contained_log_timestamp,
                }),
                _ => Err(SnapshotError::Incomplete { path, reason: "it does not begin with a header" }),
            },
            _ => Err(SnapshotError::Incomplete { path, reason: "it does not begin with a header" }),
        }
    }

    pub(crate) fn read_at(disk: &Disk, path: PathBuf) -> Result<Self, SnapshotError> {
        let content = match disk.read(&path) {
            Ok(content) => Bytes::from(content),
            Err(source) => return Err(SnapshotError::Io { path, source }),
        };
        let mut snapshot =
            Self { last_contained_log_timestamp_ms: 0, control_records: Vec::new(), values: Vec::new() };
        let mut batches = Batches::new(content);
        let (mut has_header, mut has_footer) = (false, false);
        for batch in &mut batches {
            let batch = batch.map_err(MetadataBatchError::from).and_then(|batch| MetadataBatch::read(&batch));
            let batch = batch.map_err(|source| SnapshotError::Batch { path: path.clone(), source })?;
            if has_footer {
                return Err(SnapshotError::Incomplete { path, reason: "something follows its footer" });
            }
            match batch.content {
                BatchContent::Data(values) => {
                    snapshot.values.extend(values.into_iter().map(|(_, value)| value));
                }
                BatchContent::Control(records) => {
                    for (_, record) in records {
                        match record {
                            ControlRecord::SnapshotHeader(header) => {
                                has_header = true;
                                snapshot.last_contained_log_timestamp_ms =
                                    header.last_contained_log_timestamp;
                            }
                            ControlRecord::SnapshotFooter(_) => has_footer = true,
                            other => snapshot.control_records.push(other),
                        }
                    }
                }
            }
            if !has_header {
                return Err(SnapshotError::Incomplete { path, reason: "it does not begin with a header" });
            }
        }
        if !has_footer || !batches.rest().is_empty() {
            return Err(SnapshotError::Incomplete { path, reason: "it does not end with a footer" });
        }
        Ok(snapshot)
    }
}
