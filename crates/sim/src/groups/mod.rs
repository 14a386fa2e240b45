//! What clients know of groups: what was committed, who was told to own what.

mod commits;
mod generations;
mod holdings;
mod session;

pub(crate) use commits::{CommitId, Commits, Place};
pub(crate) use generations::{Generations, Share};
pub(crate) use holdings::{Holding, Holdings, Moment, Partitions};
pub(crate) use session::Session;

use std::collections::BTreeMap;

/// The part of the book that is about groups.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) commits: Commits,
    pub(crate) generations: Generations,
    pub(crate) holdings: Holdings,
    /// A coordinator was found: `__consumer_offsets` is there.
    pub(crate) has_offsets_topic: bool,
    /// How often what coordinators wrote may have been lost.
    pub(crate) losses: u64,
    /// Members that have their share, with the generation of it.
    pub(crate) steady: BTreeMap<String, i32>,
}

impl Groups {
    /// Nothing that was asked takes effect any more.
    pub(crate) fn life_ended(&mut self) {
        self.commits.life_ended();
        self.steady.clear();
    }

    /// What was not synced may be gone; where the topic of offsets is flushed, nothing that was acknowledged.
    pub(crate) fn power_was_cut(&mut self, is_flushed: bool) {
        if !is_flushed {
            self.losses += 1;
            self.commits.unsynced_is_lost();
            self.generations.unsynced_is_lost();
            self.holdings.unsynced_is_lost();
        }
    }
}
