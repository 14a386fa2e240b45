//! For tests: a shard with one topic, and members of a consumer group as their clients know them.

use std::collections::BTreeMap;
use std::sync::Arc;

use coordinator::{CoordinatorRecord, Now, Shard, Step, Token, Written};
use types::{LeaderEpoch, Offset, PartitionIndex, TopicName, Uuid};

use super::{AssignmentJob, ConsumerGroupSettings, ConsumerHeartbeat, Heard, HeardReply};
use crate::assignors::Assignment;
use crate::classic::GroupWhy;
use crate::classic::cast::{SETTINGS, at};
use crate::{Cluster, ClusterView, GroupError, GroupReply, GroupRequest, GroupShard, Topic};

/// A cluster with one topic.
#[derive(Debug)]
struct OneTopic(Topic);

impl Cluster for OneTopic {
    fn version(&self) -> i64 {
        0
    }

    fn topic(&self, name: &str) -> Option<Topic> {
        (*self.0.name == *name).then(|| self.0.clone())
    }

    fn topic_name(&self, id: Uuid) -> Option<TopicName> {
        (self.0.id == id).then(|| self.0.name.clone())
    }

    fn topic_names(&self) -> Box<dyn Iterator<Item = TopicName> + '_> {
        Box::new(std::iter::once(self.0.name.clone()))
    }

    fn racks(&self, _: Uuid, _: PartitionIndex) -> Vec<String> {
        Vec::new()
    }

    fn consumer_group_settings(&self, _: &str) -> ConsumerGroupSettings {
        ConsumerGroupSettings::DEFAULT
    }
}

/// A shard, its time, and what the members of group `g` were told.
pub(crate) struct Cast {
    pub(crate) shard: GroupShard,
    now_ms: i64,
    log: Vec<CoordinatorRecord>,
    members: BTreeMap<String, (i32, Assignment)>,
    topic: TopicName,
    cluster: ClusterView,
}

impl Cast {
    pub(crate) fn with_topic(name: &str, partitions: i32) -> Self {
        let topic = TopicName::from(name);
        let cluster = OneTopic(Topic { id: Uuid::from_halves(1, 1), name: topic.clone(), partitions });
        let cluster = ClusterView::new(Arc::new(cluster));
        let shard = GroupShard::with_cluster(SETTINGS, cluster.clone());
        Self { shard, now_ms: 0, log: Vec::new(), members: BTreeMap::new(), topic, cluster }
    }

    pub(crate) fn now(&self) -> Now {
        at(self.now_ms)
    }

    /// All that was written.
    pub(crate) fn log(&self) -> &[CoordinatorRecord] {
        &self.log
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, ms: i64) {
        self.now_ms += ms;
        let now = self.now();
        let step = self.shard.handle_timeout(now);
        self.log.extend(step.records);
    }

    pub(crate) fn ask(&mut self, request: GroupRequest) -> Step<GroupReply> {
        let now = self.now();
        let step = self.shard.handle(Token(1), request, now);
        self.log.extend(step.records.iter().cloned());
        step
    }

    /// The shard is gone; a new one is made from the log.
    pub(crate) fn reload(&mut self) {
        self.shard = GroupShard::with_cluster(SETTINGS, self.cluster.clone());
        for record in &self.log {
            let written = Written { offset: Offset(0), transaction: None };
            self.shard.replay(written, record).expect("what was written can be read");
        }
        let step = self.shard.loaded(LeaderEpoch(0), at(self.now_ms));
        assert_eq!(step, Step::default(), "loading writes nothing");
    }

    /// A heartbeat as the member would send it: everything when it joins, else what it has.
    pub(crate) fn request(&self, name: &str) -> ConsumerHeartbeat {
        let (member_epoch, owned) = self.members.get(name).cloned().unwrap_or_default();
        let is_joining = member_epoch == 0;
        ConsumerHeartbeat {
            group_id: "g".to_owned(),
            member_id: name.to_owned(),
            member_epoch,
            group_instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: is_joining.then_some(60_000),
            subscribed_topics: is_joining.then(|| vec![self.topic.clone()]),
            subscribed_regex: None,
            is_regex_valid: true,
            server_assignor: None,
            owned: Some(owned),
            client_id: name.to_owned(),
            client_host: "/127.0.0.1".to_owned(),
            fresh_id: Uuid::ZERO,
        }
    }

    /// Sends it; the work that it asks for, or what the member was told.
    pub(crate) fn send(
        &mut self,
        request: ConsumerHeartbeat,
    ) -> Result<Result<Heard, GroupError>, Box<AssignmentJob>> {
        let mut step = self.ask(GroupRequest::ConsumerHeartbeat(Box::new(request)));
        match step.replies.pop() {
            Some((_, GroupReply::ConsumerHeartbeat(HeardReply { answer, .. }))) => Ok(answer),
            Some((_, GroupReply::Assign(job))) => Err(job),
            other => panic!("no answer to a heartbeat: {other:?}"),
        }
    }

    /// The member sends a heartbeat, and the work that it asks for is done.
    pub(crate) fn heartbeat(&mut self, name: &str) {
        match self.send(self.request(name)) {
            Ok(answer) => self.told(name, answer.expect("nothing is wrong with it")),
            Err(job) => self.finish(job),
        }
    }

    /// A new member.
    pub(crate) fn join(&mut self, name: &str) {
        self.heartbeat(name);
    }

    /// The member says that it has no more than it was told to have.
    pub(crate) fn give_up(&mut self, name: &str) {
        self.heartbeat(name);
    }

    /// The member sends a heartbeat that asks for work.
    pub(crate) fn pause(&mut self, name: &str) -> Box<AssignmentJob> {
        self.send(self.request(name)).expect_err("work")
    }

    /// As [`Self::pause`], of one that joins.
    pub(crate) fn pause_joining(&mut self, name: &str) -> Box<AssignmentJob> {
        self.pause(name)
    }

    /// The work is done; what its member is told.
    pub(crate) fn send_result(&mut self, job: Box<AssignmentJob>) -> Result<Heard, GroupError> {
        let mut step = self.ask(GroupRequest::Assigned(Box::new(job.run())));
        match step.replies.pop() {
            Some((_, GroupReply::ConsumerHeartbeat(HeardReply { answer, .. }))) => answer,
            other => panic!("no answer to a heartbeat: {other:?}"),
        }
    }

    /// The work is done, and its member goes on.
    pub(crate) fn finish(&mut self, job: Box<AssignmentJob>) {
        let heard = self.send_result(job).expect("nothing is wrong with it");
        let name = heard.member_id.clone();
        self.told(&name, heard);
    }

    /// The member has what it is told to have at once where that is more, and says so in its next heartbeat.
    pub(crate) fn told(&mut self, name: &str, heard: Heard) {
        let (epoch, owned) = self.members.entry(name.to_owned()).or_default();
        *epoch = heard.member_epoch;
        if let Some(assigned) = heard.assignment {
            *owned = assigned;
        }
    }

    pub(crate) fn why(&self) -> GroupWhy {
        self.shard.why("g", self.now()).expect("it is there")
    }
}
