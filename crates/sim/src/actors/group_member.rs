//! A member of a classic group: finds the coordinator, joins, assigns where it leads, syncs, and then reads what it owns,
//! commits and heartbeats; now and then it leaves, starts anew without a word, or is silent for longer than its session.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use io::Entropy;
use protocol::messages::heartbeat_request::HeartbeatRequest;
use protocol::messages::join_group_request::{JoinGroupRequest, JoinGroupRequestProtocol};
use protocol::messages::join_group_response::JoinGroupResponse;
use protocol::messages::leave_group_request::{LeaveGroupRequest, MemberIdentity};
use protocol::messages::sync_group_request::{SyncGroupRequest, SyncGroupRequestAssignment};
use tokio::time::sleep;
use types::ErrorCode;

use super::Actor;
use super::assigning::{range, share, subscription};
use super::committing::{Committer, commit};
use super::coordinator::find;
use super::group_reading::{Owned, begin, read};
use crate::groups::Session;
use crate::invariants::Violation;
use crate::plan::Member;
use crate::wire::{Connection, Lost};
use crate::world::World;

const PROTOCOL_TYPE: &str = "consumer";
const PROTOCOL: &str = "range";
/// The first version of LeaveGroup that names several members.
const LEAVE_OF_MEMBERS: i16 = 3;

pub(super) struct GroupMember {
    world: Rc<World>,
    who: String,
    entropy: Entropy,
    connection: Connection,
    plan: Member,
    is_found: bool,
    /// Empty where the coordinator has not given one.
    member_id: String,
    generation: i32,
    stage: Stage,
    /// How many lives had ended when it got its share.
    synced_in: Option<usize>,
    /// What the coordinator owes it.
    session: Option<Session>,
    owned: Owned,
}

/// What comes next.
enum Stage {
    Join,
    /// With what it hands in, where it leads.
    Sync(BTreeMap<String, Bytes>),
    Work,
}

impl GroupMember {
    pub(super) fn new(world: &Rc<World>, plan: &Member, entropy: Entropy) -> Self {
        Self {
            world: world.clone(),
            who: plan.name.clone(),
            connection: Connection::new(world, &plan.name, entropy.clone()),
            entropy,
            plan: plan.clone(),
            is_found: false,
            member_id: String::new(),
            generation: -1,
            stage: Stage::Join,
            synced_in: None,
            session: None,
            owned: Owned::default(),
        }
    }

    fn draw(&self, bound: u64) -> u64 {
        self.entropy.below(bound)
    }

    /// By what others know it from one process to the next.
    fn owner(&self) -> String {
        self.plan.instance.clone().unwrap_or_else(|| self.member_id.clone())
    }

    fn enter(&mut self, stage: Stage) {
        let steady = &mut self.world.book.borrow_mut().groups.steady;
        match stage {
            Stage::Work => steady.insert(self.who.clone(), self.generation),
            Stage::Join | Stage::Sync(_) => steady.remove(&self.who),
        };
        self.stage = stage;
    }

    /// As a new process: nothing is known, nothing is owed.
    fn start_anew(&mut self) {
        self.member_id.clear();
        self.session = None;
        self.synced_in = None;
        self.enter(Stage::Join);
    }

    /// The coordinator does not know the member: it must, while its session lasts.
    fn is_unknown(&mut self) {
        if let Some(session) = self.session {
            let (births, now) = (self.world.births(), self.world.now());
            if session.holds(&births, now, self.world.book.borrow().groups.losses) {
                let detail = format!("{} of {} at {now:?}: {session:?}", self.who, self.plan.group);
                self.world.fail(Violation::new("members_stay_for_their_session", detail));
            }
        }
        self.start_anew();
    }

    /// What an error says to do, where it is the same for all requests.
    fn take_error(&mut self, what: &str, error_code: i16) {
        self.world.trace.line(&self.who, &format!("{what}: error {error_code}"));
        match ErrorCode::from_code(error_code) {
            Some(ErrorCode::UnknownMemberId) => self.is_unknown(),
            Some(ErrorCode::FencedInstanceId) => self.start_anew(),
            Some(ErrorCode::IllegalGeneration | ErrorCode::RebalanceInProgress) => self.enter(Stage::Join),
            _ => self.is_found = false,
        }
    }

