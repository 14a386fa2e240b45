//! Committed offsets: each partition of a group is a register that several clients write and read.
//!
//! A commit takes effect at one moment between its request and its answer; one that is not answered, at a moment until
//! the life's end, or never. So a register may hold one of a few candidates, and what a reader is told has to be one of
//! them. What is acknowledged or read rules out what was over before it began: no offset goes back by itself, and none is
//! lost, whatever happens to the node.

use std::collections::BTreeMap;

use types::Uuid;

use crate::invariants::Violation;

/// A place in the order in which clients ask and are answered.
type Moment = u64;

/// A partition of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) group: String,
    pub(crate) topic: Uuid,
    pub(crate) name: String,
    pub(crate) partition: i32,
}

/// Names a commit; its metadata is this number, so that a reader knows which one it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CommitId(usize);

impl CommitId {
    /// The metadata to commit.
    pub(crate) fn metadata(self) -> String {
        self.0.to_string()
    }
}

/// All that was committed, by anybody.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    now: Moment,
    commits: Vec<Commit>,
    registers: BTreeMap<Place, Vec<Candidate>>,
}

#[derive(Debug)]
struct Commit {
    place: Place,
    offset: i64,
    began: Moment,
    is_refused: bool,
}

/// What a register may hold.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// `None`: nothing is committed.
    commit: Option<CommitId>,
    /// It has taken effect by then, or never will.
    over: Option<Moment>,
}

const NOTHING: Candidate = Candidate { commit: None, over: Some(0) };

impl Commits {
    /// A commit is about to be asked for.
    pub(crate) fn begins(&mut self, place: &Place, offset: i64) -> CommitId {
        let (began, id) = (self.tick(), CommitId(self.commits.len()));
        self.commits.push(Commit { place: place.clone(), offset, began, is_refused: false });
        let register = self.registers.entry(place.clone()).or_insert_with(|| vec![NOTHING]);
        register.push(Candidate { commit: Some(id), over: None });
        id
    }

    /// It was acknowledged: what was over before it began is overwritten.
    pub(crate) fn acknowledged(&mut self, id: CommitId) {
        let now = self.tick();
        let commit = &self.commits[id.0];
        let Some(register) = self.registers.get_mut(&commit.place) else { return };
        retain_since(register, commit.began, Some(id), now);
    }

    /// It was refused for good, with nothing done.
    pub(crate) fn refused(&mut self, id: CommitId) {
        let commit = &mut self.commits[id.0];
        commit.is_refused = true;
        if let Some(register) = self.registers.get_mut(&commit.place) {
            register.retain(|candidate| candidate.commit != Some(id));
        }
    }

    /// Somebody is about to ask what is committed.
    pub(crate) fn read_begins(&mut self) -> Moment {
        self.tick()
    }

    /// Somebody who asked at `since` was told an offset and its metadata, or that there is none.
    pub(crate) fn read(
        &mut self,
        place: &Place,
        since: Moment,
        told: Option<(i64, &str)>,
    ) -> Result<(), Violation> {
        let now = self.tick();
        let seen =
            told.map(|(offset, metadata)| self.identify(place, offset, metadata)).transpose()?.flatten();
        let register = self.registers.entry(place.clone()).or_insert_with(|| vec![NOTHING]);
        if !register.iter().any(|candidate| candidate.commit == seen) {
            let describe = |commit| describe(&self.commits, commit);
            let candidates: Vec<String> = register.iter().map(|it| describe(it.commit)).collect();
            let detail = format!("{place:?} is {}, may be {}", describe(seen), candidates.join(" or "));
            return Err(Violation::new("acknowledged_commits_stay", detail));
        }
        retain_since(register, since, seen, now);
        Ok(())
    }

    /// The commit that a reader sees; `None` where it is of an older topic of the name, which says nothing of this one.
    fn identify(&self, place: &Place, offset: i64, metadata: &str) -> Result<Option<CommitId>, Violation> {
        let broken = |invariant, why: &str| {
            let detail = format!("{place:?}: {offset} with metadata {metadata:?}: {why}");
            Err(Violation::new(invariant, detail))
        };
        let known = metadata.parse().ok().and_then(|id: usize| Some((id, self.commits.get(id)?)));
        let Some((id, commit)) = known else {
            return broken("commits_are_read_as_written", "nobody committed this");
        };
        let is_same_name = (&commit.place.group, &commit.place.name, commit.place.partition)
            == (&place.group, &place.name, place.partition);
        if commit.offset != offset || !is_same_name {
            return broken("commits_are_read_as_written", &format!("it was {commit:?}"));
        }
        if commit.is_refused {
            return broken("refused_commits_are_not_seen", "it was refused");
        }
        Ok((commit.place.topic == place.topic).then_some(CommitId(id)))
    }

    /// What was asked and not answered has taken effect or never will.
    pub(crate) fn life_ended(&mut self) {
        let now = self.tick();
        for candidate in self.registers.values_mut().flatten() {
            candidate.over.get_or_insert(now);
        }
    }

