//! The order in which Java's `HashMap` and `HashSet` are gone through: by the place of the key's hash in the table, and
//! within one place by age. A table doubles when it is three quarters full, and never shrinks; doubling keeps the order
//! within a place. So what counts is how large the table began, how many keys it held at most, and the keys by age.

use types::Uuid;

/// The size of one table.
#[derive(Clone, Copy, Debug)]
pub(super) struct HashOrder {
    table: usize,
}

const TABLE_DEFAULT: usize = 16;

impl HashOrder {
    /// `new HashMap<>(capacity)`; `new HashSet<>(capacity)` is the same.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { table: capacity.max(1).next_power_of_two() }
    }

    /// `new HashMap<>()` with so many keys put in.
    pub(super) fn of_map_grown_to(keys: usize) -> Self {
        let mut order = Self::default();
        order.grow_to(keys);
        order
    }

    /// `new HashSet<>(collection)`, as Java 17 does it; from 19 on it takes a smaller table for 12, 24, … keys.
    pub(super) fn of_set_copied_from(keys: usize) -> Self {
        Self::with_capacity(padded(keys).max(TABLE_DEFAULT))
    }

    /// There are so many keys now.
    pub(super) fn grow_to(&mut self, keys: usize) {
        while keys > self.table * 3 / 4 {
            self.table *= 2;
        }
    }

    /// Where keys of these hashes, oldest first, come in: indexes into the list.
    pub(super) fn order_by_hash(self, hashes: impl Iterator<Item = i32>) -> Vec<usize> {
        let mut placed: Vec<(usize, usize)> = hashes.map(|hash| self.place(hash)).zip(0..).collect();
        placed.sort_unstable();
        placed.into_iter().map(|(_, index)| index).collect()
    }

    /// Where in the table a key of this hash is.
    pub(super) fn place(self, hash: i32) -> usize {
        let bits = hash.cast_unsigned();
        (bits ^ (bits >> 16)) as usize & (self.table - 1)
    }
}

impl Default for HashOrder {
    fn default() -> Self {
        Self { table: TABLE_DEFAULT }
    }
}

/// Kafka's and Java's way of making room for so many keys: `(int) (keys / 0.75f) + 1`.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as Java does"
)]
pub(super) fn padded(keys: usize) -> usize {
    (keys as f32 / 0.75) as usize + 1
}

/// Java's `String.hashCode`.
pub(super) fn hash_of_text(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `Uuid.hashCode`, Kafka's.
pub(super) fn hash_of_id(id: Uuid) -> i32 {
    let bits = u128::from_be_bytes(*id.as_bytes());
    let halves = (bits >> 64) as u64 ^ bits as u64;
    ((halves >> 32) as u32 ^ halves as u32).cast_signed()
}
