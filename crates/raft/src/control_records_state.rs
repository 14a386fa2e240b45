//! What the control records of the metadata log add up to: voter sets and versions, by offset.

use std::collections::BTreeMap;

use types::Offset;

use crate::{ControlRecord, KRaftVersion, VoterSet};

/// Voters and `kraft.version` at every offset between the newest snapshot and the log's end. Unlike metadata, they
/// count as soon as they are in the log, committed or not (KIP-853).
#[derive(Clone, Debug)]
pub struct ControlRecordsState {
    /// In force until the log names voters.
    static_voters: VoterSet,
    /// Voter sets by the offset of their record; a snapshot's count for the last offset it contains, −1 for the
    /// snapshot that formatting leaves.
    voters: BTreeMap<Offset, VoterSet>,
    /// Versions by the offset of their record.
    kraft_versions: BTreeMap<Offset, KRaftVersion>,
}

/// A `kraft.version` in the log that this node does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("kraft.version {level} at offset {offset} of the metadata log is not supported (0 and 1 are)")]
pub struct UnsupportedKRaftVersion {
    /// The level found.
    pub level: i16,
    /// Where it was found.
    pub offset: Offset,
}

impl ControlRecordsState {
    /// The state of an empty log whose configuration names these voters.
    pub fn new(static_voters: VoterSet) -> Self {
        Self { static_voters, voters: BTreeMap::new(), kraft_versions: BTreeMap::new() }
    }

    /// Takes in one control record at `offset`: while the log is read, and after each append. Records of a snapshot
    /// count at the last offset that it contains.
    ///
    /// # Errors
    /// A `kraft.version` this node does not know: it cannot tell who votes, and must not start.
    pub fn replay(&mut self, offset: Offset, record: &ControlRecord) -> Result<(), UnsupportedKRaftVersion> {
        match record {
            ControlRecord::Voters(record) => {
                self.voters.insert(offset, VoterSet::from_record(record));
            }
            ControlRecord::KRaftVersion(record) => {
                let level = record.k_raft_version;
                let version =
                    KRaftVersion::from_level(level).ok_or(UnsupportedKRaftVersion { level, offset })?;
                self.kraft_versions.insert(offset, version);
            }
            ControlRecord::LeaderChange(_)
            | ControlRecord::SnapshotHeader(_)
            | ControlRecord::SnapshotFooter(_) => {}
        }
        Ok(())
    }

    /// The voters now.
    pub fn voters(&self) -> &VoterSet {
        self.voters.last_key_value().map_or(&self.static_voters, |(_, voters)| voters)
    }

    /// The offset of the record that named the voters of now; `None` where they come from the configuration.
    pub fn voters_offset(&self) -> Option<Offset> {
        self.voters.last_key_value().map(|(offset, _)| *offset)
    }

    /// The `kraft.version` now.
    pub fn kraft_version(&self) -> KRaftVersion {
        self.kraft_versions.last_key_value().map(|(_, version)| *version).unwrap_or_default()
    }

    /// The voters that the log named at or before `offset`, as a snapshot that ends there must repeat them.
    pub fn voters_at(&self, offset: Offset) -> Option<&VoterSet> {
        self.voters.range(..=offset).next_back().map(|(_, voters)| voters)
    }

    /// The `kraft.version` at `offset`.
    pub fn kraft_version_at(&self, offset: Offset) -> KRaftVersion {
        self.kraft_versions.range(..=offset).next_back().map(|(_, version)| *version).unwrap_or_default()
    }

    /// Forgets what held only before `offset`, once a snapshot there made the older log unnecessary.
    pub fn forget_before(&mut self, offset: Offset) {
        forget_before(&mut self.voters, offset);
        forget_before(&mut self.kraft_versions, offset);
    }
}

/// Drops entries before `offset`, but for the last of them, which still holds at `offset`.
fn forget_before<T>(history: &mut BTreeMap<Offset, T>, offset: Offset) {
    if let Some(in_force) = history.range(..=offset).next_back().map(|(known, _)| *known) {
        *history = history.split_off(&in_force);
    }
}
