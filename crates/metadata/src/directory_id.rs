//! The ids of log directories that mean something else than a directory (KIP-858).

use types::Uuid;

/// Reserved ids in the place of a directory's own.
pub struct DirectoryId;

impl DirectoryId {
    /// The directory is not recorded: the replica is older than directory assignment.
    pub const MIGRATING: Uuid = Uuid::from_halves(0, 0);
    /// The broker has not chosen a directory yet.
    pub const UNASSIGNED: Uuid = Uuid::from_halves(0, 1);
    /// The replica lies in a directory that is offline.
    pub const LOST: Uuid = Uuid::from_halves(0, 2);

    /// Whether `directory` counts as online, given the directories its broker has registered. A broker that
    /// registered none is older than directory assignment, and stops when its directories fail.
    pub fn is_online(directory: Uuid, registered: &[Uuid]) -> bool {
        if directory == Self::UNASSIGNED || directory == Self::MIGRATING {
            return true;
        }
        directory != Self::LOST && (registered.is_empty() || registered.contains(&directory))
    }

    /// Whether an id is one of the first 100, which no directory may carry.
    pub fn is_reserved(id: Uuid) -> bool {
        let (zeros, last) = id.as_bytes().split_at(15);
        zeros.iter().all(|byte| *byte == 0) && last[0] < 100
    }
}
