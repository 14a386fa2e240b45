//! `milena group`: consumer groups and the offsets they have committed.

pub mod delete;
pub mod describe;
pub mod list;
mod plan;
pub mod reset;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with groups.
#[derive(Clone, Debug, Subcommand)]
pub enum GroupVerb {
    /// Name the groups there are
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Show what groups have read, how far they lag, and their members
    Describe(describe::DescribeArguments),
    /// Move a group without members to other offsets
    Reset(reset::ResetArguments),
    /// Delete groups without members, with their offsets
    #[command(visible_alias = "rm")]
    Delete(delete::DeleteArguments),
}

pub(crate) fn perform(verb: &GroupVerb) -> Result<(), Failure> {
    match verb {
        GroupVerb::List(arguments) => list::list(arguments),
        GroupVerb::Describe(arguments) => describe::describe(arguments),
        GroupVerb::Reset(arguments) => reset::reset(arguments),
        GroupVerb::Delete(arguments) => delete::delete(arguments),
    }
}
