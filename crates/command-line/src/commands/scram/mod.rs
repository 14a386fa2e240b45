//! `milena scram`: users and their SCRAM credentials (KIP-554).

pub mod list;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with credentials.
#[derive(Clone, Debug, Subcommand)]
pub enum ScramVerb {
    /// List users and their credentials; never what is secret
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
}

pub(crate) fn perform(verb: &ScramVerb) -> Result<(), Failure> {
    match verb {
        ScramVerb::List(arguments) => list::list(arguments),
    }
}
