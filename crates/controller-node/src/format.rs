//! Makes fresh data directories a node's own, leaving what `kafka-storage format` of Apache Kafka 4.3.1 leaves.
//!
//! In every data directory `bootstrap.checkpoint` (the records that the first controller writes) and then
//! `meta.properties`, last, because it says that the directory is ready. In the metadata directory, for a dynamic
//! quorum, also the snapshot `__cluster_metadata-0/00000000000000000000-0000000000.checkpoint` that names the voters.

use std::path::{Path, PathBuf};

use io::{Disk, Entropy};
use log::checkpoint::MetaProperties;
use log::log_dirs::{DataDirectory, DataDirectoryError};
use metadata::{MetadataRecord, MetadataVersion, RecordError, encode_record};
use raft::{KRaftVersion, OffsetAndEpoch, ReplicaKey, VoterNode, VoterSet};
use types::{NodeId, Uuid};

use crate::METADATA_LOG_DIRECTORY;
use crate::bootstrap_file;
use crate::snapshot_file::{SnapshotHead, SnapshotWriter};

/// What fresh directories are made into.
#[derive(Clone, Debug)]
pub struct FormatOptions {
    /// The cluster's id; by custom a [`Uuid`].
    pub cluster_id: String,
    /// `node.id`.
    pub node_id: NodeId,
    /// Who will vote.
    pub quorum: NewQuorum,
    /// The records that the first controller writes into the empty log: the features to finalize.
    pub bootstrap_records: Vec<MetadataRecord>,
}

/// How the voters of a new cluster are known.
#[derive(Clone, Debug)]
pub enum NewQuorum {
    /// By `controller.quorum.voters` (`kraft.version` 0), or by those that let this node join: nothing is written.
    Static,
    /// This node alone, reached at these endpoints (`kafka-storage format --standalone`, `kraft.version` 1).
    Standalone(raft::Endpoints),
}

/// Why directories were not formatted.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Some directories are in use, others are not. An empty one may be a disk that is not mounted: nothing is written.
    #[error("{} is not formatted, but {} belongs to node {node_id} of cluster {cluster_id}; \
             is a disk not mounted?", .fresh.display(), .formatted.display())]
    PartlyFormatted {
        /// The first directory without `meta.properties`.
        fresh: PathBuf,
        /// The first directory with it.
        formatted: PathBuf,
        /// Whose it is.
        node_id: NodeId,
        /// Its cluster.
        cluster_id: String,
    },
    /// A bootstrap record has no form in bytes.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file cannot be written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// `meta.properties` cannot be written.
    #[error(transparent)]
    Directory(#[from] DataDirectoryError),
}

/// Formats `directories`, of which the first holds the metadata log, if none of them is formatted; `false` where all
/// are already.
///
/// # Errors
/// Where only some are formatted, or the file system refuses. Formatting may then be tried again: a directory without
/// `meta.properties` counts as fresh.
pub fn format_if_fresh(
    disk: &Disk,
    directories: &mut [DataDirectory],
    options: &FormatOptions,
    entropy: &Entropy,
    now_ms: i64,
) -> Result<bool, FormatError> {
    let formatted = directories.iter().find_map(|directory| Some((directory.path(), directory.meta()?)));
    let fresh = directories.iter().find(|directory| directory.meta().is_none());
    match (fresh, formatted) {
        (None, _) => return Ok(false),
        (Some(_), None) => {}
        (Some(fresh), Some((formatted, meta))) => {
            return Err(FormatError::PartlyFormatted {
                fresh: fresh.path().to_owned(),
                formatted: formatted.to_owned(),
                node_id: meta.node_id,
                cluster_id: meta.cluster_id.clone(),
            });
        }
    }
    format_fresh(disk, directories, options, entropy, now_ms)?;
    Ok(true)
}

/// Formats those of `directories`, of which the first holds the metadata log, that are not formatted.
///
/// # Errors
/// Where the file system refuses.
pub fn format_fresh(
    disk: &Disk,
    directories: &mut [DataDirectory],
    options: &FormatOptions,
    entropy: &Entropy,
    now_ms: i64,
) -> Result<(), FormatError> {
    // Every version of the metadata writes them alike.
    let encode = |record| encode_record(record, MetadataVersion::LATEST_PRODUCTION);
    let bootstrap = options.bootstrap_records.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
    let fresh = directories.iter_mut().enumerate().filter(|(_, directory)| directory.meta().is_none());
    for (index, directory) in fresh {
        let directory_id = new_id(entropy);
        let failed = |path: PathBuf| move |source| FormatError::Io { path, source };
        let path = directory.path().to_owned();
        bootstrap_file::write(disk, &path, &bootstrap, now_ms).map_err(failed(path.clone()))?;
        if let (0, NewQuorum::Standalone(endpoints)) = (index, &options.quorum) {
            let voter = VoterNode {
                key: ReplicaKey::new(options.node_id, directory_id),
                endpoints: endpoints.clone(),
                kraft_versions: KRaftVersion::SUPPORTED,
            };
            let log_directory = path.join(METADATA_LOG_DIRECTORY);
            write_voters(disk, &log_directory, voter, now_ms).map_err(failed(log_directory))?;
        }
        directory.set_meta(MetaProperties {
            cluster_id: options.cluster_id.clone(),
            node_id: options.node_id,
            directory_id: Some(directory_id),
        })?;
    }
    Ok(())
}

/// A random id that Kafka may use.
pub fn new_id(entropy: &Entropy) -> Uuid {
    loop {
        if let Some(id) = Uuid::from_random(entropy.bytes16()) {
            return id;
        }
    }
}

/// Writes the snapshot that comes before the first offset of the log and names its first voter.
fn write_voters(disk: &Disk, directory: &Path, voter: VoterNode, now_ms: i64) -> std::io::Result<()> {
    disk.create_directory(directory)?;
    let head = SnapshotHead {
        last_contained_log_timestamp_ms: now_ms,
        kraft_version: KRaftVersion::Dynamic,
        voters: Some([voter].into_iter().collect::<VoterSet>()),
    };
    SnapshotWriter::create(disk, directory, OffsetAndEpoch::default(), &head, now_ms)?.freeze(now_ms)?;
    // The directory's own name must last, too.
    disk.sync_directory(directory.parent().unwrap_or(directory))
}
