//! The data directories of a node: locked, checked against each other and, where they are fresh, formatted.

use config::NodeConfig;
use controller_node::Endpoints;
use controller_node::format::{FormatOptions, NewQuorum, format_if_fresh};
use io::Entropy;
use log::log_dirs::DataDirectory;
use types::Uuid;

use crate::{Environment, NodeError};

/// The directories of a node, and whose they are.
pub(super) struct Directories {
    /// Every directory, the one with the metadata log first.
    pub(super) all: Vec<DataDirectory>,
    pub(super) cluster_id: String,
    /// The id of the directory with the metadata log.
    pub(super) metadata_directory_id: Uuid,
}

/// Locks the directories, makes fresh ones this node's own, and checks that all belong to it.
pub(super) fn prepare(config: &NodeConfig, environment: &Environment) -> Result<Directories, NodeError> {
    let Environment { disk, entropy, clock, .. } = environment;
    let metadata_first = std::iter::once(&config.metadata_log_dir)
        .chain(config.log_dirs.iter().filter(|path| **path != config.metadata_log_dir));
    let mut all =
        metadata_first.map(|path| DataDirectory::lock(disk.clone(), path)).collect::<Result<Vec<_>, _>>()?;
    let options = FormatOptions {
        cluster_id: config.cluster_id.clone().unwrap_or_else(|| new_id(entropy).to_string()),
        node_id: config.node_id,
        quorum: if config.quorum_voters.is_empty() {
            NewQuorum::Standalone(controller_endpoints(config))
        } else {
            NewQuorum::Static
        },
        bootstrap_records: controller_node::default_records(),
    };
    format_if_fresh(disk, &mut all, &options, entropy, clock.now_ms())?;
    let cluster_id = check_owner(config, &mut all, entropy)?;
    let metadata_directory_id = all[0].meta().and_then(|meta| meta.directory_id).unwrap_or(Uuid::ZERO);
    Ok(Directories { all, cluster_id, metadata_directory_id })
}

/// Where this node's controller is reached, as it is written into the voter set. Without a controller listener nobody
/// calls; the address of the client listener then stands for the host, with the port after it.
pub fn controller_endpoints(config: &NodeConfig) -> Endpoints {
    let name = config.controller_listener_names.first().map_or("CONTROLLER", String::as_str);
    let advertised = config.advertised_listeners.iter().find(|endpoint| endpoint.listener == name);
    match advertised {
        Some(endpoint) => Endpoints::single(name, &endpoint.host, endpoint.port),
        None => Endpoints::single(name, "localhost", 9093),
    }
}

/// Every directory names this node and one cluster, the one that was asked for where one was; one formatted before directories had ids gets its id.
fn check_owner(
    config: &NodeConfig,
    directories: &mut [DataDirectory],
    entropy: &Entropy,
) -> Result<String, NodeError> {
    let mut cluster: Option<(std::path::PathBuf, String)> = None;
    for directory in directories {
        let Some(meta) = directory.meta().cloned() else { continue };
        let path = directory.path().to_owned();
        if meta.node_id != config.node_id {
            return Err(NodeError::OtherNode { path, found: meta.node_id.0, configured: config.node_id.0 });
        }
        if let Some(asked) = config.cluster_id.as_ref().filter(|asked| **asked != meta.cluster_id) {
            return Err(NodeError::NotOfCluster { path, found: meta.cluster_id, asked: asked.clone() });
        }
        match &cluster {
            Some((first, expected)) if *expected != meta.cluster_id => {
                let (first, expected) = (first.clone(), expected.clone());
                return Err(NodeError::OtherCluster { path, found: meta.cluster_id, first, expected });
            }
            Some(_) => {}
            None => cluster = Some((path, meta.cluster_id.clone())),
        }
        if meta.directory_id.is_none() {
            let directory_id = Some(new_id(entropy));
            directory.set_meta(log::checkpoint::MetaProperties { directory_id, ..meta })?;
        }
    }
    Ok(cluster.map(|(_, id)| id).unwrap_or_default())
}

pub(super) fn new_id(entropy: &Entropy) -> Uuid {
    loop {
        if let Some(id) = Uuid::from_random(entropy.bytes16()) {
            return id;
        }
    }
}