    async fn join(&mut self) -> Result<(), Lost> {
        let present = self.world.book.borrow().present();
        let topics: BTreeSet<String> =
            present.into_iter().map(|(_, name, _)| name).filter(|_| self.draw(4) > 0).collect();
        let request = JoinGroupRequest {
            group_id: self.plan.group.clone(),
            session_timeout_ms: self.plan.session_ms as i32,
            rebalance_timeout_ms: self.plan.rebalance_ms as i32,
            member_id: self.member_id.clone(),
            group_instance_id: self.plan.instance.clone(),
            protocol_type: PROTOCOL_TYPE.to_owned(),
            protocols: vec![JoinGroupRequestProtocol {
                name: PROTOCOL.to_owned(),
                metadata: subscription(&topics),
                ..Default::default()
            }],
            ..Default::default()
        };
        let least = if self.plan.instance.is_some() { 5 } else { 0 };
        let version = self.connection.version_from(&request, least);
        let floor = self.world.book.borrow().groups.generations.floor(&self.plan.group);
        let response = self.connection.call(&request, version).await?;
        match ErrorCode::from_code(response.error_code) {
            Some(ErrorCode::None) => {
                self.member_id = response.member_id.clone();
                let (group, owner) = (&self.plan.group, self.owner());
                let generations = &mut self.world.book.borrow_mut().groups.generations;
                let (id, generation) = (&response.member_id, response.generation_id);
                self.world.check(generations.joined(group, floor, generation, id, &owner));
            }
            Some(ErrorCode::MemberIdRequired) => {
                self.member_id = response.member_id;
                return Ok(());
            }
            _ => {
                self.take_error("does not join", response.error_code);
                return Ok(());
            }
        }
        let line = format!("joins generation {} of {}", response.generation_id, self.plan.group);
        self.world.trace.line(&self.who, &line);
        self.generation = response.generation_id;
        self.enter(Stage::Sync(self.assign(&response)));
        Ok(())
    }

    /// Assigns where it leads and is not told to leave things as they are (KIP-814).
    fn assign(&self, joined: &JoinGroupResponse) -> BTreeMap<String, Bytes> {
        if joined.leader != joined.member_id || joined.skip_assignment {
            return BTreeMap::new();
        }
        let members = joined.members.iter().map(|it| (it.member_id.clone(), it.metadata.clone())).collect();
        let present = self.world.book.borrow().present();
        let partitions = present.into_iter().map(|(_, name, partitions)| (name, partitions)).collect();
        range(&members, &partitions)
    }

    async fn sync(&mut self, shares: BTreeMap<String, Bytes>) -> Result<(), Lost> {
        let group = self.plan.group.clone();
        self.world.book.borrow_mut().groups.generations.handed_in(&group, self.generation, shares.clone());
        let assignments = shares.into_iter().map(|(member_id, assignment)| SyncGroupRequestAssignment {
            member_id,
            assignment,
            ..Default::default()
        });
        let request = SyncGroupRequest {
            group_id: group.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            group_instance_id: self.plan.instance.clone(),
            protocol_type: Some(PROTOCOL_TYPE.to_owned()),
            protocol_name: Some(PROTOCOL.to_owned()),
            assignments: assignments.collect(),
            ..Default::default()
        };
        let least = if self.plan.instance.is_some() { 3 } else { 0 };
        let version = self.connection.version_from(&request, least);
        let response = self.connection.call(&request, version).await?;
        if response.error_code != 0 {
            self.take_error("does not sync", response.error_code);
            return Ok(());
        }
        let Some(share) = share(&response.assignment) else {
            let detail = format!("{} in {group} {}", self.who, self.generation);
            self.world.fail(Violation::new("members_get_what_the_leader_assigned", detail));
            return Ok(());
        };
        self.world.trace.line(&self.who, &format!("owns {share:?} of {group} in {}", self.generation));
        self.world.counts.borrow_mut().shares += 1;
        let owner = self.owner();
        let result = {
            let generations = &mut self.world.book.borrow_mut().groups.generations;
            generations.synced(&group, self.generation, &owner, &response.assignment, &share)
        };
        self.world.check(result);
        // Its session goes on as it was: the next heartbeat is what counts.
        self.synced_in = Some(self.world.births().len());
        self.owned.become_share(&self.world.book.borrow(), &group, &share);
        self.enter(Stage::Work);
        Ok(())
    }

