//! `milena quota`: how much users, clients and addresses may take (KIP-546).

pub mod describe;
pub mod entity;
pub mod set;
pub mod unset;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with quotas.
#[derive(Clone, Debug, Subcommand)]
pub enum QuotaVerb {
    /// Show quotas
    Describe(describe::DescribeArguments),
    /// Set quotas
    Set(set::SetArguments),
    /// Take quotas away
    Unset(unset::UnsetArguments),
}

pub(crate) fn perform(verb: &QuotaVerb) -> Result<(), Failure> {
    match verb {
        QuotaVerb::Describe(arguments) => describe::describe(arguments),
        QuotaVerb::Set(arguments) => set::set(arguments),
        QuotaVerb::Unset(arguments) => unset::unset(arguments),
    }
}
