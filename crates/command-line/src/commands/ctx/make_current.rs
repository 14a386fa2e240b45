//! `milena ctx use`.

use clap::Args;

use super::EditArguments;
use super::contexts::Contexts;
use crate::commands::completion;
use crate::failure::Failure;

/// Options of `milena ctx use`.
#[derive(Args, Clone, Debug)]
pub struct UseArguments {
    /// The context.
    #[arg(add = completion::contexts())]
    pub name: String,

    /// The options of every verb that changes contexts.
    #[command(flatten)]
    pub edit: EditArguments,
}

pub(crate) fn make_current(arguments: &UseArguments) -> Result<(), Failure> {
    let mut contexts = Contexts::load()?;
    contexts.named(&arguments.name)?;
    contexts.current = Some(arguments.name.clone());
    arguments.edit.finish(&contexts, &[&arguments.name], "used from now on")
}
