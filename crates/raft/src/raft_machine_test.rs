use std::time::Duration;

use protocol::records::k_raft_version_record::KRaftVersionRecord;
use types::{LeaderEpoch, NodeId, Offset, Uuid};

use crate::*;

const NOW: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_millis(1000);

fn key(node: i32, directory: u64) -> ReplicaKey {
    ReplicaKey::new(NodeId(node), Uuid::from_halves(0, directory))
}

fn voter(key: ReplicaKey, port: u16) -> VoterNode {
    let endpoints = Endpoints::single("CONTROLLER", "localhost", port);
    VoterNode { key, endpoints, kraft_versions: (0, 1) }
}

fn local(key: ReplicaKey) -> LocalVoter {
    let endpoints = Endpoints::single("CONTROLLER", "localhost", 9093);
    LocalVoter { key, endpoints, election_timeout: TIMEOUT }
}

/// What the snapshot that formatting leaves says: `kraft.version` 1 and these voters, both before the first offset.
fn dynamic(voters: &[VoterNode], offset: i64) -> ControlRecordsState {
    let mut state = ControlRecordsState::new(VoterSet::default());
    let voters: VoterSet = voters.iter().cloned().collect();
    let version = KRaftVersionRecord { k_raft_version: 1, ..Default::default() };
    state.replay(Offset(offset), &ControlRecord::KRaftVersion(version)).expect("1 is known");
    state.replay(Offset(offset), &ControlRecord::Voters(voters.to_record())).expect("voters");
    state
}

fn log_end(offset: i64, epoch: i32) -> OffsetAndEpoch {
    OffsetAndEpoch::new(Offset(offset), LeaderEpoch(epoch))
}

fn effects(raft: &mut Raft) -> Vec<Effect> {
    std::iter::from_fn(|| raft.poll_effect()).collect()
}

/// The election made durable, the epoch and the opening records of a replica that becomes leader.
fn lead(raft: &mut Raft, end: i64) -> (ElectionState, LeaderEpoch, Vec<ControlRecord>) {
    raft.handle_start(Offset(end));
    match effects(raft).as_slice() {
        [Effect::PersistElection { state, .. }, Effect::BecameLeader { epoch, opening }] => {
            (state.clone(), *epoch, opening.clone())
        }
        other => panic!("expected one election made durable, then the lead, found {other:?}"),
    }
}

fn election(epoch: i32, leader: Option<i32>, voted: Option<ReplicaKey>) -> Option<ElectionState> {
    Some(ElectionState { epoch: LeaderEpoch(epoch), leader_id: leader.map(NodeId), voted_key: voted })
}

#[test]
fn a_fresh_replica_leads_epoch_1_and_writes_its_voters() {
    let me = key(1, 7);
    let voters = dynamic(&[voter(me, 9093)], -1);
    let mut raft = Raft::new(local(me), voters, None, log_end(0, 0), NOW).expect("the only voter");
    assert_eq!(raft.role(), RoleName::Unattached);
    let (state, epoch, opening) = lead(&mut raft, 0);
    assert_eq!(epoch, LeaderEpoch(1));
    assert_eq!(Some(state), election(1, Some(1), None));
    let [
        ControlRecord::LeaderChange(change),
        ControlRecord::KRaftVersion(version),
        ControlRecord::Voters(voters),
    ] = opening.as_slice()
    else {
        panic!("expected leader, version and voters, found {opening:?}")
    };
    assert_eq!((change.leader_id, change.voters.len(), change.granting_voters.len()), (1, 1, 1));
    assert_eq!((change.voters[0].voter_id, change.granting_voters[0].voter_id), (1, 1));
    assert_eq!(version.k_raft_version, 1);
    assert_eq!(VoterSet::from_record(voters), [voter(me, 9093)].into_iter().collect());
}

#[test]
fn every_start_bumps_the_epoch_and_writes_voters_only_if_they_changed() {
    let me = key(1, 7);
    let restart = |port| {
        let known = dynamic(&[voter(me, port)], 2);
        let mut raft = Raft::new(local(me), known, election(4, Some(1), None), log_end(90, 4), NOW)
            .expect("the only voter");
        assert_eq!(raft.role(), RoleName::Resigned, "a former leader never acts in its old epoch again");
        let (_, epoch, opening) = lead(&mut raft, 90);
        (epoch, opening.len())
    };
    assert_eq!(restart(9093), (LeaderEpoch(5), 1));
    assert_eq!(restart(9999), (LeaderEpoch(5), 3), "the voter's endpoint changed from port 9999 to 9093");
}

