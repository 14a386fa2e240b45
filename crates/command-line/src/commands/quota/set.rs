//! `milena quota set`.

use clap::Args;

use super::entity::{EntityArguments, alter};
use crate::commands::arguments::ChangeArguments;
use crate::commands::key_value;
use crate::failure::Failure;

/// Options of `milena quota set`.
#[derive(Args, Clone, Debug)]
pub struct SetArguments {
    /// Quotas, such as producer_byte_rate=1000000, consumer_byte_rate, request_percentage, controller_mutation_rate,
    /// connection_creation_rate.
    #[arg(required = true, value_name = "QUOTA=NUMBER", value_parser = one_quota)]
    pub quotas: Vec<(String, f64)>,

    /// For whom.
    #[command(flatten)]
    pub entity: EntityArguments,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn set(arguments: &SetArguments) -> Result<(), Failure> {
    let values = arguments.quotas.iter().map(|(key, value)| (key.clone(), Some(*value))).collect();
    alter(&arguments.entity, values, &arguments.change, "set")
}

fn one_quota(text: &str) -> Result<(String, f64), String> {
    let (key, value) = key_value::parse(text)?;
    match value.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((key, value)),
        _ => Err("a quota is a number".to_owned()),
    }
}
