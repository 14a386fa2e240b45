//! Who waits on which key.

use std::hash::Hash;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::linked_slab::{LinkedSlab, List, SlabKey};

/// Names one watch until it is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WatchKey(SlabKey);

/// Lists of watchers `W` under keys `K`. A key without watchers takes no memory.
#[derive(Debug)]
pub struct Watchers<K, W> {
    lists: HashMap<K, List, FixedState>,
    watches: LinkedSlab<(K, W)>,
}

impl<K: Clone + Eq + Hash, W> Default for Watchers<K, W> {
    fn default() -> Self {
        Self { lists: HashMap::default(), watches: LinkedSlab::new() }
    }
}

impl<K: Clone + Eq + Hash, W> Watchers<K, W> {
    /// Puts a watcher behind those that already wait on `key`. O(1).
    pub fn watch(&mut self, key: K, watcher: W) -> WatchKey {
        let list = self.lists.entry(key.clone()).or_default();
        WatchKey(self.watches.push_back(list, (key, watcher)))
    }

    /// Removes one watch; `None` where it is gone already. O(1).
    pub fn unwatch(&mut self, watch: WatchKey) -> Option<W> {
        let (key, _) = self.watches.get(watch.0)?;
        let key = key.clone();
        let list = self.lists.get_mut(&key)?;
        let (_, watcher) = self.watches.remove(list, watch.0)?;
        if list.is_empty() {
            self.lists.remove(&key);
            if self.lists.is_empty() {
                self.lists.shrink_to_fit();
            }
        }
        Some(watcher)
    }

    /// Who waits on `key`, in the order in which they came.
    pub fn of(&self, key: &K) -> impl Iterator<Item = &W> {
        self.lists.get(key).into_iter().flat_map(|list| self.watches.iter(list)).map(|(_, watcher)| watcher)
    }

    /// Keys that somebody waits on.
    pub fn keys(&self) -> usize {
        self.lists.len()
    }

    /// Watches in all: a watcher of three keys counts three times.
    pub fn len(&self) -> usize {
        self.watches.len()
    }

    /// Whether nobody waits on anything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
