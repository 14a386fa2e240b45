//! A node: the assembly of broker and controller from their parts.

use config::NodeConfig;

use crate::settings::NodeOptions;

/// Why a node ended other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The parts are not assembled yet.
    #[error("this build has no node yet: only the other commands work")]
    Absent,
}

/// Runs the node until it is asked to stop.
///
/// # Errors
/// When it cannot start, or cannot go on.
pub async fn run(config: NodeConfig, options: NodeOptions) -> Result<(), NodeError> {
    tracing::debug!(node_id = config.node_id.0, ready_file = ?options.ready_file, "settings resolved");
    Err(NodeError::Absent)
}
