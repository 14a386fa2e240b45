//! `milena why txn`.

use clap::Args;

use super::report;
use crate::commands::arguments::AskArguments;
use crate::commands::{completion, missing};
use crate::failure::Failure;

/// Options of `milena why txn`.
#[derive(Args, Clone, Debug)]
pub struct TxnArguments {
    /// The transactional id.
    #[arg(add = completion::transactional_ids())]
    pub name: String,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn txn(arguments: &TxnArguments) -> Result<(), Failure> {
    let told = arguments.ask.ask(async |admin| match admin.why_transaction(&arguments.name).await {
        Ok(told) => Ok(told),
        Err(error) => Err(missing::explain(admin, &error).await),
    })?;
    report("transactional id", &arguments.name, &told).print(&arguments.ask.output.output)
}
