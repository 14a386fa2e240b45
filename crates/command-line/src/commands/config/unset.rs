//! `milena config unset`.

use clap::Args;
use client::admin::{ConfigChange, ConfigOperation};

use super::resource::{ResourceArgument, alter};
use crate::commands::arguments::ChangeArguments;
use crate::failure::Failure;

/// Options of `milena config unset`.
#[derive(Args, Clone, Debug)]
pub struct UnsetArguments {
    /// The kind of thing.
    pub kind: ResourceArgument,

    /// Its name; a broker's number, or all for what every broker has.
    pub name: String,

    /// The keys.
    #[arg(required = true, value_name = "KEY")]
    pub keys: Vec<String>,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn unset(arguments: &UnsetArguments) -> Result<(), Failure> {
    let resource = arguments.kind.named(&arguments.name)?;
    let changes = arguments
        .keys
        .iter()
        .map(|key| ConfigChange { name: key.clone(), operation: ConfigOperation::Delete });
    alter(resource, changes.collect(), &arguments.change, "unset")
}
