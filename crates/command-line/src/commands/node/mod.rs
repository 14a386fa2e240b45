//! `milena node`: the brokers of a cluster.

pub mod describe;
pub mod list;
pub mod unregister;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with nodes.
#[derive(Clone, Debug, Subcommand)]
pub enum NodeVerb {
    /// Name the brokers there are
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Show a broker's data directories and what is in them
    Describe(describe::DescribeArguments),
    /// Strike a broker that is gone for ever from the cluster's list
    Unregister(unregister::UnregisterArguments),
}

pub(crate) fn perform(verb: &NodeVerb) -> Result<(), Failure> {
    match verb {
        NodeVerb::List(arguments) => list::list(arguments),
        NodeVerb::Describe(arguments) => describe::describe(arguments),
        NodeVerb::Unregister(arguments) => unregister::unregister(arguments),
    }
}