    async fn heartbeat(&mut self) -> Result<(), Lost> {
        let request = HeartbeatRequest {
            group_id: self.plan.group.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            group_instance_id: self.plan.instance.clone(),
            ..Default::default()
        };
        let least = if self.plan.instance.is_some() { 3 } else { 0 };
        let version = self.connection.version_from(&request, least);
        let sent = self.world.now();
        let response = self.connection.call(&request, version).await?;
        if response.error_code != 0 {
            self.take_error("hears", response.error_code);
            return Ok(());
        }
        self.enter(Stage::Work);
        let (births, losses) = (self.world.births(), self.world.book.borrow().groups.losses);
        // While a coordinator loads, every heartbeat is welcome: it proves a member only in the life that made it one.
        self.session = self.session.filter(|session| session.holds(&births, sent, losses));
        let is_member = self.synced_in == Some(births.len()) && !self.world.is_disk_at_fault();
        if is_member || self.session.is_some() {
            let length = Duration::from_millis(self.plan.session_ms);
            self.session = Some(Session { heard: sent, length, losses });
        }
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), Lost> {
        let mut request = LeaveGroupRequest { group_id: self.plan.group.clone(), ..Default::default() };
        let least = if self.plan.instance.is_some() { LEAVE_OF_MEMBERS } else { 0 };
        let version = self.connection.version_from(&request, least);
        if version < LEAVE_OF_MEMBERS {
            request.member_id = self.member_id.clone();
        } else {
            request.members = vec![MemberIdentity {
                member_id: self.member_id.clone(),
                group_instance_id: self.plan.instance.clone(),
                ..Default::default()
            }];
        }
        self.start_anew();
        let response = self.connection.call(&request, version).await?;
        self.world.trace.line(&self.who, &format!("leaves: error {}", response.error_code));
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Lost> {
        let committer = Committer::classic(
            &self.plan.group,
            self.generation,
            &self.member_id,
            self.plan.instance.clone(),
        );
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
            0..=15 => self.heartbeat().await,
            16..=25 => read(&self.world, &mut self.connection, &self.entropy, &mut self.owned).await,
            26..=34 => self.commit().await,
            35 => self.leave().await,
            36 => {
                self.world.trace.line(&self.who, "starts anew");
                self.start_anew();
                Ok(())
            }
            37 => {
                self.enter(Stage::Join);
                Ok(())
            }
            38 => {
                let session_ms = self.plan.session_ms;
                sleep(Duration::from_millis(session_ms / 2 + self.draw(session_ms))).await;
                Ok(())
            }
            _ => {
                self.owned.forget_positions();
                Ok(())
            }
        }
    }

    async fn act(&mut self) -> Result<(), Lost> {
        if !self.is_found {
            self.is_found = find(&self.world, &mut self.connection, &self.plan.group).await?;
            return Ok(());
        }
        match &self.stage {
            Stage::Join => self.join().await,
            Stage::Sync(shares) => {
                let shares = shares.clone();
                self.sync(shares).await
            }
            Stage::Work if self.world.is_calm() => {
                sleep(Duration::from_millis(self.plan.session_ms / 4)).await;
                self.heartbeat().await
            }
            Stage::Work => self.work().await,
        }
    }
}

impl Actor for GroupMember {
    async fn step(&mut self) {
        if self.act().await.is_err() {
            self.is_found = false;
            // Whether it was heard is not known: asked again, or from the beginning.
            if matches!(self.stage, Stage::Sync(_)) && self.draw(2) == 0 {
                self.enter(Stage::Join);
            }
        }
    }
}
