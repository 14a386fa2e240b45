//! Requests that name the same thing twice. Kafka gathers what it is asked in maps: each thing is done, and answered,
//! once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// One item for each key, at the place of the first; what later ones of the same key bring goes to `absorb`.
pub(crate) fn merge<T, K: Ord>(
    items: Vec<T>,
    key: impl Fn(&T) -> K,
    mut absorb: impl FnMut(&mut T, T),
) -> Vec<T> {
    if items.len() < 2 {
        return items;
    }
    let mut places = BTreeMap::new();
    let mut kept: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        match places.entry(key(&item)) {
            Entry::Occupied(place) => absorb(&mut kept[*place.get()], item),
            Entry::Vacant(free) => {
                free.insert(kept.len());
                kept.push(item);
            }
        }
    }
    kept
}

/// The last item of each key, at the place of the first.
pub(crate) fn last_of_each<T, K: Ord>(items: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    merge(items, key, |kept, later| *kept = later)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_each_stands_where_the_first_stood() {
        let items = vec![("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)];
        assert_eq!(last_of_each(items, |item| item.0), [("a", 3), ("b", 5), ("c", 4)]);
    }
}
