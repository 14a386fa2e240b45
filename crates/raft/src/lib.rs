//! The KRaft consensus rules as a pure machine: no socket, file, clock or thread (KIP-595, KIP-853).
//!
//! [`Raft`] takes events and hands out [`Effect`]s, whose order is a duty of the driver. What it serves today is a
//! quorum of one, as a real leader: every start bumps the epoch, election state is durable before anything is
//! appended in that epoch, the epoch opens with its control records, the high watermark waits for them.
//!
//! *Boundary:* votes and fetches of other voters are absent. A voter set that names others is refused at the start.

mod control_record;
mod control_records_state;
mod effect;
mod election_state;
mod endpoints;
mod epoch_election;
mod kraft_version;
mod offset_and_epoch;
mod raft_machine;
#[cfg(test)]
mod raft_machine_test;
mod replica_key;
mod roles;
pub mod snapshot;
mod voter_set;

pub use control_record::{ControlRecord, ControlRecordError};
pub use control_records_state::{ControlRecordsState, UnsupportedKRaftVersion};
pub use effect::Effect;
pub use election_state::ElectionState;
pub use endpoints::{Endpoint, Endpoints};
pub use kraft_version::KRaftVersion;
pub use offset_and_epoch::OffsetAndEpoch;
pub use raft_machine::{LocalVoter, Raft, RoleName, StartError};
pub use replica_key::ReplicaKey;
pub use voter_set::{VoterNode, VoterSet};
