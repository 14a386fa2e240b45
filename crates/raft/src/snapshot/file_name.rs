//! `00000000000000000123-0000000004.checkpoint` and its unfinished and deleted forms.

use std::fmt;

use types::{LeaderEpoch, Offset};

use crate::OffsetAndEpoch;

/// A snapshot file's name taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFileName {
    /// The snapshot.
    pub id: OffsetAndEpoch,
    /// Whether it counts.
    pub state: SnapshotFileState,
}

/// What the end of a snapshot file's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotFileState {
    /// `.checkpoint`: complete and never changed again.
    Complete,
    /// `.checkpoint.part`: was being written; worthless after a restart.
    Partial,
    /// `.checkpoint.deleted`: no longer needed, waits for its removal.
    Deleted,
}

const SUFFIXES: [(&str, SnapshotFileState); 3] = [
    (".checkpoint.part", SnapshotFileState::Partial),
    (".checkpoint.deleted", SnapshotFileState::Deleted),
    (".checkpoint", SnapshotFileState::Complete),
];

impl SnapshotFileName {
    /// The name of a file in this state.
    pub const fn new(id: OffsetAndEpoch, state: SnapshotFileState) -> Self {
        Self { id, state }
    }

    /// Takes a file's name apart; `None` where it is no snapshot's. Partial files may carry anything between the
    /// epoch and the suffix: Apache Kafka puts a random number there.
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, state) =
            SUFFIXES.iter().find_map(|(suffix, state)| Some((name.strip_suffix(suffix)?, *state)))?;
        let (offset, rest) = (stem.get(..20)?, stem.get(20..)?);
        let rest = rest.strip_prefix('-')?;
        let (epoch, middle) = (rest.get(..10)?, rest.get(10..)?);
        if !middle.is_empty() && state != SnapshotFileState::Partial {
            return None;
        }
        let id = OffsetAndEpoch::new(Offset(digits(offset)?), LeaderEpoch(digits(epoch)?));
        Some(Self { id, state })
    }
}

impl fmt::Display for SnapshotFileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.state {
            SnapshotFileState::Complete => "",
            SnapshotFileState::Partial => ".part",
            SnapshotFileState::Deleted => ".deleted",
        };
        write!(f, "{:020}-{:010}.checkpoint{suffix}", self.id.offset.0, self.id.epoch.0)
    }
}

fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_as_they_are_made() {
        let id = OffsetAndEpoch::new(Offset(123), LeaderEpoch(4));
        for state in [SnapshotFileState::Complete, SnapshotFileState::Partial, SnapshotFileState::Deleted] {
            let name = SnapshotFileName::new(id, state);
            assert_eq!(SnapshotFileName::parse(&name.to_string()), Some(name));
        }
        let name = SnapshotFileName::new(id, SnapshotFileState::Complete);
        assert_eq!(name.to_string(), "00000000000000000123-0000000004.checkpoint");
    }

    #[test]
    fn partial_files_of_apache_kafka_are_known() {
        let name = SnapshotFileName::parse("00000000000000000123-0000000004-8273645.checkpoint.part");
        assert_eq!(name.map(|name| name.state), Some(SnapshotFileState::Partial));
    }

    #[test]
    fn other_files_are_no_snapshots() {
        for name in [
            "bootstrap.checkpoint",
            "leader-epoch-checkpoint",
            "00000000000000000034.snapshot",
            "+0000000000000000123-0000000004.checkpoint",
            "00000000000000000123-0000000004-1.checkpoint",
            "99999999999999999999-0000000004.checkpoint",
            ".checkpoint",
            "0000000000000000012é-0000000004.checkpoint",
        ] {
            assert_eq!(SnapshotFileName::parse(name), None, "{name}");
        }
    }
}
