//! Newtypes for numbers that can be confused with one another.

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(pub $inner);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl From<$name> for $inner {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

number! {
    /// Position of a record in a partition's log; the first is 0.
    Offset(i64)
}
number! {
    /// Counts the leaders of a partition or of the quorum; −1 where none is known (KIP-101).
    LeaderEpoch(i32)
}
number! {
    /// A broker's or controller's `node.id`; −1 where there is none.
    NodeId(i32)
}
number! {
    /// A partition's number within its topic, from 0.
    PartitionIndex(i32)
}
number! {
    /// Identifies an idempotent or transactional producer; −1 for a plain one (KIP-98).
    ProducerId(i64)
}
number! {
    /// Fences older instances of one producer id; −1 for a plain producer (KIP-98).
    ProducerEpoch(i16)
}
number! {
    /// A producer's number of a record within one partition; wraps from `i32::MAX` to 0 (KIP-98).
    Sequence(i32)
}
number! {
    /// One registration of a broker: the offset of its record in the metadata log; −1 where unknown.
    BrokerEpoch(i64)
}

impl Offset {
    /// This offset moved by `delta` records.
    pub const fn plus(self, delta: i64) -> Self {
        Self(self.0 + delta)
    }
}

impl LeaderEpoch {
    /// No epoch is known.
    pub const NONE: Self = Self(-1);
}

impl NodeId {
    /// No node.
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// A producer without idempotence.
    pub const NONE: Self = Self(-1);
}

impl ProducerEpoch {
    /// A producer without idempotence.
    pub const NONE: Self = Self(-1);
}

impl Sequence {
    /// A producer without idempotence.
    pub const NONE: Self = Self(-1);

    /// The sequence `delta` (≥ 0) records later, wrapping from `i32::MAX` to 0.
    pub const fn plus(self, delta: i32) -> Self {
        Self(((self.0 as i64 + delta as i64) % (i32::MAX as i64 + 1)) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_wraps_to_zero_after_the_largest_int() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(3), Sequence(1));
        assert_eq!(Sequence(5).plus(0), Sequence(5));
    }
}
