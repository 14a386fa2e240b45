//! `milena partition`: partitions by themselves: where they are, who leads them, what they hold.

pub mod delete_records;
pub mod elect;
mod known;
pub mod list_moves;
pub mod producers;
pub mod reassign;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with partitions.
#[derive(Clone, Debug, Subcommand)]
pub enum PartitionVerb {
    /// Move partitions to other brokers, or call a move off
    Reassign(reassign::ReassignArguments),
    /// List the moves that are under way
    ListMoves(list_moves::ListMovesArguments),
    /// Have leaders elected: the preferred ones, or any
    Elect(elect::ElectArguments),
    /// Delete the records before an offset
    DeleteRecords(delete_records::DeleteRecordsArguments),
    /// Show the idempotent producers that partitions remember, and their open transactions
    Producers(producers::ProducersArguments),
}

pub(crate) fn perform(verb: &PartitionVerb) -> Result<(), Failure> {
    match verb {
        PartitionVerb::Reassign(arguments) => reassign::reassign(arguments),
        PartitionVerb::ListMoves(arguments) => list_moves::list_moves(arguments),
        PartitionVerb::Elect(arguments) => elect::elect(arguments),
        PartitionVerb::DeleteRecords(arguments) => delete_records::delete_records(arguments),
        PartitionVerb::Producers(arguments) => producers::producers(arguments),
    }
}
