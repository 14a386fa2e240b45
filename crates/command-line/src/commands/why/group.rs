//! `milena why group`.

use clap::Args;

use super::report;
use crate::commands::arguments::AskArguments;
use crate::commands::{completion, missing};
use crate::failure::Failure;

/// Options of `milena why group`.
#[derive(Args, Clone, Debug)]
pub struct GroupArguments {
    /// The group.
    #[arg(add = completion::groups())]
    pub name: String,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn group(arguments: &GroupArguments) -> Result<(), Failure> {
    let told = arguments.ask.ask(async |admin| match admin.why_group(&arguments.name).await {
        Ok(told) => Ok(told),
        Err(error) => Err(missing::explain(admin, &error).await),
    })?;
    report("group", &arguments.name, &told).print(&arguments.ask.output.output)
}
