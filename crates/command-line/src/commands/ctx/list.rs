//! `milena ctx list`.

use clap::Args;

use super::contexts::{Contexts, VARIABLE};
use crate::commands::arguments::OutputArguments;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] =
    &[column("NAME", "name"), column("CURRENT", "current"), column("SERVERS", "bootstrap_server")];

/// Options of `milena ctx list`.
#[derive(Args, Clone, Debug)]
pub struct ListArguments {
    /// How the answer is printed.
    #[command(flatten)]
    pub output: OutputArguments,
}

pub(crate) fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let contexts = Contexts::load()?;
    let of_shell = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty());
    let current = of_shell.or(contexts.current);
    let items = contexts.contexts.iter().map(|(name, context)| {
        Value::object([
            ("name", name.as_str().into()),
            ("current", (current.as_ref() == Some(name)).into()),
            ("bootstrap_server", Value::list(context.bootstrap_server.iter().map(String::as_str))),
        ])
    });
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.output.output)
}
