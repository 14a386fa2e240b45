//! A node with one data directory, on a simulated disk or a real one, for the tests of this crate.

use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{MetadataLogConfig, NodeConfig};
use controller::brokers::register::NewBroker;
use controller::controllers::NewController;
use controller::{ControllerSettings, supported_features};
use io::disk::SimulatedDisk;
use io::{Blocking, Clock, Disk, Entropy};
use metadata::SecurityProtocol;
use raft::{Endpoints, LocalVoter, ReplicaKey, VoterSet};
use types::{BrokerEpoch, NodeId};

use crate::format::{FormatOptions, NewQuorum, format_if_fresh, new_id};
use crate::{ControllerOptions, QuorumOptions};

pub(crate) const NOW_MS: i64 = 1_795_253_500_000;

/// The node, formatted and not started.
pub(crate) struct Node {
    pub(crate) simulated: SimulatedDisk,
    pub(crate) options: QuorumOptions,
    data_directory: PathBuf,
}

pub(crate) fn log_config() -> MetadataLogConfig {
    let (config, _) = NodeConfig::from_properties(NodeConfig::embedded_defaults(), "localhost")
        .expect("defaults are valid");
    config.metadata_log
}

impl Node {
    pub(crate) fn formatted() -> Self {
        let simulated = SimulatedDisk::default();
        let disk = Disk::Simulated(simulated.clone());
        Self::formatted_on(disk, simulated, Path::new("/data"), Blocking::Inline)
    }

    /// On a disk of the operating system, with threads for what may block.
    pub(crate) fn formatted_in(directory: &Path) -> Self {
        Self::formatted_on(Disk::Real, SimulatedDisk::default(), directory, Blocking::Threads)
    }

    fn formatted_on(disk: Disk, simulated: SimulatedDisk, directory: &Path, blocking: Blocking) -> Self {
        let entropy = Entropy::from_seed(1);
        let mut directories = [log::log_dirs::DataDirectory::lock(disk.clone(), directory).expect("free")];
        let options = FormatOptions {
            cluster_id: "c".to_owned(),
            node_id: NodeId(1),
            quorum: NewQuorum::Standalone(Endpoints::single("CONTROLLER", "localhost", 9093)),
            bootstrap_records: controller::bootstrap::default_records(),
        };
        format_if_fresh(&disk, &mut directories, &options, &entropy, NOW_MS).expect("formatted");
        let directory_id = directories[0].meta().and_then(|meta| meta.directory_id).expect("formatted");
        let options = QuorumOptions {
            disk,
            log: log_config(),
            local: LocalVoter {
                key: ReplicaKey::new(NodeId(1), directory_id),
                endpoints: Endpoints::single("CONTROLLER", "localhost", 9093),
                election_timeout: Duration::from_millis(1000),
            },
            static_voters: VoterSet::default(),
            clock: Clock::simulated(NOW_MS),
            entropy,
            blocking,
        };
        Self { simulated, options, data_directory: directory.to_owned() }
    }

    /// What its controller is started with.
    pub(crate) fn controller_options(&self) -> ControllerOptions {
        ControllerOptions {
            quorum: self.options.clone(),
            data_directory: self.data_directory.clone(),
            settings: ControllerSettings {
                cluster_id: "c".to_owned(),
                node_id: NodeId(1),
                num_partitions: 1,
                default_replication_factor: 1,
                delete_topic_enable: true,
                broker_session_timeout: Duration::from_secs(9),
                properties: NodeConfig::embedded_defaults(),
            },
            registration: NewController {
                id: NodeId(1),
                incarnation_id: new_id(&self.options.entropy),
                listeners: [("CONTROLLER".to_owned(), endpoint(9093))].into(),
                features: supported_features(),
            },
        }
    }

    /// What its broker registers with.
    pub(crate) fn new_broker(&self) -> NewBroker {
        NewBroker {
            cluster_id: "c".to_owned(),
            id: NodeId(1),
            incarnation_id: new_id(&self.options.entropy),
            listeners: [("PLAINTEXT".to_owned(), endpoint(9092))].into(),
            features: supported_features(),
            rack: None,
            directories: vec![self.options.local.key.directory_id_or_zero()],
            previous_epoch: Some(BrokerEpoch(-1)),
            is_migrating_zk_broker: false,
        }
    }

    /// Cuts the power.
    pub(crate) fn crash(&self) {
        self.simulated.crash(&self.options.entropy);
    }
}

fn endpoint(port: u16) -> metadata::Endpoint {
    metadata::Endpoint { host: "localhost".to_owned(), port, security_protocol: SecurityProtocol::Plaintext }
}
