//! `milena config set`.

use clap::Args;
use client::admin::{ConfigChange, ConfigOperation};

use super::resource::{ResourceArgument, alter};
use crate::commands::arguments::ChangeArguments;
use crate::commands::key_value;
use crate::failure::Failure;

/// Options of `milena config set`.
#[derive(Args, Clone, Debug)]
pub struct SetArguments {
    /// The kind of thing.
    pub kind: ResourceArgument,

    /// Its name; a broker's number, or all for what every broker has.
    pub name: String,

    /// The keys and their values; KEY+=VALUE adds to a key that is a list, KEY-=VALUE takes from it.
    #[arg(required = true, value_name = "KEY=VALUE", value_parser = key_value::parse)]
    pub keys: Vec<(String, String)>,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn set(arguments: &SetArguments) -> Result<(), Failure> {
    let resource = arguments.kind.named(&arguments.name)?;
    let changes = arguments.keys.iter().map(|(key, value)| change(key, value.clone())).collect();
    alter(resource, changes, &arguments.change, "set")
}

/// What stands before the `=` tells whether the value replaces, adds or takes away.
fn change(key: &str, value: String) -> ConfigChange {
    let (name, operation) = match (key.strip_suffix('+'), key.strip_suffix('-')) {
        (Some(list), _) => (list, ConfigOperation::Append(value)),
        (_, Some(list)) => (list, ConfigOperation::Subtract(value)),
        _ => (key, ConfigOperation::Set(value)),
    };
    ConfigChange { name: name.trim().to_owned(), operation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_replace_add_or_take_away() {
        let check = |key: &str, name: &str, operation| {
            let expected = ConfigChange { name: name.to_owned(), operation };
            assert_eq!(change(key, "v".to_owned()), expected, "{key}");
        };
        check("retention.ms", "retention.ms", ConfigOperation::Set("v".to_owned()));
        check("cleanup.policy+", "cleanup.policy", ConfigOperation::Append("v".to_owned()));
        check("cleanup.policy-", "cleanup.policy", ConfigOperation::Subtract("v".to_owned()));
    }
}