#[test]
fn static_voters_are_not_written() {
    let me = key(1, 7);
    let endpoint = Endpoint { host: "localhost".to_owned(), port: 9093 };
    let voters = VoterSet::of_addresses("CONTROLLER", [(NodeId(1), endpoint)]);
    let state = ControlRecordsState::new(voters);
    let mut raft = Raft::new(local(me), state, None, log_end(0, 0), NOW).expect("the only voter");
    raft.handle_start(Offset(0));
    let effects = effects(&mut raft);
    assert!(matches!(
        effects.as_slice(),
        [Effect::PersistElection { kraft_version: KRaftVersion::Static, .. }, Effect::BecameLeader { opening, .. }]
            if opening.len() == 1
    ));
}

#[test]
fn a_log_newer_than_the_election_file_decides_the_epoch() {
    let me = key(1, 7);
    let state = dynamic(&[voter(me, 9093)], 2);
    let mut raft =
        Raft::new(local(me), state, election(2, Some(1), None), log_end(90, 6), NOW).expect("the only voter");
    assert_eq!(raft.role(), RoleName::Unattached);
    assert_eq!(lead(&mut raft, 90).1, LeaderEpoch(7));
}

#[test]
fn a_candidate_that_restarts_wins_its_epoch() {
    let me = key(1, 7);
    let state = dynamic(&[voter(me, 9093)], 2);
    let mut raft = Raft::new(local(me), state, election(5, None, Some(me)), log_end(90, 4), NOW)
        .expect("the only voter");
    assert_eq!(raft.role(), RoleName::Candidate);
    assert_eq!(lead(&mut raft, 90).1, LeaderEpoch(5), "nothing was appended in the epoch it stands for");
}

#[test]
fn the_high_watermark_waits_for_the_epochs_first_record() {
    let me = key(1, 7);
    let state = dynamic(&[voter(me, 9093)], 2);
    let mut raft =
        Raft::new(local(me), state, election(4, Some(1), None), log_end(90, 4), NOW).expect("the only voter");
    lead(&mut raft, 90);
    raft.handle_log_durable(Offset(90));
    assert_eq!(raft.high_watermark(), None, "records of older epochs do not count on their own");
    assert_eq!(effects(&mut raft), []);
    raft.handle_log_durable(Offset(91));
    assert_eq!(effects(&mut raft), [Effect::HighWatermarkAdvanced { offset: Offset(91) }]);
    raft.handle_log_durable(Offset(91));
    raft.handle_log_durable(Offset(40));
    assert_eq!(effects(&mut raft), [], "the high watermark never falls and is told once");
    raft.handle_log_durable(Offset(100));
    assert_eq!(effects(&mut raft), [Effect::HighWatermarkAdvanced { offset: Offset(100) }]);
    assert_eq!(raft.high_watermark(), Some(Offset(100)));
}

#[test]
fn a_leader_that_resigns_commits_nothing_and_stands_again_after_its_timeout() {
    let me = key(1, 7);
    let state = dynamic(&[voter(me, 9093)], 2);
    let mut raft = Raft::new(local(me), state, None, log_end(0, 0), NOW).expect("the only voter");
    lead(&mut raft, 0);
    raft.handle_resign(NOW, 1500);
    assert_eq!(effects(&mut raft), [Effect::Resigned { epoch: LeaderEpoch(1) }]);
    raft.handle_log_durable(Offset(10));
    assert_eq!(effects(&mut raft), []);
    assert_eq!(raft.next_deadline(), Some(NOW + TIMEOUT + Duration::from_millis(500)));
    raft.handle_timeout(NOW + TIMEOUT, Offset(10));
    assert_eq!(raft.role(), RoleName::Resigned);
    raft.handle_timeout(NOW + 2 * TIMEOUT, Offset(10));
    assert_eq!((raft.role(), raft.epoch()), (RoleName::Leader, LeaderEpoch(2)));
    assert_eq!(raft.next_deadline(), None);
}

#[test]
fn only_the_only_voter_starts() {
    let (me, other, old_disk) = (key(1, 7), key(2, 8), key(1, 6));
    let start = |voters: &[VoterNode]| {
        let state = if voters.is_empty() {
            ControlRecordsState::new(VoterSet::default())
        } else {
            dynamic(voters, -1)
        };
        Raft::new(local(me), state, None, log_end(0, 0), NOW).map(|raft| raft.role())
    };
    assert_eq!(start(&[]), Err(StartError::NoVoters(NodeId(1))));
    assert!(matches!(start(&[voter(other, 1)]), Err(StartError::NotAVoter { .. })));
    assert!(matches!(start(&[voter(old_disk, 1)]), Err(StartError::NotAVoter { .. })), "another directory");
    assert!(matches!(start(&[voter(me, 1), voter(other, 1)]), Err(StartError::OtherVoters { .. })));
    assert_eq!(start(&[voter(me, 1)]), Ok(RoleName::Unattached));
}

