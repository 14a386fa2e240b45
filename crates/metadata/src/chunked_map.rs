//! An ordered map that is cheap to copy and cheap to change after a copy.
//!
//! Images share their maps with older images, and a cluster may have many thousands of topics: copying a whole map for
//! each created topic would make a thousand creations cost a million copies. Here entries lie in chunks of at most 256;
//! a change after a copy copies one chunk, and one pointer for each other. Chunks that two maps share are the same
//! object, so that finding what differs between them looks into changed chunks only.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Entries in a chunk, at most.
const CHUNK_MAX: usize = 256;

type Chunk<K, V> = Arc<Vec<(K, V)>>;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct ChunkedMap<K, V> {
    /// None is empty; keys ascend within and across them.
    chunks: Arc<Vec<Chunk<K, V>>>,
    len: usize,
}

impl<K, V> Default for ChunkedMap<K, V> {
    fn default() -> Self {
        Self { chunks: Arc::default(), len: 0 }
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for ChunkedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks) || (self.len == other.len && self.iter().eq(other.iter()))
    }
}

impl<K: Eq, V: Eq> Eq for ChunkedMap<K, V> {}

impl<K, V> ChunkedMap<K, V> {
    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Every entry, in the order of the keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|(key, value)| (key, value))
    }

    /// Every entry of a chunk that `other` does not share: all that differ, and some that do not.
    pub(crate) fn iter_unshared(&self, other: &Self) -> impl Iterator<Item = (&K, &V)> {
        let shared: BTreeSet<_> = other.chunks.iter().map(Arc::as_ptr).collect();
        let unshared = self.chunks.iter().filter(move |chunk| !shared.contains(&Arc::as_ptr(chunk)));
        unshared.flat_map(|chunk| chunk.iter()).map(|(key, value)| (key, value))
    }

    /// The first chunk that may hold `key`; all before it end below.
    fn chunk_of<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        let ends_below = |chunk: &Chunk<K, V>| chunk.last().is_some_and(|(last, _)| last.borrow() < key);
        self.chunks.partition_point(ends_below)
    }

    /// Chunk and place of `key`.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(usize, usize)>
    where
        K: Borrow<Q>,
    {
        let chunk = self.chunk_of(key);
        let place = self.chunks.get(chunk)?.binary_search_by(|(known, _)| known.borrow().cmp(key)).ok()?;
        Some((chunk, place))
    }

    /// The value of `key`.
    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (chunk, place) = self.find(key)?;
        Some(&self.chunks[chunk][place].1)
    }

    /// Whether there is a value of `key`.
    pub(crate) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_some()
    }

    /// Every entry from `key` on.
    pub(crate) fn iter_from<Q: Ord + ?Sized>(&self, key: &Q) -> impl Iterator<Item = (&K, &V)>
    where
        K: Borrow<Q>,
    {
        let chunk = self.chunk_of(key);
        let is_below = |(known, _): &(K, V)| known.borrow() < key;
        let skipped = self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(is_below));
        self.chunks[chunk..]
            .iter()
            .flat_map(|chunk| chunk.iter())
            .skip(skipped)
            .map(|(key, value)| (key, value))
    }
}

impl<K: Ord + Clone, V: Clone> ChunkedMap<K, V> {
    /// The value of `key`, to change it.
    pub(crate) fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let (chunk, place) = self.find(key)?;
        let chunk = Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[chunk]);
        Some(&mut chunk[place].1)
    }

    /// Sets the value of `key`.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        // A key above all others goes to the last chunk.
        let at = self.chunk_of(&key).min(self.chunks.len().saturating_sub(1));
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::default());
        }
        let chunk = Arc::make_mut(&mut chunks[at]);
        match chunk.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(place) => chunk[place].1 = value,
            Err(place) => {
                chunk.insert(place, (key, value));
                self.len += 1;
            }
        }
        if chunk.len() > CHUNK_MAX {
            let upper = chunk.split_off(CHUNK_MAX / 2);
            chunks.insert(at + 1, Arc::new(upper));
        }
    }

    /// Removes `key` and returns its value.
    pub(crate) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let (at, place) = self.find(key)?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(&mut chunks[at]);
        let (_, value) = chunk.remove(place);
        self.len -= 1;
        if chunk.is_empty() {
            chunks.remove(at);
        } else if at > 0 && chunks[at - 1].len() + chunks[at].len() <= CHUNK_MAX / 2 {
            // Small neighbours are joined, so that there are never many more chunks than needed.
            let upper = chunks.remove(at);
            Arc::make_mut(&mut chunks[at - 1]).extend(upper.iter().cloned());
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16, u8),
        Change(u16, u8),
        Remove(u16),
        Copy,
    }

    fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
        use proptest::prelude::*;
        let key = 0u16..900;
        let step = prop_oneof![
            6 => (key.clone(), any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
            1 => (key.clone(), any::<u8>()).prop_map(|(key, value)| Step::Change(key, value)),
            3 => key.prop_map(Step::Remove),
            1 => Just(Step::Copy),
        ];
        proptest::collection::vec(step, 0..2500)
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(40))]
        #[test]
        fn it_is_a_map_whose_copies_do_not_change(steps in steps()) {
            let (mut map, mut model) = (ChunkedMap::default(), BTreeMap::new());
            let (mut copy, mut copied) = (map.clone(), model.clone());
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        map.insert(key, value);
                        model.insert(key, value);
                    }
                    Step::Change(key, value) => {
                        map.get_mut(&key).into_iter().for_each(|it| *it = value);
                        model.get_mut(&key).into_iter().for_each(|it| *it = value);
                    }
                    Step::Remove(key) => assert_eq!(map.remove(&key), model.remove(&key)),
                    Step::Copy => (copy, copied) = (map.clone(), model.clone()),
                }
                assert_eq!(map.len(), model.len());
            }
            assert!(map.iter().eq(model.iter()));
            assert!(copy.iter().eq(copied.iter()));
            for key in (0..900).step_by(37) {
                assert_eq!(map.get(&key), model.get(&key));
                assert!(map.iter_from(&key).eq(model.range(key..)));
            }
            let differs = |key: &u16| copied.get(key) != model.get(key);
            let unshared: BTreeSet<_> = map.iter_unshared(&copy).map(|(key, _)| *key).collect();
            assert!(model.keys().filter(|key| differs(key)).all(|key| unshared.contains(key)));
            assert!(map.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK_MAX));
        }
    }

    #[test]
    fn one_change_leaves_all_other_chunks_shared() {
        let mut map = ChunkedMap::default();
        (0..10_000).for_each(|key| map.insert(key, ()));
        let copy = map.clone();
        map.insert(10_000, ());
        assert!(map.iter_unshared(&copy).count() <= CHUNK_MAX);
        assert_eq!(copy.iter_unshared(&copy).count(), 0);
    }
}
