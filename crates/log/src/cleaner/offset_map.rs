//! The last offset of each key, in memory that is bounded beforehand: hashes of keys, not keys.
//!
//! Two keys of one hash would lose the records of one of them. The hash has 128 bits and a secret of its own in each
//! cleaning, so that nobody who writes keys can aim at that.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;

use types::Offset;

/// Two words of hash, and the offset plus one; 0 is a free slot.
const WORDS: usize = 3;
/// Bytes of memory that each key may take.
const SLOT_BYTES: usize = WORDS * size_of::<u64>();
/// Slots at least.
const SLOTS_MIN: usize = 16;

/// How much a map may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapBounds {
    pub(super) bytes_max: usize,
    /// The part of its slots that may be taken.
    pub(super) load_factor: f64,
    /// So many keys are there at most: a smaller map will do.
    pub(super) keys: u64,
}

/// See the module's text.
#[derive(Debug)]
pub(super) struct OffsetMap {
    slots: Vec<u64>,
    secret: [u64; 2],
    keys: usize,
    keys_max: usize,
    /// Everything up to here is in the map.
    latest: Offset,
}

impl OffsetMap {
    /// An empty map for what follows `latest`.
    pub(super) fn new(bounds: MapBounds, secret: [u64; 2], latest: Offset) -> Self {
        let slots_max = (bounds.bytes_max / SLOT_BYTES).max(SLOTS_MIN);
        let load_factor = bounds.load_factor.clamp(0.01, 0.99);
        let wanted = (bounds.keys as f64 / load_factor) as usize;
        let slots = wanted.saturating_add(SLOTS_MIN).min(slots_max);
        // Zeroed memory is not touched before it is used.
        let words = vec![0; slots * WORDS];
        Self { slots: words, secret, keys: 0, keys_max: (slots as f64 * load_factor) as usize, latest }
    }

    /// Notes that `key` occurs at `offset`, which is above those noted before. `false`: there is no room for it.
    pub(super) fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash(key);
        let at = self.slot(hash);
        if self.slots[at + 2] == 0 {
            if self.keys == self.keys_max {
                return false;
            }
            self.keys += 1;
            self.slots[at..at + 2].copy_from_slice(&hash);
        }
        self.slots[at + 2] = offset.0.cast_unsigned().wrapping_add(1);
        true
    }

    /// The last offset of `key`; `None` where it does not occur.
    pub(super) fn get(&self, key: &[u8]) -> Option<Offset> {
        match self.slots[self.slot(self.hash(key)) + 2] {
            0 => None,
            after => Some(Offset(after.wrapping_sub(1).cast_signed())),
        }
    }

    pub(super) fn latest(&self) -> Offset {
        self.latest
    }

    pub(super) fn raise_latest(&mut self, offset: Offset) {
        self.latest = self.latest.max(offset);
    }

    /// Keys that fit.
    pub(super) fn keys_max(&self) -> usize {
        self.keys_max
    }

    /// Where the key of this hash is, or would be.
    fn slot(&self, hash: [u64; 2]) -> usize {
        let slots = self.slots.len() / WORDS;
        let mut number = (hash[0] % slots as u64) as usize;
        // Some slots are free always: `keys_max` is below their number.
        loop {
            let at = number * WORDS;
            if self.slots[at + 2] == 0 || self.slots[at..at + 2] == hash {
                return at;
            }
            number = (number + 1) % slots;
        }
    }

    fn hash(&self, key: &[u8]) -> [u64; 2] {
        self.secret.map(|secret| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(secret);
            hasher.write(key);
            hasher.finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn map(bytes_max: usize, keys: u64) -> OffsetMap {
        OffsetMap::new(MapBounds { bytes_max, load_factor: 0.9, keys }, [1, 2], Offset(-1))
    }

    #[test]
    fn it_knows_the_last_offset_of_each_key() {
        let mut map = map(1 << 20, 10_000);
        let mut model = BTreeMap::new();
        for offset in 0..10_000i64 {
            let key = (offset * offset % 1_009).to_be_bytes();
            assert!(map.put(&key, Offset(offset)));
            model.insert(key, Offset(offset));
        }
        for (key, offset) in model {
            assert_eq!(map.get(&key), Some(offset));
        }
        assert_eq!(map.get(b"another"), None);
    }

    #[test]
    fn a_full_map_takes_known_keys_only() {
        let mut map = map(SLOTS_MIN * SLOT_BYTES, 1_000);
        let taken = (0..100u8).take_while(|key| map.put(&[*key], Offset(i64::from(*key)))).count();
        assert_eq!(taken, map.keys_max());
        assert!(taken < SLOTS_MIN, "a free slot ends every search");
        assert!(map.put(&[0], Offset(200)) && !map.put(&[99], Offset(201)));
        assert_eq!((map.get(&[0]), map.get(&[99])), (Some(Offset(200)), None));
    }

    #[test]
    fn it_is_no_larger_than_its_keys_need() {
        assert!(map(1 << 30, 100).slots.len() < 1_000);
    }
}
