//! A consumer as clients write them: it joins, gives up what it is told to before it says so, commits what it has read.
//! One that speaks the classic protocol gives everything up before it joins again.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use group_coordinator::assignors::{Assignment, TopicAssignment};
use group_coordinator::classic::{
    Heartbeat, JoinGroup, Joined, LeaveGroup, LeavingMember, Protocol, SyncGroup, Synced,
};
use group_coordinator::consumer::{ConsumerHeartbeat, HeardReply, LEAVE_EPOCH, LEAVE_STATIC_EPOCH};
use group_coordinator::offsets::{CommitOffset, CommitOffsets, FetchOffsets};
use group_coordinator::{Cluster, GroupError, GroupReply, GroupRequest};
use protocol::records::consumer_protocol_assignment as assignment;
use protocol::records::consumer_protocol_subscription::ConsumerProtocolSubscription;
use protocol::{Reader, Writer};
use types::{Offset, PartitionIndex, TopicName, TopicPartition, Uuid};

use crate::cluster::Topics;

/// A partition, as a client knows it.
pub type Owned = BTreeMap<(Uuid, PartitionIndex), Position>;

/// How far a client has read a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// It has not asked yet what was committed.
    Unknown,
    /// The next offset to commit.
    At(i64),
}

/// What a client with the classic protocol does next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    Join,
    Sync(Vec<(String, Bytes)>),
    Heartbeat,
}

/// One process.
#[derive(Debug)]
pub struct Client {
    pub name: String,
    pub group: String,
    pub instance: Option<String>,
    pub is_classic: bool,
    pub topics: Vec<TopicName>,
    /// It asks for its topics by a pattern.
    pub has_pattern: bool,
    pub member_id: String,
    /// Epoch, or generation; 0 where it has to join.
    pub epoch: i32,
    pub owned: Owned,
    /// What it has been told to have; it gives up what is not among it when it next can.
    pub target: BTreeSet<(Uuid, PartitionIndex)>,
    plan: Plan,
    /// The topics that it joined for.
    joined_for: Vec<TopicName>,
    /// How often it was started.
    starts: u32,
    /// It does not know what the coordinator knows of it: the next request says everything.
    is_lost: bool,
}

/// What a client's request was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Heartbeat { epoch: i32 },
    Join,
    Sync,
    ClassicHeartbeat,
    Commit,
    Fetch(Vec<(Uuid, PartitionIndex)>),
    Leave,
}

impl Client {
    pub fn new(name: String, group: String, instance: Option<String>, is_classic: bool) -> Self {
        let mut client = Self {
            name,
            group,
            instance,
            is_classic,
            topics: vec!["t".into()],
            has_pattern: false,
            member_id: String::new(),
            epoch: 0,
            owned: Owned::new(),
            target: BTreeSet::new(),
            plan: Plan::Join,
            joined_for: Vec::new(),
            starts: 0,
            is_lost: false,
        };
        client.restart();
        client
    }

    /// A new process.
    pub fn restart(&mut self) {
        self.starts += 1;
        self.lose_everything();
        self.member_id =
            if self.is_classic { String::new() } else { format!("{}-{}", self.name, self.starts) };
    }

    fn lose_everything(&mut self) {
        self.epoch = 0;
        self.owned.clear();
        self.target.clear();
        self.plan = Plan::Join;
    }

    /// It reads these from now on; it says so when it next says everything.
    pub fn subscribe(&mut self, topics: &[&str]) {
        self.topics = topics.iter().map(|topic| (*topic).into()).collect();
        self.is_lost = true;
        if self.is_classic && self.plan == Plan::Heartbeat {
            self.plan = Plan::Join;
        }
    }

    /// The answer did not come.
    pub fn unavailable(&mut self) {
        self.is_lost = true;
        if self.is_classic && matches!(self.plan, Plan::Sync(_)) {
            self.lose_everything();
        }
    }

