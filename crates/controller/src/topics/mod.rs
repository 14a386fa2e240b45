//! Topics: created, deleted, given more partitions.

pub mod create;
pub mod create_partitions;
pub mod delete;
pub mod name_rules;

use std::collections::BTreeMap;

/// Most partitions that one request may create.
pub const PARTITIONS_PER_REQUEST_MAX: u64 = 10_000;

/// How often each item occurs.
fn counts<'a, T: Ord + 'a>(items: impl Iterator<Item = &'a T>) -> BTreeMap<&'a T, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    counts
}
