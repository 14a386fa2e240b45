//! `milena quota unset`.

use clap::Args;

use super::entity::{EntityArguments, alter};
use crate::commands::arguments::ChangeArguments;
use crate::failure::Failure;

/// Options of `milena quota unset`.
#[derive(Args, Clone, Debug)]
pub struct UnsetArguments {
    /// Quotas, such as producer_byte_rate.
    #[arg(required = true, value_name = "QUOTA")]
    pub quotas: Vec<String>,

    /// For whom.
    #[command(flatten)]
    pub entity: EntityArguments,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn unset(arguments: &UnsetArguments) -> Result<(), Failure> {
    let values = arguments.quotas.iter().map(|key| (key.clone(), None)).collect();
    alter(&arguments.entity, values, &arguments.change, "taken away")
}
