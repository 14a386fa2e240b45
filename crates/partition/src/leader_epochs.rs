//! Where each leader epoch began in this partition's log (KIP-101, KIP-279, KIP-320).

use std::collections::BTreeMap;

use types::{LeaderEpoch, Offset};

/// The first offset of each leader epoch that the log still holds. Epochs and offsets both strictly increase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    starts: BTreeMap<LeaderEpoch, Offset>,
}

/// The answer to "where does this epoch end?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The largest known epoch that is not above the one asked for.
    pub epoch: LeaderEpoch,
    /// First offset after that epoch.
    pub end_offset: Offset,
}

impl LeaderEpochs {
    /// The epochs of a checkpoint, in its order; entries that contradict later ones give way to them.
    pub fn from_entries(entries: impl IntoIterator<Item = (LeaderEpoch, Offset)>) -> Self {
        let mut epochs = Self::default();
        for (epoch, start) in entries {
            if epoch.0 >= 0 && start.0 >= 0 {
                epochs.assign(epoch, start);
            }
        }
        epochs
    }

    /// Notes that `epoch` begins at `start`. Entries that are not below both give way. Returns whether anything
    /// changed: the checkpoint must then be written **before** the first record of the epoch.
    ///
    /// # Panics
    /// When the epoch or the offset is negative: such a batch must be refused before.
    pub fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        assert!(epoch.0 >= 0 && start.0 >= 0, "only real epochs and offsets are noted");
        if self.latest_entry().is_some_and(|(latest, at)| latest == epoch && start >= at) {
            return false;
        }
        while let Some((last, at)) = self.latest_entry() {
            if last < epoch && at < start {
                break;
            }
            self.starts.remove(&last);
        }
        self.starts.insert(epoch, start);
        true
    }

    /// Forgets epochs that began at or after `end`. Returns whether anything changed.
    pub fn truncate_from_end(&mut self, end: Offset) -> bool {
        let before = self.starts.len();
        while let Some((last, at)) = self.latest_entry() {
            if at < end {
                break;
            }
            self.starts.remove(&last);
        }
        self.starts.len() != before
    }

    /// Forgets epochs that ended at or before `start`; the one that holds `start` now begins there. Returns whether
    /// anything changed.
    pub fn truncate_from_start(&mut self, start: Offset) -> bool {
        let mut holding = None;
        while let Some((first, at)) = self.first_entry() {
            if at > start {
                break;
            }
            self.starts.remove(&first);
            let changed = holding.is_some() || at != start;
            holding = Some((first, changed));
        }
        let Some((epoch, changed)) = holding else { return false };
        self.starts.insert(epoch, start);
        changed
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.starts.clear();
    }

    /// The largest epoch.
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.latest_entry().map(|(epoch, _)| epoch)
    }

    /// The largest epoch and where it began.
    pub fn latest_entry(&self) -> Option<(LeaderEpoch, Offset)> {
        self.starts.last_key_value().map(|(epoch, start)| (*epoch, *start))
    }

    /// The smallest epoch and where it began.
    pub fn first_entry(&self) -> Option<(LeaderEpoch, Offset)> {
        self.starts.first_key_value().map(|(epoch, start)| (*epoch, *start))
    }

    /// The largest epoch below `epoch`.
    pub fn previous(&self, epoch: LeaderEpoch) -> Option<LeaderEpoch> {
        self.starts.range(..epoch).next_back().map(|(previous, _)| *previous)
    }

    /// All epochs and where they began, in order.
    pub fn entries(&self) -> impl Iterator<Item = (LeaderEpoch, Offset)> {
        self.starts.iter().map(|(epoch, start)| (*epoch, *start))
    }

    /// The epoch that the record at `offset` was or would be written in.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.entries().take_while(|(_, start)| *start <= offset).last().map(|(epoch, _)| epoch)
    }

    /// Where `requested` ends, as OffsetForLeaderEpoch answers: the latest epoch ends at the log's end; of others
    /// the largest one not above `requested` is named with the start of the next; an epoch older than all known ones
    /// ends where the oldest begins. `None` for an epoch above all known ones, or no epoch at all.
    pub fn end_of(&self, requested: LeaderEpoch, log_end: Offset) -> Option<EpochEnd> {
        if requested == LeaderEpoch::NONE {
            return None;
        }
        if self.latest() == Some(requested) {
            return Some(EpochEnd { epoch: requested, end_offset: log_end });
        }
        let (_, end_offset) = self.starts.range(LeaderEpoch(requested.0.checked_add(1)?)..).next()?;
        let floor = self.starts.range(..=requested).next_back();
        let epoch = floor.map_or(requested, |(epoch, _)| *epoch);
        Some(EpochEnd { epoch, end_offset: *end_offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(entries: &[(i32, i64)]) -> LeaderEpochs {
        LeaderEpochs::from_entries(entries.iter().map(|(e, o)| (LeaderEpoch(*e), Offset(*o))))
    }

    fn list(epochs: &LeaderEpochs) -> Vec<(i32, i64)> {
        epochs.entries().map(|(e, o)| (e.0, o.0)).collect()
    }

    #[test]
    fn an_epoch_is_noted_once() {
        let mut cache = epochs(&[(0, 0), (2, 10)]);
        assert!(!cache.assign(LeaderEpoch(2), Offset(15)));
        assert!(cache.assign(LeaderEpoch(3), Offset(15)));
        assert_eq!(list(&cache), [(0, 0), (2, 10), (3, 15)]);
    }

    #[test]
    fn contradicting_entries_give_way_to_the_newer() {
        assert_eq!(list(&epochs(&[(1, 5), (2, 10), (2, 7)])), [(1, 5), (2, 7)]);
        assert_eq!(list(&epochs(&[(1, 5), (2, 10), (3, 10)])), [(1, 5), (3, 10)]);
        assert_eq!(list(&epochs(&[(1, 5), (4, 10), (3, 12)])), [(1, 5), (3, 12)]);
        assert_eq!(list(&epochs(&[(1, 5), (4, 10), (5, 2)])), [(5, 2)]);
    }

    #[test]
    fn ends_are_answered_as_kafka_answers() {
        let cache = epochs(&[(2, 10), (4, 20), (7, 30)]);
        let end =
            |epoch: i32| cache.end_of(LeaderEpoch(epoch), Offset(99)).map(|e| (e.epoch.0, e.end_offset.0));
        assert_eq!(end(-1), None);
        assert_eq!(end(1), Some((1, 10)), "older than all known: the log begins there");
        assert_eq!(end(2), Some((2, 20)));
        assert_eq!(end(3), Some((2, 20)));
        assert_eq!(end(6), Some((4, 30)));
        assert_eq!(end(7), Some((7, 99)));
        assert_eq!(end(8), None);
        assert_eq!(end(i32::MAX), None);
    }

    #[test]
    fn truncation_keeps_the_epoch_that_holds_the_start() {
        let mut cache = epochs(&[(1, 5), (2, 10), (3, 20)]);
        assert!(cache.truncate_from_start(Offset(12)));
        assert_eq!(list(&cache), [(2, 12), (3, 20)]);
        assert!(!cache.truncate_from_start(Offset(12)));
        assert!(!cache.truncate_from_start(Offset(3)));
        assert!(cache.truncate_from_end(Offset(20)));
        assert_eq!(list(&cache), [(2, 12)]);
        assert!(!cache.truncate_from_end(Offset(13)));
        assert_eq!(cache.epoch_at(Offset(11)), None);
        assert_eq!(cache.epoch_at(Offset(12)), Some(LeaderEpoch(2)));
    }
}