    /// What it sends next.
    pub fn request(&mut self, dice: u64, cluster: &Topics) -> (Asked, GroupRequest) {
        let unknown: Vec<_> =
            self.owned.iter().filter(|(_, at)| **at == Position::Unknown).map(|(at, _)| *at).collect();
        if !unknown.is_empty() {
            return self.fetch(unknown, cluster);
        }
        if dice == 0 && !self.owned.is_empty() {
            return (Asked::Commit, self.commit(cluster));
        }
        if self.is_classic { self.classic(cluster) } else { self.heartbeat(dice) }
    }

    fn heartbeat(&mut self, dice: u64) -> (Asked, GroupRequest) {
        let is_full = self.epoch == 0 || std::mem::take(&mut self.is_lost) || dice == 1;
        // It gives up what it has to, sometimes later.
        if dice != 2 {
            let target = &self.target;
            self.owned.retain(|at, _| target.contains(at));
        }
        let request = ConsumerHeartbeat {
            group_id: self.group.clone(),
            member_id: self.member_id.clone(),
            member_epoch: self.epoch,
            group_instance_id: self.instance.clone(),
            rack_id: None,
            rebalance_timeout_ms: is_full.then_some(20_000),
            subscribed_topics: is_full
                .then(|| if self.has_pattern { Vec::new() } else { self.topics.clone() }),
            subscribed_regex: is_full
                .then(|| if self.has_pattern { self.topics.join("|") } else { String::new() }),
            is_regex_valid: true,
            server_assignor: None,
            owned: Some(assignment_of(self.owned.keys())),
            client_id: self.name.clone(),
            client_host: "/127.0.0.1".to_owned(),
            fresh_id: Uuid::ZERO,
        };
        (Asked::Heartbeat { epoch: self.epoch }, GroupRequest::ConsumerHeartbeat(Box::new(request)))
    }

    fn classic(&mut self, cluster: &Topics) -> (Asked, GroupRequest) {
        let (group_id, member_id) = (self.group.clone(), self.member_id.clone());
        match self.plan.clone() {
            Plan::Join => {
                // Eagerly: it has nothing while it joins.
                self.owned.clear();
                self.joined_for = self.topics.clone();
                let subscription = ConsumerProtocolSubscription {
                    topics: self.topics.iter().map(|topic| topic.to_string()).collect(),
                    ..Default::default()
                };
                let mut writer = Writer::new();
                writer.i16(1);
                subscription.encode(&mut writer, 1).expect("short");
                let join = JoinGroup {
                    group_id,
                    member_id,
                    group_instance_id: None,
                    client_id: self.name.clone(),
                    client_host: "/127.0.0.1".to_owned(),
                    rebalance_timeout_ms: 20_000,
                    session_timeout_ms: 30_000,
                    protocol_type: "consumer".to_owned(),
                    protocols: vec![Protocol { name: "range".to_owned(), metadata: writer.into_bytes() }],
                    needs_known_member_id: false,
                    knows_skip_assignment: true,
                    reason: None,
                    fresh_id: Uuid::from_halves(u64::from(self.starts), fresh(&self.name)),
                };
                self.starts += 1;
                (Asked::Join, GroupRequest::Join(join))
            }
            Plan::Sync(assignments) => {
                let _ = cluster;
                let sync = SyncGroup {
                    group_id,
                    generation: self.epoch,
                    member_id,
                    group_instance_id: None,
                    protocol_type: Some("consumer".to_owned()),
                    protocol_name: Some("range".to_owned()),
                    assignments,
                };
                (Asked::Sync, GroupRequest::Sync(sync))
            }
            Plan::Heartbeat => {
                let heartbeat =
                    Heartbeat { group_id, generation: self.epoch, member_id, group_instance_id: None };
                (Asked::ClassicHeartbeat, GroupRequest::Heartbeat(heartbeat))
            }
        }
    }

