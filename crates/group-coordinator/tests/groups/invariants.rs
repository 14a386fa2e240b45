//! What is true of groups whatever happens. Each invariant is a function; a random run calls it where it could break.

use std::collections::{BTreeMap, BTreeSet};

use coordinator::Token;
use group_coordinator::Group;
use group_coordinator::classic::ClassicState;

use crate::world::World;

/// What a run was promised so far.
#[derive(Debug, Default)]
pub struct Book {
    /// Who was told to own a partition, by group and generation.
    owners: BTreeMap<(String, i32), BTreeMap<i32, String>>,
    /// The highest offset whose commit was acknowledged, by group and partition.
    acknowledged: BTreeMap<(String, i32), i64>,
    asked: BTreeSet<Token>,
    answered: BTreeSet<Token>,
}

impl Book {
    /// A request was sent.
    pub fn ask(&mut self, token: Token) {
        assert!(self.asked.insert(token), "tokens are not reused");
    }

    /// The commit of `offset` was acknowledged.
    pub fn acknowledge(&mut self, group: &str, partition: i32, offset: i64) {
        let known = self.acknowledged.entry((group.to_owned(), partition)).or_insert(offset);
        *known = offset.max(*known);
    }
}

/// Within one generation of a group, a partition has one owner.
pub fn no_partition_has_two_owners(
    book: &mut Book,
    group: &str,
    generation: i32,
    partition: i32,
    member: &str,
) {
    let owners = book.owners.entry((group.to_owned(), generation)).or_default();
    let owner = owners.entry(partition).or_insert_with(|| member.to_owned());
    assert_eq!(owner, member, "one owner of {group}-{partition} in generation {generation}");
}

/// What was acknowledged is still committed, crashes or not; so offsets never go back for who reads them.
pub fn acknowledged_commits_survive(book: &Book, group: &str, partition: i32, committed: Option<i64>) {
    let acknowledged = book.acknowledged.get(&(group.to_owned(), partition)).copied();
    assert!(
        committed >= acknowledged,
        "{group}-{partition}: {acknowledged:?} was acknowledged, {committed:?} is committed"
    );
}

/// A commit by a member of the generation never takes an offset back.
pub fn offsets_never_regress(book: &Book, group: &str, partition: i32, offset: i64) {
    let acknowledged = book.acknowledged.get(&(group.to_owned(), partition)).copied().unwrap_or(0);
    assert!(
        offset >= acknowledged,
        "{group}-{partition}: {offset} accepted after {acknowledged} was acknowledged"
    );
}

/// No request is answered twice, nor one that nobody sent.
pub fn every_request_is_answered_at_most_once(book: &mut Book, token: Token) {
    assert!(book.asked.contains(&token), "{token:?} was never sent");
    assert!(book.answered.insert(token), "{token:?} is answered twice");
}

/// In the end no request is left without an answer, but those whose client has gone away.
pub fn every_request_is_answered(book: &Book, gone: &BTreeSet<Token>) {
    let missing: Vec<_> =
        book.asked.difference(&book.answered).filter(|token| !gone.contains(token)).collect();
    assert!(missing.is_empty(), "without an answer: {missing:?}");
}

/// Whether every group is stable with exactly the clients that live as its members.
pub fn every_group_is_stable(world: &World) -> bool {
    let Some(shard) = world.runtime.shard() else { return false };
    world.groups().iter().all(|(group_id, clients)| match shard.groups().get(group_id) {
        Some(Group::Classic(group)) => {
            let is_whole = clients.iter().all(|client| client.is_steady(group.generation()));
            is_whole && group.state() == ClassicState::Stable && group.member_count() == clients.len()
        }
        Some(Group::Consumer(_) | Group::Modern(_)) | None => false,
    })
}
