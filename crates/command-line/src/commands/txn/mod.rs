//! `milena txn`: transactional ids and their transactions, and transactions that hang.

pub mod abort;
pub mod describe;
pub mod find_hanging;
mod hanging;
pub mod list;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with transactions.
#[derive(Clone, Debug, Subcommand)]
pub enum TxnVerb {
    /// Name the transactional ids there are, and what they are doing
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Show who goes by transactional ids, and what is in their transactions
    Describe(describe::DescribeArguments),
    /// Look for transactions that are open in partitions, and that no coordinator will end
    FindHanging(find_hanging::FindHangingArguments),
    /// Abort a transaction that hangs in a partition
    Abort(abort::AbortArguments),
}

pub(crate) fn perform(verb: &TxnVerb) -> Result<(), Failure> {
    match verb {
        TxnVerb::List(arguments) => list::list(arguments),
        TxnVerb::Describe(arguments) => describe::describe(arguments),
        TxnVerb::FindHanging(arguments) => find_hanging::find_hanging(arguments),
        TxnVerb::Abort(arguments) => abort::abort(arguments),
    }
}