#[test]
fn voters_and_versions_are_known_at_every_offset() {
    let me = key(1, 7);
    let mut state = dynamic(&[voter(me, 1)], -1);
    let moved: VoterSet = [voter(me, 2)].into_iter().collect();
    state.replay(Offset(10), &ControlRecord::Voters(moved.to_record())).expect("voters");
    let port = |state: &ControlRecordsState, offset| {
        let voters = state.voters_at(Offset(offset))?;
        voters.iter().next()?.endpoints.get("CONTROLLER").map(|endpoint| endpoint.port)
    };
    assert_eq!((port(&state, 9), port(&state, 10), port(&state, 99)), (Some(1), Some(2), Some(2)));
    assert_eq!(state.kraft_version_at(Offset(5)), KRaftVersion::Dynamic);
    assert_eq!(state.kraft_version_at(Offset(-2)), KRaftVersion::Static);
    state.forget_before(Offset(20));
    assert_eq!((port(&state, 9), port(&state, 20)), (None, Some(2)));
    assert_eq!(state.kraft_version_at(Offset(20)), KRaftVersion::Dynamic, "still in force");
    let unknown = KRaftVersionRecord { k_raft_version: 2, ..Default::default() };
    assert!(state.replay(Offset(30), &ControlRecord::KRaftVersion(unknown)).is_err());
}

/// A driver with a log that loses what was not synced, for seeded runs.
struct Run {
    raft: Raft,
    /// The file `quorum-state`.
    election: Option<ElectionState>,
    durable: OffsetAndEpoch,
    end: OffsetAndEpoch,
    led: Vec<LeaderEpoch>,
    high_watermark: Option<Offset>,
}

impl Run {
    fn voters() -> ControlRecordsState {
        dynamic(&[voter(key(1, 7), 9093)], 2)
    }

    fn new() -> Self {
        let end = log_end(3, 0);
        let raft = Raft::new(local(key(1, 7)), Self::voters(), None, end, NOW).expect("the only voter");
        Self { raft, election: None, durable: end, end, led: Vec::new(), high_watermark: None }
    }

    /// Performs the effects, and checks what must hold for each.
    fn perform(&mut self, seed: u64) {
        while let Some(effect) = self.raft.poll_effect() {
            match effect {
                Effect::PersistElection { state, .. } => self.election = Some(state),
                Effect::BecameLeader { epoch, opening } => {
                    let election =
                        self.election.as_ref().expect("an election is durable before it is acted on");
                    assert!(election.is_leader(NodeId(1)) && election.epoch == epoch, "seed {seed}");
                    assert!(self.led.iter().all(|led| *led < epoch), "seed {seed}: {epoch} was led before");
                    self.led.push(epoch);
                    self.high_watermark = None;
                    self.end = OffsetAndEpoch::new(self.end.offset.plus(opening.len() as i64), epoch);
                }
                Effect::HighWatermarkAdvanced { offset } => {
                    assert!(offset <= self.durable.offset, "seed {seed}: only what is durable is committed");
                    assert_eq!(
                        self.durable.epoch,
                        self.raft.epoch(),
                        "seed {seed}: by a record of the epoch"
                    );
                    assert!(self.high_watermark < Some(offset), "seed {seed}: it never falls");
                    self.high_watermark = Some(offset);
                }
                Effect::Resigned { epoch } => assert_eq!(self.led.last(), Some(&epoch), "seed {seed}"),
            }
        }
    }

    /// The process dies; `is_power_cut` takes what was not synced with it.
    fn restart(&mut self, is_power_cut: bool) {
        if is_power_cut {
            self.end = self.durable;
        }
        let (election, end) = (self.election.clone(), self.end);
        self.raft = Raft::new(local(key(1, 7)), Self::voters(), election, end, NOW).expect("the only voter");
    }
}

#[test]
fn in_seeded_runs_no_epoch_is_led_twice_and_nothing_is_committed_that_can_be_lost() {
    let mut elections = 0;
    for seed in 0..500_u64 {
        let mut state = seed;
        let mut below = |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % bound
        };
        let (mut run, mut now) = (Run::new(), NOW);
        for _ in 0..60 {
            let committed = run.high_watermark;
            match below(7) {
                0 => run.raft.handle_start(run.end.offset),
                1 if run.raft.role() == RoleName::Leader => run.end.offset = run.end.offset.plus(1),
                2 => {
                    run.durable = run.end;
                    run.raft.handle_log_durable(run.durable.offset);
                }
                3 => run.raft.handle_resign(now, below(10_000)),
                4 => {
                    now += Duration::from_millis(below(1_500));
                    run.raft.handle_timeout(now, run.end.offset);
                }
                5 => run.restart(below(2) == 0),
                // A report that says nothing new.
                _ => run.raft.handle_log_durable(run.durable.offset),
            }
            assert!(committed <= Some(run.end.offset), "seed {seed}: what was committed is lost");
            run.perform(seed);
        }
        elections += run.led.len();
    }
    assert!(elections > 1_000, "the runs must elect to prove something: {elections}");
}
