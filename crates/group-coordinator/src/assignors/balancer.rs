//! Which of a topic's subscribers is to get the next partition, and which is to give one away.
//!
//! ```text
//!            ^                       busiest
//!            |                      [##    ]#   <- has nothing to give away
//! partitions | idlest            ###[######]#
//!            | [...->   ]###########[######]#
//!            | [########]###########[######]#
//!            +---------------------------------> members, by load
//! ```
//!
//! Both ranges are of members with as many partitions each. The idle one grows to the right as its members are filled up to
//! its neighbours, the busy one to the left; there is no more to gain when they differ by one partition or less.

/// The subscribers of a topic, by load.
#[derive(Debug, Default)]
pub(super) struct Balancer {
    /// Indexes of members.
    sorted: Vec<usize>,
    /// Members at the start of `sorted` that are filled together.
    idle_end: usize,
    idle_load: i64,
    idle_next: usize,
    /// Members of `sorted` that are emptied together.
    busy: std::ops::Range<usize>,
    busy_load: i64,
    /// One past the place of the one that gives next.
    busy_next_end: usize,
}

impl Balancer {
    /// Begins with these subscribers, whose loads are `loads[member]`; the first of equals is filled first. Gives back how
    /// far the loads differ.
    pub(super) fn begin(&mut self, subscribers: &[usize], loads: &[i64]) -> i64 {
        self.sorted.clear();
        self.sorted.extend_from_slice(subscribers);
        self.sorted.sort_by_key(|member| (loads[*member], *member));
        let load_of = |member: Option<&usize>| member.map_or(0, |member| loads[*member]);
        let (least, most) = (load_of(self.sorted.first()), load_of(self.sorted.last()));
        self.idle_end = 0;
        self.idle_load = least - 1;
        self.idle_next = 0;
        self.busy = self.sorted.len()..self.sorted.len();
        self.busy_load = most + 1;
        self.busy_next_end = self.sorted.len();
        most - least
    }

    /// The member that gets the next partition; it is taken to get it. `None` without subscribers.
    pub(super) fn next_idle(&mut self, loads: &[i64]) -> Option<usize> {
        if self.idle_next >= self.idle_end {
            self.idle_load += 1;
            while self.sorted.get(self.idle_end).is_some_and(|member| loads[*member] == self.idle_load) {
                self.idle_end += 1;
            }
            self.idle_next = 0;
        }
        let member = self.sorted.get(self.idle_next).copied();
        self.idle_next += 1;
        member
    }

    /// The member that gives the next partition; it is taken to give it. `None` where nobody is left.
    pub(super) fn next_busy(&mut self, loads: &[i64]) -> Option<usize> {
        if self.busy_next_end <= self.busy.start {
            match self.busy.start.checked_sub(1) {
                // All of the range had nothing to give: on to the next load, however far down it is.
                Some(next) if self.busy.is_empty() => self.busy_load = loads[self.sorted[next]],
                _ => self.busy_load -= 1,
            }
            while self.busy.start > 0 && loads[self.sorted[self.busy.start - 1]] == self.busy_load {
                self.busy.start -= 1;
            }
            self.busy_next_end = self.busy.end;
        }
        self.busy_next_end = self.busy_next_end.checked_sub(1)?;
        Some(self.sorted[self.busy_next_end])
    }

    /// The last one that [`Balancer::next_busy`] gave has nothing to give, and is not asked again.
    pub(super) fn exclude_last_busy(&mut self) {
        self.busy.end -= 1;
        self.sorted.swap(self.busy_next_end, self.busy.end);
    }

    /// Whether moving partitions gains nothing more.
    pub(super) fn is_balanced(&self) -> bool {
        self.busy_load - self.idle_load <= 1
    }
}
