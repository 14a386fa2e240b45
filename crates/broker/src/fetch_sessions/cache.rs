//! A bounded number of sessions, and who has to go when it is full.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use io::Entropy;

use super::session::Session;

/// How long a session is safe from larger ones and from replicas' sessions, in milliseconds.
const EVICTION_MS: i64 = 120_000;

#[derive(Debug)]
pub(super) struct SessionCache {
    slots: usize,
    entries: HashMap<i32, Entry, foldhash::fast::FixedState>,
    /// (last used, id): the stalest session first.
    by_last_use: BTreeSet<(i64, i32)>,
    /// (is a follower's, partitions, id): the cheapest to lose first.
    by_worth: BTreeSet<(bool, usize, i32)>,
}

#[derive(Debug)]
struct Entry {
    session: Arc<Mutex<Session>>,
    is_follower: bool,
    size: usize,
    created_ms: i64,
    last_used_ms: i64,
}

impl SessionCache {
    pub(super) fn new(slots: usize) -> Self {
        Self { slots, entries: HashMap::default(), by_last_use: BTreeSet::new(), by_worth: BTreeSet::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, id: i32) -> Option<Arc<Mutex<Session>>> {
        self.entries.get(&id).map(|entry| entry.session.clone())
    }

    pub(super) fn remove(&mut self, id: i32) {
        if let Some(entry) = self.entries.remove(&id) {
            self.by_last_use.remove(&(entry.last_used_ms, id));
            self.by_worth.remove(&(entry.is_follower, entry.size, id));
        }
    }

    /// Notes that a session was used and how many partitions it has now.
    pub(super) fn touch(&mut self, id: i32, size: usize, now_ms: i64) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        self.by_last_use.remove(&(entry.last_used_ms, id));
        self.by_worth.remove(&(entry.is_follower, entry.size, id));
        entry.last_used_ms = now_ms;
        entry.size = size;
        self.by_last_use.insert((now_ms, id));
        self.by_worth.insert((entry.is_follower, size, id));
    }

    /// Makes a session where there is room or can be made; its id, or `None`.
    pub(super) fn insert(
        &mut self,
        is_follower: bool,
        size: usize,
        now_ms: i64,
        entropy: &Entropy,
        make: impl FnOnce() -> Session,
    ) -> Option<i32> {
        if self.entries.len() >= self.slots && !self.evict_for(is_follower, size, now_ms) {
            return None;
        }
        let id = self.free_id(entropy);
        let session = make();
        let session = Arc::new(Mutex::new(session));
        session.lock().unwrap_or_else(PoisonError::into_inner).set_id(id);
        let entry = Entry { session, is_follower, size, created_ms: now_ms, last_used_ms: now_ms };
        self.entries.insert(id, entry);
        self.by_last_use.insert((now_ms, id));
        self.by_worth.insert((is_follower, size, id));
        Some(id)
    }

    /// Ids are random, so that a client that lost its session does not find another's.
    fn free_id(&self, entropy: &Entropy) -> i32 {
        loop {
            let id = entropy.below(i32::MAX as u64 - 1) as i32 + 1;
            if !self.entries.contains_key(&id) {
                return id;
            }
        }
    }

    /// A stale session goes first. Else the least worthy goes, if the new one is worth as much: sessions older than
    /// [`EVICTION_MS`] are open to all, younger ones of consumers to followers only.
    fn evict_for(&mut self, is_follower: bool, size: usize, now_ms: i64) -> bool {
        if let Some(&(last_used_ms, id)) = self.by_last_use.first()
            && now_ms - last_used_ms > EVICTION_MS
        {
            self.remove(id);
            return true;
        }
        let candidate = self.by_worth.iter().copied().find(|(held_by_follower, _, id)| {
            let is_old = now_ms - self.entries[id].created_ms > EVICTION_MS;
            is_old || (is_follower && !held_by_follower)
        });
        match candidate {
            Some((held_by_follower, held_size, id))
                if (is_follower, size, 0) >= (held_by_follower, held_size, id) =>
            {
                self.remove(id);
                true
            }
            // The id breaks ties in the oracle's order, and a new session's counts as the lowest.
            _ => false,
        }
    }
}