    fn commit(&self, cluster: &Topics) -> GroupRequest {
        let offset = |((topic, partition), at): (&(Uuid, PartitionIndex), &Position)| {
            let Position::At(offset) = *at else { return None };
            Some(CommitOffset {
                partition: TopicPartition { topic: cluster.topic_name(*topic)?, partition: *partition },
                topic_id: Some(*topic),
                offset: Offset(offset),
                leader_epoch: None,
                metadata: String::new(),
            })
        };
        GroupRequest::CommitOffsets(CommitOffsets {
            group_id: self.group.clone(),
            member_id: self.member_id.clone(),
            group_instance_id: self.instance.clone(),
            generation_or_member_epoch: self.epoch,
            knows_member_epochs: true,
            retention_ms: None,
            offsets: self.owned.iter().filter_map(offset).collect(),
        })
    }

    fn fetch(&self, unknown: Vec<(Uuid, PartitionIndex)>, cluster: &Topics) -> (Asked, GroupRequest) {
        let named = unknown.iter().filter_map(|(topic, partition)| {
            Some(TopicPartition { topic: cluster.topic_name(*topic)?, partition: *partition })
        });
        let request = FetchOffsets {
            group_id: self.group.clone(),
            member: None,
            partitions: Some(named.collect()),
            require_stable: true,
        };
        (Asked::Fetch(unknown), GroupRequest::FetchOffsets(request))
    }

    /// How it says goodbye; a static member may come back.
    pub fn leave(&self, is_for_good: bool) -> Option<GroupRequest> {
        if self.epoch <= 0 {
            return None;
        }
        if self.is_classic {
            let member =
                LeavingMember { member_id: self.member_id.clone(), group_instance_id: None, reason: None };
            return Some(GroupRequest::Leave(LeaveGroup {
                group_id: self.group.clone(),
                members: vec![member],
            }));
        }
        let member_epoch =
            if self.instance.is_some() && !is_for_good { LEAVE_STATIC_EPOCH } else { LEAVE_EPOCH };
        let leave = ConsumerHeartbeat {
            group_id: self.group.clone(),
            member_id: self.member_id.clone(),
            member_epoch,
            group_instance_id: self.instance.clone(),
            rack_id: None,
            rebalance_timeout_ms: None,
            subscribed_topics: None,
            subscribed_regex: None,
            is_regex_valid: true,
            server_assignor: None,
            owned: None,
            client_id: self.name.clone(),
            client_host: "/127.0.0.1".to_owned(),
            fresh_id: Uuid::ZERO,
        };
        Some(GroupRequest::ConsumerHeartbeat(Box::new(leave)))
    }

    /// An answer; what it says of epochs is for the invariants.
    pub fn answered(&mut self, asked: &Asked, reply: GroupReply, cluster: &Topics) {
        match (asked, reply) {
            (Asked::Heartbeat { .. }, GroupReply::ConsumerHeartbeat(HeardReply { answer, .. })) => {
                match answer {
                    Ok(heard) => {
                        self.epoch = heard.member_epoch;
                        if let Some(assigned) = heard.assignment {
                            self.take(&assigned);
                        }
                    }
                    Err(
                        GroupError::UnreleasedInstanceId | GroupError::NotAssigned | GroupError::NotFinished,
                    ) => {
                        self.is_lost = true;
                    }
                    Err(_) => self.lose_everything(),
                }
            }
            (Asked::Join, GroupReply::Join(joined)) => self.joined(joined, cluster),
            (Asked::Sync, GroupReply::Sync(synced)) => match synced {
                Ok(Synced { assignment, .. }) => {
                    let is_current = self.joined_for == self.topics;
                    self.plan = if is_current { Plan::Heartbeat } else { Plan::Join };
                    let assigned = read(&assignment, cluster);
                    self.take(&assigned);
                }
                Err(error) => self.classic_error(error),
            },
            (Asked::ClassicHeartbeat, GroupReply::Heartbeat(Err(error))) => self.classic_error(error),
            (Asked::Commit, GroupReply::CommitOffsets(Ok(_))) => {
                for at in self.owned.values_mut() {
                    if let Position::At(offset) = at {
                        *offset += 1;
                    }
                }
            }
            (Asked::Commit, GroupReply::CommitOffsets(Err(_))) => {
                // It reads anew from what is committed.
                self.owned.values_mut().for_each(|at| *at = Position::Unknown);
            }
            (Asked::Fetch(asked), GroupReply::FetchOffsets(Ok(fetched))) => {
                for at in asked {
                    let name = cluster.topic_name(at.0);
                    let found = fetched.iter().find(|it| {
                        it.partition.partition == at.1 && name.as_ref() == Some(&it.partition.topic)
                    });
                    let offset = found.and_then(|it| it.committed.clone().ok().flatten());
                    if let Some(position) = self.owned.get_mut(at) {
                        *position = Position::At(offset.map_or(1, |offset| offset.offset.0 + 1));
                    }
                }
            }
            _ => {}
        }
    }

