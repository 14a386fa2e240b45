//! `bootstrap.checkpoint`: the records that the first controller of a cluster writes into the empty log, in the
//! format of a snapshot.

use std::path::Path;

use bytes::Bytes;
use io::Disk;
use types::LeaderEpoch;

use crate::snapshot_file::{Snapshot, SnapshotError, SnapshotHead, SnapshotWriter};

const NAME: &str = "bootstrap.checkpoint";
const TEMPORARY_NAME: &str = "bootstrap.checkpoint.tmp";

/// Writes the file of a data directory, replacing an older one.
///
/// # Errors
/// As the file system reports them.
pub fn write(disk: &Disk, data_directory: &Path, values: &[Bytes], now_ms: i64) -> std::io::Result<()> {
    let path = |name| data_directory.join(name);
    let (temporary, complete) = (path(TEMPORARY_NAME), path(NAME));
    let head = SnapshotHead::default();
    let mut writer = SnapshotWriter::create_at(disk, temporary, complete, LeaderEpoch(0), &head, now_ms)?;
    writer.append(values, now_ms)?;
    writer.freeze(now_ms)?;
    Ok(())
}

/// Reads the file of a data directory; `None` where there is none: the cluster then starts with the defaults.
///
/// # Errors
/// Where the file cannot be read or is damaged.
pub fn read(disk: &Disk, data_directory: &Path) -> Result<Option<Vec<Bytes>>, SnapshotError> {
    let path = data_directory.join(NAME);
    if !disk.exists(&path) {
        return Ok(None);
    }
    Ok(Some(Snapshot::read_at(disk, path)?.values))
}
