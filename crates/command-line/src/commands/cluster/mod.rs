//! `milena cluster`: the cluster as a whole.

pub mod describe;
pub mod quorum;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with the cluster.
#[derive(Clone, Debug, Subcommand)]
pub enum ClusterVerb {
    /// Show the cluster's id and its nodes
    Describe(describe::DescribeArguments),
    /// Show who keeps the cluster's metadata, and who is behind
    Quorum(quorum::QuorumArguments),
}

pub(crate) fn perform(verb: &ClusterVerb) -> Result<(), Failure> {
    match verb {
        ClusterVerb::Describe(arguments) => describe::describe(arguments),
        ClusterVerb::Quorum(arguments) => quorum::quorum(arguments),
    }
}
