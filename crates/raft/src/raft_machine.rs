//! The machine: events in, effects out. Times are monotonic, since an origin of the driver's choice.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::records::k_raft_version_record::KRaftVersionRecord;
use protocol::records::leader_change_message::{LeaderChangeMessage, Voter};
use types::{LeaderEpoch, NodeId, Offset};

use crate::control_records_state::UnsupportedKRaftVersion;
use crate::roles::{Candidate, Leader, Prospective, Resigned, Role, Unattached};
use crate::{ControlRecord, ControlRecordsState, Effect, ElectionState, Endpoints, KRaftVersion};
use crate::{OffsetAndEpoch, ReplicaKey, VoterNode, VoterSet};

/// This node as a voter.
#[derive(Clone, Debug)]
pub struct LocalVoter {
    /// Its `node.id` and the `directory.id` of the metadata log's directory.
    pub key: ReplicaKey,
    /// Its controller listeners as others reach them.
    pub endpoints: Endpoints,
    /// `controller.quorum.election.timeout.ms`; a replica waits between one and two of them, at random.
    pub election_timeout: Duration,
}

/// Why this node cannot be the quorum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Neither the log nor the configuration names a voter.
    #[error(
        "nobody votes in the metadata quorum: neither the metadata log nor controller.quorum.voters names a voter; \
         format the directory as a standalone node, or set controller.quorum.voters={0}@HOST:PORT"
    )]
    NoVoters(NodeId),
    /// The voter set is of other replicas.
    #[error(
        "this replica ({local}) is not a voter of the metadata quorum, whose voters are {voters}; a node that only \
         follows a quorum is not served yet"
    )]
    NotAVoter {
        /// This replica.
        local: ReplicaKey,
        /// The voters, as text.
        voters: String,
    },
    /// The voter set has this replica and others.
    #[error("the metadata quorum has the voters {voters}; a quorum of more than one voter is not served yet")]
    OtherVoters {
        /// The voters, as text.
        voters: String,
    },
}

/// A replica's role by name, as it is logged and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleName {
    /// Follows nobody.
    Unattached,
    /// Asks whether it could win an election.
    Prospective,
    /// Stands for election.
    Candidate,
    /// Leads the epoch.
    Leader,
    /// Led the epoch, and leads it no more.
    Resigned,
}

/// A replica of the metadata log: its role in the current epoch, and the voters.
#[derive(Debug)]
pub struct Raft {
    local: LocalVoter,
    control_records: ControlRecordsState,
    role: Role,
    effects: VecDeque<Effect>,
}

impl Raft {
    /// A replica that starts: `control_records` after replaying the newest snapshot and the whole log, `election` as
    /// the file `quorum-state` holds it (`None` where there is no such file), `log_end` of the recovered log.
    ///
    /// # Errors
    /// Where this node is not the only voter: see [`StartError`].
    pub fn new(
        local: LocalVoter,
        control_records: ControlRecordsState,
        election: Option<ElectionState>,
        log_end: OffsetAndEpoch,
        now: Duration,
    ) -> Result<Self, StartError> {
        let voters = control_records.voters();
        if voters.is_empty() {
            return Err(StartError::NoVoters(local.key.id));
        } else if !voters.is_voter(&local.key) {
            return Err(StartError::NotAVoter { local: local.key, voters: spell(voters) });
        } else if !voters.is_only_voter(&local.key) {
            return Err(StartError::OtherVoters { voters: spell(voters) });
        }
        let election = election.unwrap_or_else(|| ElectionState::unknown_leader(LeaderEpoch(0)));
        let role = if election.epoch < log_end.epoch {
            // The file is older than the log: only the epoch can be trusted, and nothing was voted in it by us.
            unattached(ElectionState::unknown_leader(log_end.epoch))
        } else if election.is_leader(local.key.id) {
            // May stand again at once: nobody else of this quorum could.
            Role::Resigned(Resigned { epoch: election.epoch, local: local.key.id, election_deadline: now })
        } else if election.is_voted_candidate(&local.key) {
            Role::Candidate(Candidate::new(election.epoch, local.key, voters))
        } else {
            unattached(election)
        };
        Ok(Self { local, control_records, role, effects: VecDeque::new() })
    }

    /// The driver is ready; `log_end` is the first offset of what it appends next. A quorum of one becomes leader.
    pub fn handle_start(&mut self, log_end: Offset) {
        match self.role {
            Role::Candidate(_) => self.count_votes(log_end),
            Role::Unattached(_) | Role::Resigned(_) => self.stand_for_election(log_end),
            Role::Prospective(_) | Role::Leader(_) => {}
        }
    }

    /// A control record stands at `offset` of the log: read at the start or just appended.
    ///
    /// # Errors
    /// A `kraft.version` that is not known.
    pub fn handle_control_record(
        &mut self,
        offset: Offset,
        record: &ControlRecord,
    ) -> Result<(), UnsupportedKRaftVersion> {
        self.control_records.replay(offset, record)
    }

    /// Everything below `end` is durable in the local log. A position counts only then, so that a power cut cannot
    /// take back what was called committed.
    pub fn handle_log_durable(&mut self, end: Offset) {
        if let Role::Leader(leader) = &mut self.role
            && let Some(offset) = leader.local_log_durable(end)
        {
            self.effects.push_back(Effect::HighWatermarkAdvanced { offset });
        }
    }

    /// The local log failed to append or to flush, or the node stops: a leader steps down. It may stand again after
    /// one to two election timeouts, which `random` chooses between.
    pub fn handle_resign(&mut self, now: Duration, random: u64) {
        let Role::Leader(leader) = &self.role else { return };
        let epoch = leader.epoch;
        let timeout = self.local.election_timeout;
        let jitter_ms = random.checked_rem(timeout.as_millis() as u64).unwrap_or_default();
        let election_deadline = now + timeout + Duration::from_millis(jitter_ms);
        self.role = Role::Resigned(Resigned { epoch, local: self.local.key.id, election_deadline });
        self.effects.push_back(Effect::Resigned { epoch });
    }

