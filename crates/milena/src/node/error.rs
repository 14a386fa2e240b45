//! Why a node does not start, or ends other than by being asked to.

use std::path::PathBuf;

use broker::metadata_applier::BeginError;
use controller_node::format::FormatError;
use controller_node::{CallError, ControllerFailure};
use log::log_dirs::DataDirectoryError;
use net::server::BindError;

/// Why a node does not start, or ends other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A data directory cannot be used.
    #[error("{0}; choose another one with --data-dir or log.dirs, or end the process that uses it")]
    Directory(#[from] DataDirectoryError),
    /// Fresh directories cannot be formatted.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A directory belongs to another node.
    #[error("{} belongs to node {found} of its cluster and this node is {configured}; set node.id={found} or choose \
             another directory", path.display())]
    OtherNode {
        /// The directory.
        path: PathBuf,
        /// `node.id` in its `meta.properties`.
        found: i32,
        /// `node.id` of this node.
        configured: i32,
    },
    /// The data directories belong to different clusters.
    #[error("{} belongs to cluster {found} and {} to cluster {expected}; a node has one cluster", path.display(), first.display())]
    OtherCluster {
        /// The directory.
        path: PathBuf,
        /// Its cluster.
        found: String,
        /// Another directory of the node.
        first: PathBuf,
        /// That one's cluster.
        expected: String,
    },
    /// An address cannot be listened on.
    #[error("{source}{}", hint(source))]
    Listen {
        /// Why.
        #[from]
        source: BindError,
    },
    /// The controller does not start or has failed.
    #[error("the controller: {0}")]
    Controller(#[from] ControllerFailure),
    /// The controller does not take the broker.
    #[error("the broker is not registered: {0}")]
    Registration(#[from] CallError),
    /// The data directories cannot be searched for logs.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The system gives no randomness, or signals cannot be awaited.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

/// What a person can do about it.
fn hint(error: &BindError) -> &'static str {
    match error {
        BindError::Taken { .. } => "; end it or choose another port with --port",
        BindError::Unresolved { .. } => "; name a host of this machine in listeners",
        BindError::Refused { error, .. } if error.kind() == std::io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need a privilege, choose another with --port"
        }
        BindError::Refused { .. } => "; name an address of this machine in listeners",
    }
}
