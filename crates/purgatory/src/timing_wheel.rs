//! A hierarchical timing wheel: deadlines in buckets that get finer as they come near.
//!
//! Level 0 has a slot per tick, level 1 one per 64 ticks, and so on; eleven levels span all of `u64`. A timer lies in
//! the level of the highest digit (base 64) in which its tick differs from now, and moves down when time reaches the
//! start of its slot: at most once a level in its life.

use crate::linked_slab::{LinkedSlab, List, SlabKey};

const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = u64::BITS.div_ceil(SLOT_BITS) as usize;

/// Names a timer of one wheel until it expires or is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerKey(SlabKey);

/// Timers carrying a `T`, with O(1) insertion and cancellation. Times are milliseconds of a monotonic clock whose
/// origin the caller chooses.
#[derive(Debug)]
pub struct TimingWheel<T> {
    tick_ms: u64,
    /// The tick up to which everything has expired.
    now: u64,
    timers: LinkedSlab<Timer<T>>,
    /// Timers whose tick had come when they were inserted.
    due: List,
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Timer<T> {
    /// The first tick at whose start the deadline has passed.
    tick: u64,
    place: Place,
    value: T,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Due,
    Slot { level: usize, slot: usize },
}

#[derive(Debug)]
struct Level {
    /// A bit per slot that holds a timer.
    occupied: u64,
    slots: [List; SLOTS],
}

impl<T> TimingWheel<T> {
    /// A wheel that turns in steps of `tick_ms` (at least 1) and starts at `now_ms`.
    pub fn new(tick_ms: u64, now_ms: u64) -> Self {
        let tick_ms = tick_ms.max(1);
        Self {
            tick_ms,
            now: now_ms / tick_ms,
            timers: LinkedSlab::new(),
            due: List::default(),
            levels: Vec::new(),
        }
    }

    /// Timers that have neither expired nor been cancelled.
    pub fn len(&self) -> usize {
        self.timers.len()
    }

    /// Whether no timer is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets a timer. It expires with the first [`TimingWheel::advance`] at or after `deadline_ms` (rounded up to a
    /// tick), never before.
    pub fn insert(&mut self, deadline_ms: u64, value: T) -> TimerKey {
        let tick = deadline_ms.div_ceil(self.tick_ms);
        let place = place_of(tick, self.now);
        let list = list_at(&mut self.due, &mut self.levels, place);
        TimerKey(self.timers.push_back(list, Timer { tick, place, value }))
    }

    /// Unsets a timer and returns what it carried; `None` where it expired or was cancelled before.
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let place = self.timers.get(key.0)?.place;
        let list = list_at(&mut self.due, &mut self.levels, place);
        let timer = self.timers.remove(list, key.0)?;
        self.note_if_emptied(place);
        Some(timer.value)
    }

    /// Lets time pass until `now_ms` and appends what expired to `expired`: by deadline tick, and within one tick in
    /// the order of insertion. Time that stands still or goes back expires only what was due at insertion.
    pub fn advance(&mut self, now_ms: u64, expired: &mut Vec<T>) {
        while let Some((_, timer)) = self.timers.pop_front(&mut self.due) {
            expired.push(timer.value);
        }
        let target = (now_ms / self.tick_ms).max(self.now);
        while let Some((level, slot, start)) = self.next_slot() {
            if start > target {
                break;
            }
            self.now = start;
            self.empty_slot(level, slot, expired);
        }
        self.now = target;
    }

    /// When [`TimingWheel::advance`] has to be called next: never after the earliest deadline's tick, sometimes before
    /// it (a far deadline comes nearer in a few steps); `None` while there is no timer.
    pub fn next_advance_ms(&self) -> Option<u64> {
        if !self.due.is_empty() {
            return Some(self.now.saturating_mul(self.tick_ms));
        }
        self.next_slot().map(|(_, _, start)| start.saturating_mul(self.tick_ms))
    }

    /// The earliest occupied slot: its level, its number, its first tick. Every timer of a level comes before every
    /// timer of the levels above, because it shares more leading digits with now.
    fn next_slot(&self) -> Option<(usize, usize, u64)> {
        let (level, found) = self.levels.iter().enumerate().find(|(_, level)| level.occupied != 0)?;
        let slot = found.occupied.trailing_zeros();
        let shift = SLOT_BITS * level as u32;
        let digits_above = self.now.checked_shr(shift + SLOT_BITS).unwrap_or(0);
        let start = digits_above.checked_shl(shift + SLOT_BITS).unwrap_or(0) | (u64::from(slot) << shift);
        Some((level, slot as usize, start))
    }

    /// Time has reached the start of this slot: its timers expire or move to a lower level, in their order.
    fn empty_slot(&mut self, level: usize, slot: usize, expired: &mut Vec<T>) {
        let mut list = std::mem::take(&mut self.levels[level].slots[slot]);
        self.levels[level].occupied &= !(1 << slot);
        while let Some(key) = self.timers.front(&list) {
            let timer = self.timers.get_mut(key).expect("the front of a list is occupied");
            let place = place_of(timer.tick, self.now);
            timer.place = place;
            match place {
                Place::Due => expired.extend(self.timers.remove(&mut list, key).map(|timer| timer.value)),
                Place::Slot { .. } => {
                    let lower = list_at(&mut self.due, &mut self.levels, place);
                    self.timers.move_front(&mut list, lower);
                }
            }
        }
    }

    fn note_if_emptied(&mut self, place: Place) {
        if let Place::Slot { level, slot } = place
            && self.levels[level].slots[slot].is_empty()
        {
            self.levels[level].occupied &= !(1 << slot);
        }
    }
}

fn place_of(tick: u64, now: u64) -> Place {
    if tick <= now {
        return Place::Due;
    }
    let highest_difference = u64::BITS - 1 - (tick ^ now).leading_zeros();
    let level = (highest_difference / SLOT_BITS) as usize;
    let slot = (tick >> (SLOT_BITS * level as u32)) as usize % SLOTS;
    Place::Slot { level, slot }
}

/// The list of a place, which is about to be used: levels come into being as they are needed.
fn list_at<'a>(due: &'a mut List, levels: &'a mut Vec<Level>, place: Place) -> &'a mut List {
    let Place::Slot { level, slot } = place else { return due };
    debug_assert!(level < LEVELS, "eleven digits of six bits span 64 bits");
    while levels.len() <= level {
        levels.push(Level { occupied: 0, slots: [List::default(); SLOTS] });
    }
    levels[level].occupied |= 1 << slot;
    &mut levels[level].slots[slot]
}
