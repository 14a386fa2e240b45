//! A member of a consumer group (KIP-848): finds the coordinator, joins, says in heartbeats what it reads and has, takes
//! what it is told to have, reads that and commits; now and then it leaves, starts anew without a word, is silent for longer
//! than its session, or changes what it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use io::Entropy;
use protocol::messages::consumer_group_heartbeat_request::{ConsumerGroupHeartbeatRequest, TopicPartitions};
use protocol::messages::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
use tokio::time::sleep;
use types::{ErrorCode, Uuid};

use super::Actor;
use super::committing::{Committer, commit};
use super::coordinator::find;
use super::group_reading::{Owned, begin, read};
use crate::groups::{Holding, Moment, Partitions, Session};
use crate::invariants::Violation;
use crate::plan::ConsumerMember;
use crate::wire::{Connection, Lost};
use crate::world::World;

const JOINING: i32 = 0;
const LEAVING: i32 = -1;
/// Of a static member that comes back.
const LEAVING_FOR_A_WHILE: i32 = -2;
/// Longer than a run: who does not give up in time is the machine's own tests' affair.
const REBALANCE_MS: i32 = 600_000;
/// The first version whose members make their ids themselves, and that knows patterns.
const OWN_MEMBER_ID: i16 = 1;
/// Every name that topics have here.
const ALL_TOPICS: &str = "t[0-9]+";

pub(super) struct ConsumerGroupMember {
    world: Rc<World>,
    who: String,
    entropy: Entropy,
    connection: Connection,
    plan: ConsumerMember,
    is_found: bool,
    member_id: String,
    epoch: i32,
    subscription: Subscription,
    /// What it says that it has.
    has: Partitions,
    /// What was told or drawn, and not said yet.
    owes: Owes,
    /// An answer was lost: the coordinator may know of an epoch of which the member does not.
    is_unsure: bool,
    /// What the coordinator owes it.
    session: Option<Session>,
    owned: Owned,
}

/// What it reads.
#[derive(Clone, Debug, Default)]
struct Subscription {
    names: BTreeSet<String>,
    is_pattern: bool,
}

/// What the next heartbeat has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owes {
    Nothing,
    /// Which partitions it has.
    Partitions,
    Everything,
}

impl ConsumerGroupMember {
    pub(super) fn new(world: &Rc<World>, plan: &ConsumerMember, entropy: Entropy) -> Self {
        Self {
            world: world.clone(),
            who: plan.name.clone(),
            connection: Connection::new(world, &plan.name, entropy.clone()),
            entropy,
            plan: plan.clone(),
            is_found: false,
            member_id: String::new(),
            epoch: JOINING,
            subscription: Subscription::default(),
            has: Partitions::new(),
            owes: Owes::Everything,
            is_unsure: false,
            session: None,
            owned: Owned::default(),
        }
    }

    fn draw(&self, bound: u64) -> u64 {
        self.entropy.below(bound)
    }

    /// Gives up what it has, to join again under its id.
    fn rejoin(&mut self) {
        self.world.book.borrow_mut().groups.holdings.is_gone(&self.who);
        self.epoch = JOINING;
        self.has.clear();
        self.owes = Owes::Everything;
        self.is_unsure = false;
        self.session = None;
        self.owned = Owned::default();
    }

    /// As a new process: nothing is known, nothing is owed.
    fn start_anew(&mut self) {
        self.rejoin();
        self.member_id.clear();
    }

    fn moment(&self) -> Moment {
        let losses = self.world.book.borrow().groups.losses;
        Moment { births: self.world.births(), now: self.world.now(), losses }
    }

    /// The coordinator does not know the member, or not at this epoch: it must, while its session lasts.
    fn is_refused(&self, invariant: &'static str) {
        let moment = self.moment();
        let lasts = |session: &Session| session.holds(&moment.births, moment.now, moment.losses);
        if let Some(session) = self.session.filter(lasts) {
            let detail = format!("{} of {} at {:?}: {session:?}", self.who, self.plan.group, moment.now);
            self.world.fail(Violation::new(invariant, detail));
        }
    }

