//! A consumer as clients write them: joins, assigns if it leads, syncs, reads on from what is committed, commits.

use bytes::Bytes;
use group_coordinator::classic::{
    Heartbeat, JoinGroup, Joined, LeaveGroup, LeavingMember, Protocol, SyncGroup,
};
use group_coordinator::offsets::{CommitOffset, CommitOffsets, FetchOffsets, FetchedOffsets};
use group_coordinator::{GroupError, GroupReply, GroupRequest};
use types::{Offset, TopicPartition, Uuid};

use crate::invariants::{
    Book, acknowledged_commits_survive, no_partition_has_two_owners, offsets_never_regress,
};
use crate::words::bytes;

/// Partitions of the topic that all read.
pub const PARTITIONS: i32 = 4;

/// What it does when it next can.
#[derive(Clone, Debug, PartialEq)]
enum Plan {
    Join,
    Sync { assignments: Vec<(String, Bytes)> },
    Fetch,
    Work,
}

/// One process of a consumer.
#[derive(Debug)]
pub struct Client {
    pub name: String,
    pub group: String,
    pub instance: Option<String>,
    pub session_timeout_ms: i32,
    pub rebalance_timeout_ms: i32,
    member_id: String,
    generation: i32,
    plan: Plan,
    /// Partitions it was given, with the next offset to commit.
    owned: Vec<(i32, i64)>,
    /// It works in the generation that it was told last.
    is_assigned: bool,
    /// Makes the ids of its members.
    lives: u64,
}

impl Client {
    pub fn new(name: &str, group: &str, instance: Option<String>, session_s: i32, rebalance_s: i32) -> Self {
        Self {
            name: name.to_owned(),
            group: group.to_owned(),
            instance,
            session_timeout_ms: session_s * 1_000,
            rebalance_timeout_ms: rebalance_s * 1_000,
            member_id: String::new(),
            generation: -1,
            plan: Plan::Join,
            owned: Vec::new(),
            is_assigned: false,
            lives: 0,
        }
    }

    /// Whether it works in this generation.
    pub fn is_steady(&self, generation: i32) -> bool {
        self.is_assigned && self.plan == Plan::Work && self.generation == generation
    }

    /// The process is replaced by a new one.
    pub fn restart(&mut self) {
        self.member_id.clear();
        self.join_again();
    }

    /// What it was given is not its own any more.
    pub fn join_again(&mut self) {
        self.owned.clear();
        self.is_assigned = false;
        self.plan = Plan::Join;
    }

    /// Joins again of its own accord, unless it waits for an answer.
    pub fn join_again_if_free(&mut self, is_waiting: bool) {
        if !is_waiting {
            self.join_again();
        }
    }

    /// Leaves its group: static members do not, for they come back.
    pub fn leave(&self) -> Option<GroupRequest> {
        let is_dynamic = self.instance.is_none() && !self.member_id.is_empty();
        is_dynamic.then(|| {
            let member =
                LeavingMember { member_id: self.member_id.clone(), group_instance_id: None, reason: None };
            GroupRequest::Leave(LeaveGroup { group_id: self.group.clone(), members: vec![member] })
        })
    }

    /// Its next request. `commits`: it does work, else it only tells that it is alive.
    pub fn request(&mut self, commits: bool) -> GroupRequest {
        let (group_id, member_id) = (self.group.clone(), self.member_id.clone());
        let group_instance_id = self.instance.clone();
        match &self.plan {
            Plan::Join => self.join(),
            Plan::Sync { assignments } => GroupRequest::Sync(SyncGroup {
                group_id,
                generation: self.generation,
                member_id,
                group_instance_id,
                protocol_type: Some("consumer".to_owned()),
                protocol_name: Some("range".to_owned()),
                assignments: assignments.clone(),
            }),
            Plan::Fetch => {
                let partitions = self.owned.iter().map(|(partition, _)| TopicPartition::new("t", *partition));
                let partitions = Some(partitions.collect());
                GroupRequest::FetchOffsets(FetchOffsets {
                    group_id,
                    member: None,
                    partitions,
                    require_stable: true,
                })
            }
            Plan::Work if commits && !self.owned.is_empty() => GroupRequest::CommitOffsets(CommitOffsets {
                group_id,
                member_id,
                group_instance_id,
                generation_or_member_epoch: self.generation,
                knows_member_epochs: true,
                retention_ms: None,
                offsets: self.owned.iter().map(|&(partition, next)| commit(partition, next)).collect(),
            }),
            Plan::Work => GroupRequest::Heartbeat(Heartbeat {
                group_id,
                generation: self.generation,
                member_id,
                group_instance_id,
            }),
        }
    }

