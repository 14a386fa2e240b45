//! `milena config`: the keys of topics, brokers, groups and subscriptions to clients' metrics.

pub mod describe;
pub mod diff;
pub mod explain;
pub mod resource;
pub mod set;
pub mod unset;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with keys.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigVerb {
    /// Show the keys of something and where their values come from
    Describe(describe::DescribeArguments),
    /// Give keys values
    Set(set::SetArguments),
    /// Give keys their defaults again
    Unset(unset::UnsetArguments),
    /// Show in which keys two things of a kind differ
    Diff(diff::DiffArguments),
    /// Say all that is known of a key, without a cluster
    Explain(explain::ExplainArguments),
}

pub(crate) fn perform(verb: &ConfigVerb) -> Result<(), Failure> {
    match verb {
        ConfigVerb::Describe(arguments) => describe::describe(arguments),
        ConfigVerb::Set(arguments) => set::set(arguments),
        ConfigVerb::Unset(arguments) => unset::unset(arguments),
        ConfigVerb::Diff(arguments) => diff::diff(arguments),
        ConfigVerb::Explain(arguments) => explain::explain(arguments),
    }
}
