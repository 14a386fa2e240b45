//! What the verbs of the command line do: a file for each, with its options.
//!
//! A verb that asks flattens [`arguments::AskArguments`] and gives back a [`crate::output::Report`]; one that changes
//! something flattens [`arguments::ChangeArguments`], which brings `--dry-run`.

pub mod arguments;
mod base64;
pub mod cluster;
mod completion;
pub mod completions;
pub mod config;
pub(crate) mod connect;
pub mod consume;
pub mod ctx;
mod datetime;
pub mod delivery_arguments;
pub mod doctor;
mod duration;
pub mod feature;
pub mod group;
mod key_value;
pub mod log;
pub mod man;
mod missing;
pub mod node;
pub mod offset_argument;
pub mod partition;
pub mod perf;
pub mod produce;
pub mod quota;
pub mod record_format;
mod record_json;
pub mod scram;
pub mod storage;
pub mod top;
pub mod topic;
mod topic_partition;
pub mod txn;
mod under_way;
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
        Command::Txn { verb } => txn::perform(&verb),
        Command::Config { verb } => config::perform(&verb),
        Command::Partition { verb } => partition::perform(&verb),
        Command::Feature { verb } => feature::perform(&verb),
        Command::Quota { verb } => quota::perform(&verb),
        Command::Scram { verb } => scram::perform(&verb),
        Command::Node { verb } => node::perform(&verb),
        Command::Storage { verb } => storage::perform(&verb),
        Command::Log { verb } => log::perform(&verb),
        Command::Cluster { verb } => cluster::perform(&verb),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Top(arguments) => top::top(&arguments),
        Command::Perf { verb } => perf::perform(&verb),
        Command::Ctx { verb } => ctx::perform(&verb),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Man(arguments) => man::man(&arguments),
    }
}
