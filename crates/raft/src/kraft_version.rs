//! The feature level `kraft.version`.

/// How the voters of the metadata quorum are known (KIP-853).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KRaftVersion {
    /// From the configuration `controller.quorum.voters`, by node only.
    #[default]
    Static,
    /// From `VotersRecord`s in the log and its snapshots, by node and directory.
    Dynamic,
}

impl KRaftVersion {
    /// The levels this node serves, lowest and highest.
    pub const SUPPORTED: (i16, i16) = (0, 1);

    /// The version of this feature level; `None` for one that Apache Kafka 4.3.1 does not know.
    pub const fn from_level(level: i16) -> Option<Self> {
        match level {
            0 => Some(Self::Static),
            1 => Some(Self::Dynamic),
            _ => None,
        }
    }

    /// The feature level.
    pub const fn level(self) -> i16 {
        match self {
            Self::Static => 0,
            Self::Dynamic => 1,
        }
    }

    /// The `data_version` in which this version writes the file `quorum-state`.
    pub const fn quorum_state_version(self) -> i16 {
        self.level()
    }

    /// Whether voters can change while the cluster runs.
    pub const fn is_dynamic(self) -> bool {
        matches!(self, Self::Dynamic)
    }
}