    fn join(&mut self) -> GroupRequest {
        self.lives += 1;
        let number = self.name.bytes().fold(0, |sum, byte| sum * 256 + u64::from(byte));
        GroupRequest::Join(JoinGroup {
            group_id: self.group.clone(),
            member_id: self.member_id.clone(),
            group_instance_id: self.instance.clone(),
            client_id: self.name.clone(),
            client_host: "/127.0.0.1".to_owned(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            session_timeout_ms: self.session_timeout_ms,
            protocol_type: "consumer".to_owned(),
            protocols: vec![Protocol { name: "range".to_owned(), metadata: bytes("+t") }],
            needs_known_member_id: true,
            knows_skip_assignment: true,
            reason: None,
            fresh_id: Uuid::from_halves(number, self.lives),
        })
    }

    /// The coordinator is not there, or cannot write: try again, as clients do.
    pub fn unavailable(&mut self) {
        match self.plan {
            Plan::Join | Plan::Fetch | Plan::Work => {}
            Plan::Sync { .. } => self.join_again(),
        }
    }

    /// The answer to its last request.
    pub fn answered(&mut self, reply: GroupReply, book: &mut Book) {
        let error = match reply {
            GroupReply::Join(Joined { error: Some(GroupError::MemberIdRequired), member_id, .. }) => {
                self.member_id = member_id;
                return;
            }
            GroupReply::Join(Joined { error: Some(error), .. }) => error,
            GroupReply::Join(joined) => return self.joined(joined),
            GroupReply::Sync(Ok(synced)) => return self.assigned(&synced.assignment, book),
            GroupReply::FetchOffsets(Ok(fetched)) => return self.fetched(fetched, book),
            GroupReply::CommitOffsets(Ok(_)) => {
                for (partition, next) in &mut self.owned {
                    offsets_never_regress(book, &self.group, *partition, *next);
                    book.acknowledge(&self.group, *partition, *next);
                    *next += 1;
                }
                return;
            }
            GroupReply::Heartbeat(Ok(())) => return,
            GroupReply::Sync(Err(error))
            | GroupReply::FetchOffsets(Err(error))
            | GroupReply::CommitOffsets(Err(error))
            | GroupReply::Heartbeat(Err(error)) => error,
            other => panic!("not asked for: {other:?}"),
        };
        match error {
            GroupError::RebalanceInProgress | GroupError::IllegalGeneration => self.join_again(),
            GroupError::UnknownMemberId => self.restart(),
            // Another process has its place; this one would stop. Here it comes back as a new one.
            GroupError::FencedInstanceId => self.restart(),
            error => panic!("{} did nothing to deserve {error:?}", self.name),
        }
    }

    fn joined(&mut self, joined: Joined) {
        self.is_assigned = joined.skip_assignment && self.is_assigned;
        self.member_id = joined.member_id;
        self.generation = joined.generation;
        let leads = joined.leader == self.member_id && !joined.skip_assignment;
        let members: Vec<_> = joined.members.into_iter().map(|member| member.member_id).collect();
        let share = |at: usize| {
            let share = (0..PARTITIONS).filter(|partition| *partition as usize % members.len() == at);
            share.map(|partition| partition as u8).collect::<Vec<_>>().into()
        };
        let assignments = members.iter().enumerate().filter(|_| leads);
        self.plan = Plan::Sync { assignments: assignments.map(|(at, id)| (id.clone(), share(at))).collect() };
    }

    fn assigned(&mut self, assignment: &[u8], book: &mut Book) {
        self.owned = assignment.iter().map(|&partition| (i32::from(partition), 0)).collect();
        for (partition, _) in &self.owned {
            // A static member keeps its partitions when its process is a new one.
            let owner = self.instance.as_ref().unwrap_or(&self.member_id);
            no_partition_has_two_owners(book, &self.group, self.generation, *partition, owner);
        }
        self.is_assigned = true;
        self.plan = Plan::Fetch;
    }

    fn fetched(&mut self, fetched: FetchedOffsets, book: &Book) {
        for fetched in fetched {
            let committed = fetched.committed.expect("there are no transactions");
            let committed = committed.map(|committed| committed.offset.0);
            let partition = fetched.partition.partition.0;
            acknowledged_commits_survive(book, &self.group, partition, committed);
            let owned = self.owned.iter_mut().find(|(owned, _)| *owned == partition);
            owned.expect("only its own were asked for").1 = committed.unwrap_or(0) + 1;
        }
        self.plan = Plan::Work;
    }
}

fn commit(partition: i32, next: i64) -> CommitOffset {
    CommitOffset {
        partition: TopicPartition::new("t", partition),
        topic_id: None,
        offset: Offset(next),
        leader_epoch: None,
        metadata: String::new(),
    }
}
