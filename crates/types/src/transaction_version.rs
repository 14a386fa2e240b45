//! `transaction.version`, a feature of the cluster.

/// How transactions are kept (KIP-890): the levels of the feature `transaction.version`. A client speaks of one as well:
/// newer versions of its requests mean the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TransactionVersion {
    /// As since Kafka 0.11.
    #[default]
    V0,
    /// Records of the transaction log may have tagged fields.
    V1,
    /// A producer's epoch rises with the end of each transaction, and partitions join one by being written to.
    V2,
}

impl TransactionVersion {
    /// The version of this feature level; `None` for one that Kafka 4.3 does not know.
    pub const fn from_level(level: i16) -> Option<Self> {
        match level {
            0 => Some(Self::V0),
            1 => Some(Self::V1),
            2 => Some(Self::V2),
            _ => None,
        }
    }

    /// Its feature level.
    pub const fn level(self) -> i16 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }

    /// Whether the end of a transaction raises the producer's epoch.
    pub const fn bumps_epochs(self) -> bool {
        matches!(self, Self::V2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_the_version_of_that_level() {
        for level in 0..=2 {
            assert_eq!(TransactionVersion::from_level(level).map(TransactionVersion::level), Some(level));
        }
        assert_eq!([-1, 3].map(TransactionVersion::from_level), [None, None]);
        assert!(TransactionVersion::V1 < TransactionVersion::V2 && !TransactionVersion::V1.bumps_epochs());
    }
}
