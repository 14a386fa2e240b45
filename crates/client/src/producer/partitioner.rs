//! Which partition a record goes to when its sender names none.
//!
//! With a key: by its hash, the same in every Kafka client, so that a key keeps its partition whoever writes it.
//! Without: one partition at a time, changed once a batch's worth of bytes went there, so that batches fill up (KIP-794).

use types::PartitionIndex;

/// The partition of a key among `partitions` (> 0).
pub fn partition_of_key(key: &[u8], partitions: usize) -> PartitionIndex {
    let positive = murmur2(key) & 0x7fff_ffff;
    PartitionIndex((positive as usize % partitions) as i32)
}

/// MurmurHash2 in its 32-bit form, with the seed that Kafka uses.
pub fn murmur2(bytes: &[u8]) -> u32 {
    const MULTIPLIER: u32 = 0x5bd1_e995;
    let mix = |word: u32| {
        let word = word.wrapping_mul(MULTIPLIER);
        (word ^ (word >> 24)).wrapping_mul(MULTIPLIER)
    };
    let mut hash = 0x9747_b28c ^ bytes.len() as u32;
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_mul(MULTIPLIER) ^ mix(u32::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(MULTIPLIER);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

/// The partition that records without a key go to for now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StickyPartition {
    current: usize,
    bytes: usize,
}

impl StickyPartition {
    /// Starts at a place that `random` decides, so that many short-lived producers do not all fill partition 0.
    pub(crate) fn new(random: u64) -> Self {
        Self { current: (random >> 32) as usize, bytes: 0 }
    }

    /// Where a record of `size` bytes goes, among `partitions` (> 0); moves on after `batch_size` bytes.
    pub(crate) fn next(&mut self, size: usize, batch_size: usize, partitions: usize) -> PartitionIndex {
        if self.bytes > 0 && self.bytes + size > batch_size {
            self.current += 1;
            self.bytes = 0;
        }
        self.bytes += size;
        PartitionIndex((self.current % partitions) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `conformance/golden-bytes/Murmur2.java` with Apache Kafka 4.3.1.
    #[test]
    fn keys_hash_as_in_kafkas_clients() {
        let golden = include_str!("../../testdata/murmur2-4.3.1.tsv");
        assert_eq!(golden.lines().count(), 32);
        for line in golden.lines() {
            let (key, hash) = line.split_once('\t').expect("two columns");
            let key: Vec<u8> = (0..key.len() / 2)
                .map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).expect("hex digits"))
                .collect();
            assert_eq!(murmur2(&key) as i32, hash.parse::<i32>().expect("a number"), "{line}");
        }
    }

    #[test]
    fn negative_hashes_still_give_a_partition() {
        assert_eq!(murmur2(b"21") as i32, -973_932_308);
        let expected = (murmur2(b"21") & 0x7fff_ffff) % 6;
        assert_eq!(partition_of_key(b"21", 6), PartitionIndex(expected as i32));
    }

    #[test]
    fn records_without_key_stick_until_a_batch_is_full() {
        let mut sticky = StickyPartition::new(0);
        let placed: Vec<i32> = (0..8).map(|_| sticky.next(40, 100, 3).0).collect();
        assert_eq!(placed, [0, 0, 1, 1, 2, 2, 0, 0]);
        assert_eq!(sticky.next(5000, 100, 3), PartitionIndex(1), "a large record gets a batch of its own");
        assert_eq!(sticky.next(1, 100, 3), PartitionIndex(2));
    }
}
