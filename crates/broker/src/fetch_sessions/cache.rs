//! A bounded number of sessions, and who has to go when it is full.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use io::Entropy;

use super::session::Session;

/// How long a session must be idle to be stale, and how old it must be when it is used to be up for comparison with
/// new ones, in milliseconds.
const EVICTION_MS: i64 = 120_000;

/// What a session is worth: (is a follower's, partitions, id). The cheapest to lose comes first, and a new session's id
/// counts as the lowest.
type Worth = (bool, usize, i32);

#[derive(Debug)]
pub(super) struct SessionCache {
    slots: usize,
    entries: HashMap<i32, Entry, foldhash::fast::FixedState>,
    /// (last used, id): the stalest session first.
    by_last_use: BTreeSet<(i64, i32)>,
    /// Those that may have to go for a follower's new session: all of consumers, and those of followers that were in
    /// use when they were old.
    evictable_by_followers: BTreeSet<Worth>,
    /// Those that may have to go for a consumer's: all that were in use when they were old.
    evictable_by_all: BTreeSet<Worth>,
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
        Self {
            slots,
            entries: HashMap::default(),
            by_last_use: BTreeSet::new(),
            evictable_by_followers: BTreeSet::new(),
            evictable_by_all: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, id: i32) -> Option<Arc<Mutex<Session>>> {
        self.entries.get(&id).map(|entry| entry.session.clone())
    }

    pub(super) fn remove(&mut self, id: i32) {
        if let Some(entry) = self.entries.remove(&id) {
            self.forget_place(id, &entry);
        }
    }

    /// Notes that a session was used and how many partitions it has now.
    pub(super) fn touch(&mut self, id: i32, size: usize, now_ms: i64) {
        if let Some(mut entry) = self.entries.remove(&id) {
            self.forget_place(id, &entry);
            (entry.last_used_ms, entry.size) = (now_ms, size);
            self.place(id, entry, now_ms);
        }
    }

    fn forget_place(&mut self, id: i32, entry: &Entry) {
        let worth = (entry.is_follower, entry.size, id);
        self.by_last_use.remove(&(entry.last_used_ms, id));
        self.evictable_by_followers.remove(&worth);
        self.evictable_by_all.remove(&worth);
    }

    fn place(&mut self, id: i32, entry: Entry, now_ms: i64) {
        let worth = (entry.is_follower, entry.size, id);
        let is_old = now_ms - entry.created_ms > EVICTION_MS;
        self.by_last_use.insert((entry.last_used_ms, id));
        if is_old || !entry.is_follower {
            self.evictable_by_followers.insert(worth);
        }
        if is_old {
            self.evictable_by_all.insert(worth);
        }
        self.entries.insert(id, entry);
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
        self.place(id, entry, now_ms);
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

    /// A stale session goes first. Else the least worthy goes of those that the new one may be compared with, if the new
    /// one is worth as much.
    fn evict_for(&mut self, is_follower: bool, size: usize, now_ms: i64) -> bool {
        if let Some(&(last_used_ms, id)) = self.by_last_use.first()
            && now_ms - last_used_ms > EVICTION_MS
        {
            self.remove(id);
            return true;
        }
        let evictable = if is_follower { &self.evictable_by_followers } else { &self.evictable_by_all };
        match evictable.first() {
            Some(&worth) if (is_follower, size, 0) >= worth => {
                self.remove(worth.2);
                true
            }
            _ => false,
        }
    }
}
