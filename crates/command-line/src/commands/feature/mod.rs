//! `milena feature`: what a cluster has finalized, such as its metadata.version (KIP-584).

pub mod list;
pub mod set;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with features.
#[derive(Clone, Debug, Subcommand)]
pub enum FeatureVerb {
    /// List features: the levels there are, and the one in use
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Finalize other levels; all, or none
    Set(set::SetArguments),
}

pub(crate) fn perform(verb: &FeatureVerb) -> Result<(), Failure> {
    match verb {
        FeatureVerb::List(arguments) => list::list(arguments),
        FeatureVerb::Set(arguments) => set::set(arguments),
    }
}