    fn take(&mut self, assigned: &Assignment) {
        self.target = assigned.iter().collect();
        for at in &self.target {
            self.owned.entry(*at).or_insert(Position::Unknown);
        }
        if self.is_classic {
            let target = &self.target;
            self.owned.retain(|at, _| target.contains(at));
        }
    }

    fn classic_error(&mut self, error: GroupError) {
        match error {
            GroupError::RebalanceInProgress => self.plan = Plan::Join,
            _ => self.restart(),
        }
    }

    fn joined(&mut self, joined: Joined, cluster: &Topics) {
        if joined.error.is_some() {
            if joined.error != Some(GroupError::RebalanceInProgress) {
                self.restart();
            }
            return;
        }
        self.member_id = joined.member_id;
        self.epoch = joined.generation;
        // The leader shares the partitions of everything out by turns.
        let members: Vec<_> = joined.members.into_iter().map(|member| member.member_id).collect();
        let mut shares = vec![BTreeMap::<String, Vec<i32>>::new(); members.len()];
        if !members.is_empty() {
            for topic in self.topics.iter().filter_map(|topic| cluster.topic(topic)) {
                for partition in 0..topic.partitions {
                    let share = &mut shares[partition as usize % members.len()];
                    share.entry(topic.name.to_string()).or_default().push(partition);
                }
            }
        }
        let share = |(member, share): (String, BTreeMap<String, Vec<i32>>)| {
            let topic = |(topic, partitions)| assignment::TopicPartition { topic, partitions };
            let assigned_partitions = share.into_iter().map(topic).collect();
            let mut writer = Writer::new();
            writer.i16(1);
            let assigned = assignment::ConsumerProtocolAssignment { assigned_partitions, user_data: None };
            assigned.encode(&mut writer, 1).expect("short");
            (member, writer.into_bytes())
        };
        self.plan = Plan::Sync(members.into_iter().zip(shares).map(share).collect());
    }
}

fn fresh(name: &str) -> u64 {
    name.bytes().fold(7, |hash, byte| hash * 31 + u64::from(byte))
}

fn assignment_of<'a>(partitions: impl Iterator<Item = &'a (Uuid, PartitionIndex)>) -> Assignment {
    let mut by_topic = BTreeMap::<Uuid, Vec<PartitionIndex>>::new();
    for (topic, partition) in partitions {
        by_topic.entry(*topic).or_default().push(*partition);
    }
    let topic = |(topic_id, partitions)| TopicAssignment { topic_id, partitions };
    Assignment { topics: by_topic.into_iter().map(topic).collect() }
}

fn read(bytes: &Bytes, cluster: &Topics) -> Assignment {
    let mut reader = Reader::new(bytes.clone());
    if reader.remaining() == 0 {
        return Assignment::default();
    }
    let version = reader.i16().expect("a version");
    let read = assignment::ConsumerProtocolAssignment::decode(&mut reader, version).expect("an assignment");
    let topics = read.assigned_partitions.into_iter().filter_map(|topic| {
        let partitions = topic.partitions.into_iter().map(PartitionIndex).collect();
        Some(TopicAssignment { topic_id: cluster.topic(&topic.topic)?.id, partitions })
    });
    Assignment { topics: topics.collect() }
}
