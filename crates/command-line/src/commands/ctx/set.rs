//! `milena ctx set`.

use clap::Args;

use super::EditArguments;
use super::contexts::{Context, Contexts};
use crate::failure::Failure;

/// Options of `milena ctx set`.
#[derive(Args, Clone, Debug)]
pub struct SetArguments {
    /// The context; the first one there is counts from now on.
    pub name: String,

    /// Brokers to begin with, separated by commas.
    #[arg(short, long, value_name = "HOST:PORT", required = true, value_delimiter = ',')]
    pub bootstrap_server: Vec<String>,

    /// The options of every verb that changes contexts.
    #[command(flatten)]
    pub edit: EditArguments,
}

pub(crate) fn set(arguments: &SetArguments) -> Result<(), Failure> {
    let mut contexts = Contexts::load()?;
    let context = Context { bootstrap_server: arguments.bootstrap_server.clone() };
    contexts.contexts.insert(arguments.name.clone(), context);
    contexts.current.get_or_insert_with(|| arguments.name.clone());
    arguments.edit.finish(&contexts, &[&arguments.name], "set")
}