    /// Every commit that was not refused may be the last one that is left, and so may none.
    pub(crate) fn unsynced_is_lost(&mut self) {
        let over = Some(self.tick());
        for register in self.registers.values_mut() {
            *register = vec![Candidate { over, ..NOTHING }];
        }
        for (id, commit) in self.commits.iter().enumerate().filter(|(_, commit)| !commit.is_refused) {
            let register = self.registers.get_mut(&commit.place).expect("it was made when the commit began");
            register.push(Candidate { commit: Some(CommitId(id)), over });
        }
    }

    fn tick(&mut self) -> Moment {
        self.now += 1;
        self.now
    }
}

fn describe(commits: &[Commit], commit: Option<CommitId>) -> String {
    commit.map_or("nothing".to_owned(), |id| format!("{} (commit {})", commits[id.0].offset, id.0))
}

/// `effective` is known to have been there at a moment from `since` to `now`: what was over before is overwritten.
fn retain_since(register: &mut Vec<Candidate>, since: Moment, effective: Option<CommitId>, now: Moment) {
    register.retain_mut(|candidate| {
        if candidate.commit == effective {
            candidate.over.get_or_insert(now);
            return true;
        }
        candidate.over.is_none_or(|over| over >= since)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { group: "g".to_owned(), topic: Uuid::from_halves(1, 1), name: "t".to_owned(), partition: 0 }
    }

    fn told(commits: &mut Commits, offset: i64, id: CommitId) -> Option<&'static str> {
        let since = commits.read_begins();
        let result = commits.read(&place(), since, Some((offset, &id.metadata())));
        result.err().map(|violation| violation.invariant)
    }

    fn told_nothing(commits: &mut Commits) -> Option<&'static str> {
        let since = commits.read_begins();
        commits.read(&place(), since, None).err().map(|violation| violation.invariant)
    }

    const LOST: Option<&str> = Some("acknowledged_commits_stay");

    #[test]
    fn what_was_acknowledged_is_there_until_the_next_commit() {
        let mut commits = Commits::default();
        assert_eq!(told_nothing(&mut commits), None);
        let first = commits.begins(&place(), 5);
        commits.acknowledged(first);
        assert_eq!(told_nothing(&mut commits), LOST);
        assert_eq!(told(&mut commits, 5, first), None);
        let second = commits.begins(&place(), 3);
        assert_eq!(told(&mut commits, 5, first), None, "the second is not answered yet");
        commits.acknowledged(second);
        assert_eq!(told(&mut commits, 5, first), LOST);
        assert_eq!(told(&mut commits, 3, second), None, "who commits a lower offset gets it");
    }

    #[test]
    fn a_commit_without_an_answer_may_be_seen_or_not_but_not_seen_and_then_gone() {
        let mut commits = Commits::default();
        let first = commits.begins(&place(), 5);
        commits.acknowledged(first);
        let second = commits.begins(&place(), 6);
        commits.life_ended();
        assert_eq!(told(&mut commits, 6, second), None);
        assert_eq!(told(&mut commits, 5, first), LOST);
    }

    #[test]
    fn two_at_the_same_time_may_end_either_way() {
        let mut commits = Commits::default();
        let (one, other) = (commits.begins(&place(), 5), commits.begins(&place(), 6));
        commits.acknowledged(one);
        commits.acknowledged(other);
        assert_eq!(told(&mut commits, 5, one), None);
        assert_eq!(told(&mut commits, 6, other), LOST, "the first reader has seen the last");
    }

    #[test]
    fn a_power_cut_may_take_everything_that_was_not_synced() {
        let mut commits = Commits::default();
        let ids: Vec<CommitId> = (0..2)
            .map(|offset| {
                let id = commits.begins(&place(), offset);
                commits.acknowledged(id);
                id
            })
            .collect();
        commits.unsynced_is_lost();
        assert_eq!(told(&mut commits, 0, ids[0]), None);
        assert_eq!(told(&mut commits, 1, ids[1]), LOST, "what was lost stays lost");
    }

    #[test]
    fn a_refused_commit_and_an_invented_one_are_seen() {
        let mut commits = Commits::default();
        let id = commits.begins(&place(), 5);
        commits.refused(id);
        assert_eq!(told(&mut commits, 5, id), Some("refused_commits_are_not_seen"));
        assert_eq!(told(&mut commits, 4, id), Some("commits_are_read_as_written"));
        assert_eq!(told(&mut commits, 5, CommitId(9)), Some("commits_are_read_as_written"));
    }

    #[test]
    fn an_older_topic_of_the_name_says_nothing_of_this_one() {
        let mut commits = Commits::default();
        let older = Place { topic: Uuid::from_halves(0, 9), ..place() };
        let id = commits.begins(&older, 5);
        commits.acknowledged(id);
        assert_eq!(told(&mut commits, 5, id), None);
        let newer = commits.begins(&place(), 7);
        commits.acknowledged(newer);
        assert_eq!(told(&mut commits, 5, id), LOST);
    }
}
