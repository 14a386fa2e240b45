//! Which snapshot files count after a restart.

use std::collections::BTreeSet;

use types::{LeaderEpoch, Offset};

use crate::OffsetAndEpoch;
use crate::snapshot::{SnapshotFileName, SnapshotFileState};

/// The snapshot files of a directory, sorted by their fate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveredSnapshots {
    /// Complete snapshots at or after the log's start.
    pub kept: BTreeSet<OffsetAndEpoch>,
    /// Files to remove: partial, deleted, or older than the log.
    pub removed: Vec<String>,
}

/// The log begins after 0 and no snapshot says what came before: metadata is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the metadata log starts at offset {log_start} but no snapshot covers what came before it \
     (newest: {newest:?}); restore the directory from a copy"
)]
pub struct InconsistentSnapshots {
    /// First offset of the log.
    pub log_start: Offset,
    /// The newest snapshot there is.
    pub newest: Option<OffsetAndEpoch>,
}

impl RecoveredSnapshots {
    /// Sorts the files of a metadata log's directory.
    ///
    /// # Errors
    /// Where the log starts after 0 without a snapshot that covers its start. Nothing may then be removed.
    pub fn sort<'a>(
        names: impl IntoIterator<Item = &'a str>,
        log_start: Offset,
    ) -> Result<Self, InconsistentSnapshots> {
        let mut sorted = Self::default();
        for name in names {
            match SnapshotFileName::parse(name) {
                Some(SnapshotFileName { id, state: SnapshotFileState::Complete })
                    if id.offset >= log_start =>
                {
                    sorted.kept.insert(id);
                }
                Some(_) => sorted.removed.push(name.to_owned()),
                None => {}
            }
        }
        let newest = sorted.kept.last().copied();
        if log_start > Offset(0) && newest.is_none() {
            return Err(InconsistentSnapshots { log_start, newest });
        }
        Ok(sorted)
    }
}

/// Where the log must begin anew, empty, because the newest snapshot is ahead of all it holds: a replica that fell
/// between fetching a snapshot and cutting its log. `log_epoch` is the log's last epoch, 0 where it has none.
pub fn log_restarts_at(
    newest: Option<OffsetAndEpoch>,
    log_epoch: LeaderEpoch,
    log_end: Offset,
) -> Option<Offset> {
    let newest = newest?;
    let is_ahead = newest.epoch > log_epoch || (newest.epoch == log_epoch && newest.offset > log_end);
    is_ahead.then_some(newest.offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(offset: i64, epoch: i32) -> OffsetAndEpoch {
        OffsetAndEpoch::new(Offset(offset), LeaderEpoch(epoch))
    }

    const FILES: [&str; 6] = [
        "00000000000000000010-0000000001.checkpoint",
        "00000000000000000020-0000000001.checkpoint",
        "00000000000000000030-0000000002-77.checkpoint.part",
        "00000000000000000005-0000000001.checkpoint.deleted",
        "00000000000000000020.log",
        "quorum-state",
    ];

    #[test]
    fn complete_snapshots_from_the_log_start_on_are_kept() {
        let sorted = RecoveredSnapshots::sort(FILES, Offset(20)).expect("one covers the start");
        assert_eq!(sorted.kept, BTreeSet::from([id(20, 1)]));
        assert_eq!(sorted.removed, [FILES[0], FILES[2], FILES[3]]);
    }

    #[test]
    fn a_log_without_its_beginning_needs_a_snapshot() {
        let missing = RecoveredSnapshots::sort(FILES, Offset(21));
        assert_eq!(missing, Err(InconsistentSnapshots { log_start: Offset(21), newest: None }));
        assert_eq!(RecoveredSnapshots::sort([], Offset(0)), Ok(RecoveredSnapshots::default()));
    }

    #[test]
    fn the_log_restarts_only_behind_a_newer_snapshot() {
        assert_eq!(log_restarts_at(None, LeaderEpoch(0), Offset(0)), None);
        assert_eq!(log_restarts_at(Some(id(0, 0)), LeaderEpoch(0), Offset(0)), None);
        assert_eq!(log_restarts_at(Some(id(10, 2)), LeaderEpoch(2), Offset(10)), None);
        assert_eq!(log_restarts_at(Some(id(11, 2)), LeaderEpoch(2), Offset(10)), Some(Offset(11)));
        assert_eq!(log_restarts_at(Some(id(5, 3)), LeaderEpoch(2), Offset(10)), Some(Offset(5)));
    }
}
