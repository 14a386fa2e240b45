//! `milena log`: segment files, without a node.

pub mod dump;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with segment files.
#[derive(Clone, Debug, Subcommand)]
pub enum LogVerb {
    /// Show the batches of segment files, or their records, and check them
    Dump(dump::DumpArguments),
}

pub(crate) fn perform(verb: &LogVerb) -> Result<(), Failure> {
    match verb {
        LogVerb::Dump(arguments) => dump::dump(arguments),
    }
}
