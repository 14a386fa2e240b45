//! Whom a quota is for, on the command line.

use std::collections::BTreeMap;

use clap::Args;
use client::admin::QuotaEntity;

use crate::commands::arguments::ChangeArguments;
use crate::commands::{connect, missing};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Stands for everybody who has no quota of their own.
pub(super) const DEFAULT: &str = "default";

/// Whom a quota is for.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "For whom", group(clap::ArgGroup::new("entity").multiple(true)))]
pub struct EntityArguments {
    /// A user; default stands for those without a quota of their own.
    #[arg(long, value_name = "NAME", group = "entity")]
    pub user: Option<String>,

    /// A client id; default stands for those without a quota of their own. With --user, this client of that user.
    #[arg(long, value_name = "ID", group = "entity")]
    pub client_id: Option<String>,

    /// An address; default stands for those without a quota of their own.
    #[arg(long, value_name = "ADDRESS", group = "entity", conflicts_with_all = ["user", "client_id"])]
    pub ip: Option<String>,
}

impl EntityArguments {
    /// By kind: a name, or `None` for the default.
    pub(super) fn parts(&self) -> QuotaEntity {
        let parts = [("user", &self.user), ("client-id", &self.client_id), ("ip", &self.ip)];
        let given = parts.into_iter().filter_map(|(kind, name)| Some((kind.to_owned(), name.clone()?)));
        given.map(|(kind, name)| (kind, Some(name).filter(|name| name != DEFAULT))).collect()
    }
}

/// As people read it: `user anna, client-id default`.
pub(super) fn told(entity: &QuotaEntity) -> String {
    let parts = entity.iter().map(|(kind, name)| format!("{kind} {}", name.as_deref().unwrap_or(DEFAULT)));
    parts.collect::<Vec<_>>().join(", ")
}

/// Changes quotas of one entity, and tells it.
pub(super) fn alter(
    entity: &EntityArguments,
    values: BTreeMap<String, Option<f64>>,
    arguments: &ChangeArguments,
    participle: &str,
) -> Result<(), Failure> {
    let entity = entity.parts();
    if entity.is_empty() {
        return Err(Failure::usage("entity", "name whom it is for: --user, --client-id or --ip"));
    }
    let outcome = arguments.done(participle);
    let item = |key: &String| {
        Value::object([
            ("name", key.as_str().into()),
            ("entity", told(&entity).into()),
            ("outcome", outcome.as_str().into()),
        ])
    };
    let items = values.keys().map(item).collect();
    let changes = BTreeMap::from([(entity.clone(), values)]);
    arguments.ask.ask(async |admin| {
        let altered = admin.alter_quotas(&changes, arguments.effect()).await;
        let altered = altered.map_err(|error| connect::failure(&error))?;
        let outcomes = altered.into_iter().map(|(entity, outcome)| (told(&entity), outcome)).collect();
        Failure::of_all(missing::settle(admin, outcomes).await.1)
    })?;
    Report::many(items, View::Sentences("{entity}: {name} {outcome}")).print(&arguments.ask.output.output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_no_name() {
        let arguments =
            EntityArguments { user: Some("anna".to_owned()), client_id: Some(DEFAULT.to_owned()), ip: None };
        let parts = arguments.parts();
        assert_eq!(
            (parts.get("user"), parts.get("client-id")),
            (Some(&Some("anna".to_owned())), Some(&None))
        );
        assert_eq!(told(&parts), "client-id default, user anna");
    }
}
