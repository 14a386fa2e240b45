//! What members of consumer groups (KIP-848) were told to have, and have not given up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use types::Uuid;

use super::Session;
use crate::invariants::Violation;

/// Partitions of topics, by id.
pub(crate) type Partitions = BTreeSet<(Uuid, i32)>;

/// What clients know of all consumer groups.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    /// By the name of the actor, which has one member at a time.
    members: BTreeMap<String, Holding>,
    /// The highest epoch of each group that a member was told: it is in the log.
    told: BTreeMap<String, i32>,
}

/// What one member has.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) group: String,
    pub(crate) member_id: String,
    pub(crate) epoch: i32,
    pub(crate) partitions: Partitions,
    /// `None`: the coordinator owes it nothing.
    pub(crate) session: Option<Session>,
}

/// What decides whether a session lasts.
pub(crate) struct Moment {
    pub(crate) births: Vec<Duration>,
    pub(crate) now: Duration,
    pub(crate) losses: u64,
}

impl Holding {
    fn lasts(&self, moment: &Moment) -> bool {
        self.session.is_some_and(|session| session.holds(&moment.births, moment.now, moment.losses))
    }
}

impl Holdings {
    /// The highest epoch that members of the group were told.
    pub(crate) fn floor(&self, group: &str) -> i32 {
        self.told.get(group).copied().unwrap_or(0)
    }

    /// Who has this member id.
    pub(crate) fn of_member(&self, member_id: &str) -> Option<&Holding> {
        self.members.values().find(|holding| holding.member_id == member_id)
    }

    /// A member was told its epoch, which is not below `floor`, and perhaps partitions. What it had before it has until it
    /// says that it gave it up.
    pub(crate) fn told(
        &mut self,
        who: &str,
        floor: i32,
        mut holding: Holding,
        moment: &Moment,
    ) -> Result<(), Violation> {
        let Holding { group, epoch, .. } = &holding;
        if *epoch < floor {
            let detail = format!("{who} in {group}: told {epoch} after {floor}");
            return Err(Violation::new("member_epochs_never_fall", detail));
        }
        let highest = self.told.entry(group.clone()).or_insert(*epoch);
        *highest = (*highest).max(*epoch);
        // An answer that came so late that the session may be over says nothing of now.
        if holding.lasts(moment) {
            self.one_owner(who, &holding, moment)?;
        }
        if let Some(before) = self.members.remove(who) {
            holding.partitions.extend(before.partitions);
        }
        self.members.insert(who.to_owned(), holding);
        Ok(())
    }

    fn one_owner(&self, who: &str, holding: &Holding, moment: &Moment) -> Result<(), Violation> {
        let others = self
            .members
            .iter()
            .filter(|(other, held)| *other != who && held.group == holding.group && held.lasts(moment));
        for (other, held) in others {
            if let Some(both) = held.partitions.intersection(&holding.partitions).next() {
                let detail = format!("{both:?} of {} in {}: {other} and {who}", holding.group, holding.epoch);
                return Err(Violation::new("partitions_have_one_owner", detail));
            }
        }
        Ok(())
    }

    /// The member is about to say that it has these and no others.
    pub(crate) fn keeps_only(&mut self, who: &str, partitions: &Partitions) {
        if let Some(holding) = self.members.get_mut(who) {
            holding.partitions.retain(|partition| partitions.contains(partition));
        }
    }

    /// The member is no more, or has given up everything.
    pub(crate) fn is_gone(&mut self, who: &str) {
        self.members.remove(who);
    }

    /// Epochs may begin again from any that was, and who had what may be forgotten.
    pub(crate) fn unsynced_is_lost(&mut self) {
        self.told.clear();
        self.members.values_mut().for_each(|holding| holding.partitions.clear());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(now_ms: u64) -> Moment {
        Moment { births: Vec::new(), now: Duration::from_millis(now_ms), losses: 0 }
    }

    fn holding(epoch: i32, partitions: &[i32]) -> Holding {
        let session = Session { heard: Duration::ZERO, length: Duration::from_millis(100), losses: 0 };
        Holding {
            group: "k".to_owned(),
            member_id: String::new(),
            epoch,
            partitions: partitions.iter().map(|index| (Uuid::ZERO, *index)).collect(),
            session: Some(session),
        }
    }

    fn invariant(result: Result<(), Violation>) -> Option<&'static str> {
        result.err().map(|violation| violation.invariant)
    }

    #[test]
    fn a_partition_that_was_not_given_up_is_seen_with_another() {
        let twice = Some("partitions_have_one_owner");
        let mut holdings = Holdings::default();
        assert!(holdings.told("a", 0, holding(1, &[0, 1]), &moment(0)).is_ok());
        assert!(holdings.told("a", 1, holding(2, &[0]), &moment(1)).is_ok());
        assert_eq!(invariant(holdings.told("b", 1, holding(2, &[1]), &moment(2))), twice);
        holdings.keeps_only("a", &holding(2, &[0]).partitions);
        assert_eq!(invariant(holdings.told("b", 1, holding(2, &[1]), &moment(2))), None);
        assert_eq!(invariant(holdings.told("b", 2, holding(3, &[0]), &moment(3))), twice);
        assert_eq!(
            invariant(holdings.told("b", 2, holding(3, &[0]), &moment(200))),
            None,
            "sessions are over"
        );
    }

    #[test]
    fn an_epoch_that_fell_is_seen() {
        let mut holdings = Holdings::default();
        assert!(holdings.told("a", 0, holding(4, &[]), &moment(0)).is_ok());
        assert_eq!(holdings.floor("k"), 4);
        assert_eq!(
            invariant(holdings.told("b", 4, holding(3, &[]), &moment(0))),
            Some("member_epochs_never_fall")
        );
        holdings.unsynced_is_lost();
        assert_eq!(holdings.floor("k"), 0);
    }
}