    /// When [`Raft::handle_timeout`] is to be called next; `None` while nothing waits for time to pass.
    pub fn next_deadline(&self) -> Option<Duration> {
        match &self.role {
            Role::Resigned(resigned) => Some(resigned.election_deadline),
            _ => None,
        }
    }

    /// Time has passed. A resigned replica stands for the next epoch once its election timeout is over.
    pub fn handle_timeout(&mut self, now: Duration, log_end: Offset) {
        if self.next_deadline().is_some_and(|deadline| deadline <= now) {
            self.stand_for_election(log_end);
        }
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The role in the current epoch.
    pub fn role(&self) -> RoleName {
        match self.role {
            Role::Unattached(_) => RoleName::Unattached,
            Role::Prospective(_) => RoleName::Prospective,
            Role::Candidate(_) => RoleName::Candidate,
            Role::Leader(_) => RoleName::Leader,
            Role::Resigned(_) => RoleName::Resigned,
        }
    }

    /// What this replica knows of the current epoch's election.
    pub fn election(&self) -> ElectionState {
        match &self.role {
            Role::Unattached(role) => role.election(),
            Role::Prospective(role) => role.election(),
            Role::Candidate(role) => role.election(),
            Role::Leader(role) => role.election(),
            Role::Resigned(role) => role.election(),
        }
    }

    /// The current epoch.
    pub fn epoch(&self) -> LeaderEpoch {
        self.election().epoch
    }

    /// First offset that is not committed; `None` where this is not known yet.
    pub fn high_watermark(&self) -> Option<Offset> {
        match &self.role {
            Role::Leader(leader) => leader.high_watermark,
            _ => None,
        }
    }

    /// Voters and `kraft.version`, now and at the offsets of the log.
    pub fn control_records(&self) -> &ControlRecordsState {
        &self.control_records
    }

    /// A snapshot that ends at `offset` made the log before it unnecessary.
    pub fn handle_log_start_advanced(&mut self, offset: Offset) {
        self.control_records.forget_before(offset.plus(-1));
    }

    /// Unattached or resigned, this replica's own pre-vote and vote decide the election.
    fn stand_for_election(&mut self, log_end: Offset) {
        let prospective = Prospective::new(self.election(), self.local.key.id, self.control_records.voters());
        let is_granted = prospective.is_granted();
        self.role = Role::Prospective(prospective);
        if is_granted {
            let epoch = LeaderEpoch(self.epoch().0 + 1);
            self.role = Role::Candidate(Candidate::new(epoch, self.local.key, self.control_records.voters()));
            self.persist_election();
            self.count_votes(log_end);
        }
    }

    fn count_votes(&mut self, log_end: Offset) {
        let Role::Candidate(candidate) = &self.role else { return };
        if !candidate.is_granted() {
            return;
        }
        let (epoch, granting_voters) = (candidate.epoch, candidate.granting_voters());
        self.role = Role::Leader(Leader::new(epoch, self.local.key.id, log_end));
        self.persist_election();
        let opening = self.epoch_opening(&granting_voters);
        self.effects.push_back(Effect::BecameLeader { epoch, opening });
    }

    /// Asks for the current election to be made durable. One that waits for the same and that nothing has been done
    /// upon since is replaced: a quorum of one goes from its vote to its leadership with one write.
    fn persist_election(&mut self) {
        let (state, kraft_version) = (self.election(), self.control_records.kraft_version());
        if let Some(Effect::PersistElection { .. }) = self.effects.back() {
            self.effects.pop_back();
        }
        self.effects.push_back(Effect::PersistElection { state, kraft_version });
    }

    /// The control records that open an epoch: the leader, and the voters where the log has none yet or where this
    /// node's own entry (its endpoints, the versions it serves) is out of date.
    fn epoch_opening(&self, granting_voters: &[NodeId]) -> Vec<ControlRecord> {
        let voters = self.control_records.voters();
        let voter = |id: NodeId| Voter { voter_id: id.0, ..Default::default() };
        let mut opening = vec![ControlRecord::LeaderChange(LeaderChangeMessage {
            leader_id: self.local.key.id.0,
            voters: voters.ids().map(voter).collect(),
            granting_voters: granting_voters.iter().copied().map(voter).collect(),
            ..Default::default()
        })];
        let kraft_version = self.control_records.kraft_version();
        if kraft_version.is_dynamic() {
            let is_first = self.control_records.voters_offset() == Some(Offset(-1));
            let updated = voters.updated(&self.local_voter_node());
            if is_first || updated.is_some() {
                opening.push(ControlRecord::KRaftVersion(KRaftVersionRecord {
                    k_raft_version: kraft_version.level(),
                    ..Default::default()
                }));
                opening.push(ControlRecord::Voters(updated.as_ref().unwrap_or(voters).to_record()));
            }
        }
        opening
    }

    fn local_voter_node(&self) -> VoterNode {
        VoterNode {
            key: self.local.key,
            endpoints: self.local.endpoints.clone(),
            kraft_versions: KRaftVersion::SUPPORTED,
        }
    }
}

fn unattached(election: ElectionState) -> Role {
    let ElectionState { epoch, leader_id, voted_key } = election;
    Role::Unattached(Unattached { epoch, leader_id, voted_key })
}

fn spell(voters: &VoterSet) -> String {
    voters.iter().map(|voter| voter.key.to_string()).collect::<Vec<_>>().join(", ")
}
