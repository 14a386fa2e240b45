//! Which partition a record goes to when its sender names none.
//!
//! With a key: by its hash, the same in every Kafka client, so that a key keeps its partition whoever writes it.
//! Without: one partition at a time, changed once a batch's worth of bytes went there, so that batches fill up (KIP-794).

use types::PartitionIndex;

use crate::metadata::TopicMetadata;
use crate::producer::ProducerRecord;

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

/// Chooses partitions in place of the rules above (`partitioner.class`).
pub trait Partitioner: std::fmt::Debug + Send + Sync {
    /// Where a record goes that names no partition; `topic` has at least one.
    fn partition(&self, record: &ProducerRecord<'_>, topic: &TopicMetadata) -> PartitionIndex;
}

/// The partition that records without a key go to for now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StickyPartition {
    current: Option<PartitionIndex>,
    bytes: usize,
}

impl StickyPartition {
    /// Where a record of `size` bytes goes; another is chosen after `batch_size` bytes, so that batches fill up.
    pub(crate) fn next(
        &mut self,
        size: usize,
        batch_size: usize,
        choose: impl FnOnce() -> PartitionIndex,
    ) -> PartitionIndex {
        let is_full = self.bytes > 0 && self.bytes + size > batch_size;
        let current = match self.current.filter(|_| !is_full) {
            Some(current) => current,
            None => {
                self.bytes = 0;
                choose()
            }
        };
        self.current = Some(current);
        self.bytes += size;
        current
    }
}

/// Chooses among partitions by the batches that wait in them: the fewer, the likelier, so that a slow broker is given less
/// (KIP-794). Those with `None` get nothing unless all are so.
pub(crate) fn choose(loads: &[(PartitionIndex, Option<usize>)], random: u64) -> PartitionIndex {
    let longest = loads.iter().filter_map(|(_, load)| *load).max();
    let weight = |load: Option<usize>| match longest {
        None => 1,
        Some(longest) => load.map_or(0, |load| (longest + 1 - load) as u64),
    };
    let total: u64 = loads.iter().map(|(_, load)| weight(*load)).sum();
    let mut left = random % total.max(1);
    for (partition, load) in loads {
        match left.checked_sub(weight(*load)) {
            None => return *partition,
            Some(rest) => left = rest,
        }
    }
    PartitionIndex(0)
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
        let mut sticky = StickyPartition::default();
        let mut order = 0..;
        let mut place = |size| sticky.next(size, 100, || PartitionIndex(order.next().unwrap_or_default())).0;
        assert_eq!([40; 8].map(&mut place), [0, 0, 1, 1, 2, 2, 3, 3]);
        assert_eq!(place(5000), 4, "a large record gets a batch of its own");
        assert_eq!(place(1), 5);
    }

    #[test]
    fn the_less_waits_in_a_partition_the_more_it_is_given() {
        let index = PartitionIndex;
        let count = |loads: &[(PartitionIndex, Option<usize>)], wanted| {
            (0..2100).filter(|random| choose(loads, *random) == index(wanted)).count()
        };
        let even = [(index(0), Some(0)), (index(1), Some(0))];
        assert_eq!((count(&even, 0), count(&even, 1)), (1050, 1050));
        // Weights 10, 6, 4 and 1, as in Kafka's BuiltInPartitioner: longest + 1 - load.
        let uneven = [(index(0), Some(0)), (index(1), Some(4)), (index(2), Some(6)), (index(3), Some(9))];
        assert_eq!([0, 1, 2, 3].map(|wanted| count(&uneven, wanted)), [1000, 600, 400, 100]);
        let stuck = [(index(0), None), (index(1), Some(7))];
        assert_eq!(
            (count(&stuck, 0), count(&stuck, 1)),
            (0, 2100),
            "a broker that takes nothing is given nothing"
        );
        assert_eq!(count(&[(index(0), None), (index(1), None)], 0), 1050, "unless there is no other");
    }
}
