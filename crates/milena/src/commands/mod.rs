//! What the verbs of the command line do: a file for each, with its options.
//!
//! A verb that asks flattens [`arguments::AskArguments`] and gives back a [`crate::output::Report`]; one that changes
//! something flattens [`arguments::ChangeArguments`], which brings `--dry-run`.

pub mod arguments;
mod base64;
pub mod cluster;
pub mod config;
pub(crate) mod connect;
pub mod consume;
mod datetime;
mod duration;
pub mod group;
mod key_value;
pub mod log;
mod missing;
pub mod node;
pub mod offset_argument;
pub mod produce;
pub mod record_format;
mod record_json;
pub mod storage;
pub mod topic;
mod topic_partition;
pub mod why;

use crate::command_line::Command;
use crate::failure::Failure;
use crate::start;

/// Does what was asked.
pub(crate) fn perform(command: Command) -> Result<(), Failure> {
    match command {
        Command::Start(arguments) => start::start(&arguments),
        Command::Produce(arguments) => produce::produce(&arguments),
        Command::Consume(arguments) => consume::consume(&arguments),
        Command::Why { verb } => why::perform(&verb),
        Command::Topic { verb } => topic::perform(&verb),
        Command::Group { verb } => group::perform(&verb),
        Command::Config { verb } => config::perform(&verb),
        Command::Node { verb } => node::perform(&verb),
        Command::Storage { verb } => storage::perform(&verb),
        Command::Log { verb } => log::perform(&verb),
        Command::Cluster { verb } => cluster::perform(&verb),
    }
}
