//! `milena ctx delete`.

use clap::Args;

use super::EditArguments;
use super::contexts::Contexts;
use crate::commands::completion;
use crate::failure::Failure;

/// Options of `milena ctx delete`.
#[derive(Args, Clone, Debug)]
pub struct DeleteArguments {
    /// The contexts.
    #[arg(required = true, value_name = "NAME", add = completion::contexts())]
    pub names: Vec<String>,

    /// The options of every verb that changes contexts.
    #[command(flatten)]
    pub edit: EditArguments,
}

pub(crate) fn delete(arguments: &DeleteArguments) -> Result<(), Failure> {
    let mut contexts = Contexts::load()?;
    for name in &arguments.names {
        contexts.named(name)?;
    }
    contexts.contexts.retain(|name, _| !arguments.names.contains(name));
    contexts.current = contexts.current.filter(|name| contexts.contexts.contains_key(name));
    let names: Vec<&str> = arguments.names.iter().map(String::as_str).collect();
    arguments.edit.finish(&contexts, &names, "deleted")
}
