//! The file `quorum-state`: the election state, one line of JSON, byte for byte as Apache Kafka writes it.
//!
//! `data_version` 0 belongs to `kraft.version` 0 and repeats the voters' ids, 1 to `kraft.version` 1 and adds the
//! directory of the replica voted for.

use std::path::{Path, PathBuf};

use io::Disk;
use raft::{ElectionState, KRaftVersion, ReplicaKey, VoterSet};
use serde::{Deserialize, Serialize};
use types::{LeaderEpoch, NodeId, Uuid};

/// The file's place and content.
#[derive(Clone, Debug)]
pub struct QuorumStateFile {
    path: PathBuf,
    disk: Disk,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QuorumStateError {
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: std::io::Error,
    },
    /// Its content is not an election state. It must not be ignored: this replica may have voted.
    #[error("{path} is damaged: {reason}; restore it from a copy")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Fields in the order of Apache Kafka's files.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<String>,
    leader_id: i32,
    leader_epoch: i32,
    voted_id: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    voted_directory_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied_offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_voters: Option<Vec<Voter>>,
    #[serde(rename = "data_version")]
    data_version: i16,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Voter {
    voter_id: i32,
}

const NAME: &str = "quorum-state";
const NOBODY: i32 = -1;

impl QuorumStateFile {
    /// The file of this metadata log directory.
    pub fn new(disk: Disk, metadata_log_directory: &Path) -> Self {
        Self { path: metadata_log_directory.join(NAME), disk }
    }

    /// Reads the file; `None` where there is none: this replica never took part in an election.
    ///
    /// # Errors
    /// Where it cannot be read, or is damaged, or has a `data_version` above 1.
    pub fn read(&self) -> Result<Option<ElectionState>, QuorumStateError> {
        let content = match self.disk.read(&self.path) {
            Ok(content) => content,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(QuorumStateError::Io { path: self.path.clone(), source }),
        };
        let malformed = |reason: String| QuorumStateError::Malformed { path: self.path.clone(), reason };
        let content: Content =
            serde_json::from_slice(&content).map_err(|error| malformed(error.to_string()))?;
        if !(0..=1).contains(&content.data_version) {
            return Err(malformed(format!("data_version is {}, 0 and 1 are known", content.data_version)));
        }
        let directory_id = match &content.voted_directory_id {
            Some(id) => id.parse().map_err(|_| malformed(format!("votedDirectoryId is {id:?}")))?,
            None => Uuid::ZERO,
        };
        let is_set = |id: i32| id != NOBODY;
        Ok(Some(ElectionState {
            epoch: LeaderEpoch(content.leader_epoch),
            leader_id: is_set(content.leader_id).then_some(NodeId(content.leader_id)),
            voted_key: is_set(content.voted_id)
                .then(|| ReplicaKey::new(NodeId(content.voted_id), directory_id)),
        }))
    }

    /// Replaces the file and makes it durable, in the version that goes with `kraft_version`.
    ///
    /// # Errors
    /// As the file system reports them; the replica must then not act on the election.
    pub fn write(
        &self,
        state: &ElectionState,
        voters: &VoterSet,
        kraft_version: KRaftVersion,
    ) -> Result<(), QuorumStateError> {
        let data_version = kraft_version.quorum_state_version();
        let with_voters = data_version == 0;
        let voted_directory_id = || {
            let id = state.voted_key.map_or(Uuid::ZERO, |voted| voted.directory_id_or_zero());
            id.to_string()
        };
        let content = Content {
            cluster_id: with_voters.then(String::new),
            leader_id: state.leader_id.map_or(NOBODY, |id| id.0),
            leader_epoch: state.epoch.0,
            voted_id: state.voted_key.map_or(NOBODY, |voted| voted.id.0),
            voted_directory_id: (!with_voters).then(voted_directory_id),
            applied_offset: with_voters.then_some(0),
            current_voters: with_voters.then(|| voters.ids().map(|id| Voter { voter_id: id.0 }).collect()),
            data_version,
        };
        let text = serde_json::to_vec(&content).expect("numbers and texts always have a JSON form");
        self.disk
            .write_atomically(&self.path, &text)
            .map_err(|source| QuorumStateError::Io { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use io::disk::SimulatedDisk;

    use super::*;

    // Both lines are as Apache Kafka 4.3.1 left them: a node formatted as standalone, and one with
    // controller.quorum.voters.
    const VERSION_1: &str = r#"{"leaderId":1,"leaderEpoch":2,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#;
    const VERSION_0: &str = r#"{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}"#;

    fn file() -> (Disk, QuorumStateFile) {
        let disk = Disk::Simulated(SimulatedDisk::default());
        let directory = Path::new("/data/__cluster_metadata-0");
        disk.create_directory(directory).expect("a new directory");
        (disk.clone(), QuorumStateFile::new(disk, directory))
    }

    fn text(disk: &Disk) -> String {
        let content = disk.read(Path::new("/data/__cluster_metadata-0/quorum-state")).expect("written");
        String::from_utf8(content).expect("JSON")
    }

    #[test]
    fn both_versions_are_written_as_apache_kafka_writes_them() {
        let (disk, file) = file();
        let endpoint = raft::Endpoint { host: "localhost".to_owned(), port: 9093 };
        let voters = VoterSet::of_addresses("CONTROLLER", [(NodeId(1), endpoint)]);
        let leader =
            |epoch| ElectionState { epoch: LeaderEpoch(epoch), leader_id: Some(NodeId(1)), voted_key: None };
        file.write(&leader(2), &voters, KRaftVersion::Dynamic).expect("written");
        assert_eq!(text(&disk), VERSION_1);
        assert_eq!(file.read().expect("read back"), Some(leader(2)));
        file.write(&leader(1), &voters, KRaftVersion::Static).expect("written");
        assert_eq!(text(&disk), VERSION_0);
        assert_eq!(file.read().expect("read back"), Some(leader(1)));
    }

    #[test]
    fn a_vote_remembers_the_directory_voted_for() {
        let (_, file) = file();
        let voted = ReplicaKey::new(NodeId(1), Uuid::from_halves(1, 2));
        let state = ElectionState { epoch: LeaderEpoch(7), leader_id: None, voted_key: Some(voted) };
        file.write(&state, &VoterSet::default(), KRaftVersion::Dynamic).expect("written");
        assert_eq!(file.read().expect("read back"), Some(state));
    }

    #[test]
    fn no_file_is_no_election_and_a_damaged_one_is_an_error() {
        let (disk, file) = file();
        assert_eq!(file.read().expect("nothing there"), None);
        for damaged in ["", "{}", "[1]", &VERSION_1[..40], &VERSION_1.replace(":1}", ":2}")] {
            disk.write_atomically(&file.path, damaged.as_bytes()).expect("written");
            assert!(matches!(file.read(), Err(QuorumStateError::Malformed { .. })), "{damaged}");
        }
    }
}