    /// What an error says to do, where it is the same for all requests.
    fn take_error(&mut self, what: &str, error_code: i16) {
        self.world.trace.line(&self.who, &format!("{what}: error {error_code}"));
        match ErrorCode::from_code(error_code) {
            Some(ErrorCode::UnknownMemberId | ErrorCode::GroupIdNotFound) => {
                self.is_refused("members_stay_for_their_session");
                self.start_anew();
            }
            Some(ErrorCode::FencedMemberEpoch) => {
                if !self.is_unsure {
                    self.is_refused("epochs_are_fenced_for_a_reason");
                }
                self.rejoin();
            }
            // Its predecessor is still there.
            Some(ErrorCode::UnreleasedInstanceId) => {}
            // A heartbeat tells the new one.
            Some(ErrorCode::StaleMemberEpoch) => self.owes = Owes::Everything,
            _ => self.is_found = false,
        }
    }

    fn draw_subscription(&mut self) {
        let present = self.world.book.borrow().present();
        let names = present.into_iter().map(|(_, name, _)| name).filter(|_| self.draw(4) > 0).collect();
        let is_pattern = self.plan.may_use_patterns && self.draw(3) == 0;
        self.subscription = Subscription { names, is_pattern };
    }

    fn request(&self) -> ConsumerGroupHeartbeatRequest {
        let mut request = ConsumerGroupHeartbeatRequest {
            group_id: self.plan.group.clone(),
            member_id: self.member_id.clone(),
            member_epoch: self.epoch,
            instance_id: self.plan.instance.clone(),
            ..Default::default()
        };
        if self.owes != Owes::Nothing {
            request.topic_partitions = Some(by_topic(&self.has));
        }
        if self.owes == Owes::Everything {
            request.rebalance_timeout_ms = REBALANCE_MS;
            request.subscribed_topic_names = Some(self.subscription.names.iter().cloned().collect());
            request.server_assignor = self.plan.assignor.map(str::to_owned);
            if self.plan.may_use_patterns {
                let pattern = if self.subscription.is_pattern { ALL_TOPICS } else { "" };
                request.subscribed_topic_regex = Some(pattern.to_owned());
            }
        }
        request
    }

    /// Version 0 knows no patterns; there the coordinator may make the member's id.
    fn draw_version(&mut self, request: &mut ConsumerGroupHeartbeatRequest) -> i16 {
        let least = if self.plan.may_use_patterns { OWN_MEMBER_ID } else { 0 };
        let version = self.connection.version_from(request, least);
        if self.member_id.is_empty() && (version >= OWN_MEMBER_ID || self.draw(2) == 0) {
            self.member_id = format!("{}-{:016x}", self.who, self.entropy.next_u64());
            request.member_id.clone_from(&self.member_id);
        }
        version
    }

    async fn heartbeat(&mut self) -> Result<(), Lost> {
        if self.epoch == JOINING {
            self.draw_subscription();
        }
        let mut request = self.request();
        let version = self.draw_version(&mut request);
        let sent = self.world.now();
        let floor = {
            let holdings = &mut self.world.book.borrow_mut().groups.holdings;
            if request.topic_partitions.is_some() {
                holdings.keeps_only(&self.who, &self.has);
            }
            if self.epoch == JOINING { holdings.floor(&self.plan.group) } else { self.epoch }
        };
        let was_unsure = std::mem::replace(&mut self.is_unsure, true);
        let response = self.connection.call(&request, version).await?;
        self.is_unsure = was_unsure;
        if response.error_code != 0 {
            self.take_error("hears", response.error_code);
            return Ok(());
        }
        self.is_unsure = false;
        self.is_heard(&response, floor, sent);
        Ok(())
    }

