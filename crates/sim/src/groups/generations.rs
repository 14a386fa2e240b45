//! Generations of groups: what leaders handed in, and what members were told.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::invariants::Violation;

/// Topic names and partitions.
pub(crate) type Share = BTreeSet<(String, i32)>;

/// What clients know of the generations of all groups.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    known: BTreeMap<(String, i32), Generation>,
    /// The highest generation of each group of which a member was told its share: it is in the log.
    told: BTreeMap<String, i32>,
    /// Whose a member id is. One that was given in an answer that was lost is nobody's.
    owners: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Generation {
    /// The leader's assignments, by member id; a crash may have taken the first before it was written down.
    handed_in: Vec<BTreeMap<String, Bytes>>,
    owners: BTreeMap<(String, i32), String>,
}

impl Generations {
    /// The generation that members of the group were told last.
    pub(crate) fn floor(&self, group: &str) -> i32 {
        self.told.get(group).copied().unwrap_or(-1)
    }

    /// A member that asked when the group's last generation was `floor` has joined this one. An owner is a static member's
    /// instance, or a member's id.
    pub(crate) fn joined(
        &mut self,
        group: &str,
        floor: i32,
        generation: i32,
        member_id: &str,
        owner: &str,
    ) -> Result<(), Violation> {
        self.owners.insert(member_id.to_owned(), owner.to_owned());
        if generation < floor {
            let detail = format!("{group}: joined {generation} after {floor} was told");
            return Err(Violation::new("generations_never_fall", detail));
        }
        Ok(())
    }

    /// The leader is about to hand its assignment in.
    pub(crate) fn handed_in(&mut self, group: &str, generation: i32, shares: BTreeMap<String, Bytes>) {
        self.known.entry((group.to_owned(), generation)).or_default().handed_in.push(shares);
    }

    /// A member was told its share.
    pub(crate) fn synced(
        &mut self,
        group: &str,
        generation: i32,
        owner: &str,
        told: &Bytes,
        share: &Share,
    ) -> Result<(), Violation> {
        let floor = self.told.entry(group.to_owned()).or_insert(generation);
        *floor = generation.max(*floor);
        let known = self.known.entry((group.to_owned(), generation)).or_default();
        // A static member takes over what was assigned to an id of its own that it may never have heard of.
        let is_own = |member_id: &String| self.owners.get(member_id).is_none_or(|known| known == owner);
        let is_from_leader = |handed_in: &BTreeMap<String, Bytes>| {
            handed_in.iter().any(|(member_id, share)| is_own(member_id) && share == told)
        };
        if !told.is_empty() && !known.handed_in.iter().any(is_from_leader) {
            let detail = format!("{owner} in {group} {generation}: {share:?} is from no leader");
            return Err(Violation::new("members_get_what_the_leader_assigned", detail));
        }
        for partition in share {
            let first = known.owners.entry(partition.clone()).or_insert_with(|| owner.to_owned());
            if *first != owner {
                let detail = format!("{partition:?} in {group} {generation}: {first} and {owner}");
                return Err(Violation::new("partitions_have_one_owner", detail));
            }
        }
        Ok(())
    }

    /// Generations may begin again from any that was.
    pub(crate) fn unsynced_is_lost(&mut self) {
        self.told.clear();
        // What leaders handed in may still be told; who owned what before the loss is another world.
        for generation in self.known.values_mut() {
            generation.owners.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(partitions: &[i32]) -> (Bytes, Share) {
        let bytes: Vec<u8> = partitions.iter().map(|index| *index as u8).collect();
        (bytes.into(), partitions.iter().map(|index| ("t".to_owned(), *index)).collect())
    }

    fn synced(generations: &mut Generations, owner: &str, partitions: &[i32]) -> Option<&'static str> {
        let (told, share) = share(partitions);
        generations.synced("g", 3, owner, &told, &share).err().map(|violation| violation.invariant)
    }

    #[test]
    fn a_share_is_what_the_leader_assigned_to_this_member() {
        let mut generations = Generations::default();
        let shares = [("a".to_owned(), share(&[0]).0), ("b".to_owned(), share(&[1]).0)].into();
        for owner in ["a", "b"] {
            assert!(generations.joined("g", -1, 3, owner, owner).is_ok());
        }
        generations.handed_in("g", 3, shares);
        assert_eq!(synced(&mut generations, "a", &[0]), None);
        assert_eq!(synced(&mut generations, "b", &[0]), Some("members_get_what_the_leader_assigned"));
        assert_eq!(synced(&mut generations, "c", &[]), None, "whom the leader forgot gets nothing");
    }

    #[test]
    fn two_owners_of_one_generation_are_seen() {
        let mut generations = Generations::default();
        for owner in ["a", "b"] {
            generations.handed_in("g", 3, [(owner.to_owned(), share(&[0]).0)].into());
        }
        assert_eq!(synced(&mut generations, "a", &[0]), None);
        assert_eq!(synced(&mut generations, "b", &[0]), Some("partitions_have_one_owner"));
    }

    #[test]
    fn a_generation_from_before_is_seen() {
        let mut generations = Generations::default();
        generations.handed_in("g", 3, BTreeMap::new());
        assert_eq!(synced(&mut generations, "a", &[]), None);
        let mut joins = |floor, generation| generations.joined("g", floor, generation, "a", "a").is_ok();
        assert!(joins(3, 3), "a static member came back");
        assert!(!joins(3, 2));
        assert_eq!(generations.floor("g"), 3);
        generations.unsynced_is_lost();
        assert_eq!(generations.floor("g"), -1);
    }
}