    fn is_heard(&mut self, response: &ConsumerGroupHeartbeatResponse, floor: i32, sent: Duration) {
        if let Some(member_id) = &response.member_id {
            self.member_id.clone_from(member_id);
        }
        if self.epoch != response.member_epoch {
            let line = format!("is in epoch {} of {}", response.member_epoch, self.plan.group);
            self.world.trace.line(&self.who, &line);
        }
        self.epoch = response.member_epoch;
        self.owes = Owes::Nothing;
        let told: Option<Partitions> = response.assignment.as_ref().map(|assignment| {
            let topics = assignment.topic_partitions.iter();
            topics.flat_map(|topic| topic.partitions.iter().map(|it| (topic.topic_id, *it))).collect()
        });
        if let Some(told) = &told {
            self.has.clone_from(told);
            self.owes = Owes::Partitions;
            self.owned.become_topics(&self.world.book.borrow(), &self.plan.group, &self.has);
            self.world.counts.borrow_mut().consumer_group_shares += 1;
        }
        let length = Duration::from_millis(self.world.plan.consumer_session_ms);
        let moment = self.moment();
        // On a disk that fails nothing new is promised.
        if self.session.is_some() || !self.world.is_disk_at_fault() {
            self.session = Some(Session { heard: sent, length, losses: moment.losses });
        }
        let holding = Holding {
            group: self.plan.group.clone(),
            member_id: self.member_id.clone(),
            epoch: self.epoch,
            partitions: told.unwrap_or_default(),
            session: self.session,
        };
        let result = self.world.book.borrow_mut().groups.holdings.told(&self.who, floor, holding, &moment);
        self.world.check(result);
    }

    async fn leave(&mut self) -> Result<(), Lost> {
        let is_for_a_while = self.plan.instance.is_some() && self.draw(2) == 0;
        let mut request = ConsumerGroupHeartbeatRequest {
            member_epoch: if is_for_a_while { LEAVING_FOR_A_WHILE } else { LEAVING },
            topic_partitions: None,
            ..self.request()
        };
        let version = self.draw_version(&mut request);
        self.start_anew();
        let response = self.connection.call(&request, version).await?;
        self.world.trace.line(&self.who, &format!("leaves: error {}", response.error_code));
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Lost> {
        let committer =
            Committer::consumer(&self.plan.group, self.epoch, &self.member_id, self.plan.instance.clone());
        let offsets = self.owned.to_commit(&self.entropy);
        let error = commit(&self.world, &mut self.connection, &committer, &offsets).await?;
        if error != ErrorCode::None {
            self.take_error("does not commit", error.code());
        }
        Ok(())
    }

    async fn work(&mut self) -> Result<(), Lost> {
        let unknown = self.owned.without_position();
        if !unknown.is_empty() {
            let (world, connection) = (&self.world, &mut self.connection);
            return begin(world, connection, &self.plan.group, &mut self.owned, &unknown).await;
        }
        match self.draw(40) {
            0..=13 => self.heartbeat().await,
            14..=23 => read(&self.world, &mut self.connection, &self.entropy, &mut self.owned).await,
            24..=32 => self.commit().await,
            33 => self.leave().await,
            34 => {
                self.world.trace.line(&self.who, "starts anew");
                self.start_anew();
                Ok(())
            }
            35 => {
                let session_ms = self.world.plan.consumer_session_ms;
                sleep(Duration::from_millis(session_ms / 2 + self.draw(session_ms))).await;
                Ok(())
            }
            36 => {
                self.owned.forget_positions();
                Ok(())
            }
            37 | 38 => {
                self.draw_subscription();
                self.owes = Owes::Everything;
                self.heartbeat().await
            }
            _ => {
                self.owes = Owes::Everything;
                self.heartbeat().await
            }
        }
    }
}

/// As a heartbeat says it.
fn by_topic(partitions: &Partitions) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
    for (topic, index) in partitions {
        topics.entry(*topic).or_default().push(*index);
    }
    let told = |(topic_id, partitions)| TopicPartitions { topic_id, partitions, ..Default::default() };
    topics.into_iter().map(told).collect()
}

impl Actor for ConsumerGroupMember {
    async fn step(&mut self) {
        let done = if !self.is_found {
            find(&self.world, &mut self.connection, &self.plan.group).await.map(|found| self.is_found = found)
        } else if self.epoch == JOINING || self.owes != Owes::Nothing {
            self.heartbeat().await
        } else if self.world.is_calm() {
            sleep(Duration::from_millis(self.world.plan.consumer_session_ms / 4)).await;
            self.heartbeat().await
        } else {
            self.work().await
        };
        if done.is_err() {
            self.is_found = false;
            // Whether it was heard is not known: the next heartbeat says all that there is to say.
            self.owes = Owes::Everything;
        }
    }
}
