//! What has keys, on the command line.

use std::collections::BTreeMap;

use clap::ValueEnum;
use client::admin::{Admin, ConfigChange, ConfigEntry, ConfigResource, ResourceType};

use crate::commands::arguments::ChangeArguments;
use crate::commands::{connect, missing};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// What every broker has, where a broker's id could stand.
const ALL: &str = "all";

/// Kinds of things that have keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum ResourceArgument {
    Topic,
    Broker,
    BrokerLogger,
    ClientMetrics,
    Group,
}

impl ResourceArgument {
    /// The thing of this kind that is named so.
    pub(super) fn named(self, name: &str) -> Result<ConfigResource, Failure> {
        let resource_type = match self {
            Self::Topic => ResourceType::Topic,
            Self::Broker => ResourceType::Broker,
            Self::BrokerLogger => ResourceType::BrokerLogger,
            Self::ClientMetrics => ResourceType::ClientMetrics,
            Self::Group => ResourceType::Group,
        };
        let is_broker = matches!(self, Self::Broker | Self::BrokerLogger);
        match name {
            ALL if self == Self::Broker => Ok(ConfigResource::new(resource_type, "")),
            id if is_broker && id.parse::<u32>().is_err() => Err(Failure::usage(
                "node-id",
                format!("{id:?} is no broker: give its number, or {ALL} for what every broker has"),
            )),
            name => Ok(ConfigResource::new(resource_type, name)),
        }
    }
}

/// The keys of one thing.
pub(super) async fn entries(admin: &Admin, resource: &ConfigResource) -> Result<Vec<ConfigEntry>, Failure> {
    let described = admin.describe_configs(std::slice::from_ref(resource)).await;
    let described = described.map_err(|error| connect::failure(&error))?;
    let (found, failures) = missing::settle(admin, described).await;
    Failure::of_all(failures)?;
    Ok(found.into_iter().flat_map(|(_, entries)| entries).collect())
}

/// Changes keys of one thing, and tells it.
pub(super) fn alter(
    resource: ConfigResource,
    changes: Vec<ConfigChange>,
    arguments: &ChangeArguments,
    participle: &str,
) -> Result<(), Failure> {
    let outcome = arguments.done(participle);
    let subject = resource.to_string();
    let items = changes.iter().map(|change| {
        Value::object([
            ("name", change.name.as_str().into()),
            ("resource", subject.as_str().into()),
            ("outcome", outcome.as_str().into()),
        ])
    });
    let items = items.collect();
    arguments.ask.ask(async |admin| {
        let changes = BTreeMap::from([(resource, changes)]);
        let altered = admin.alter_configs(&changes, arguments.effect()).await;
        let altered = altered.map_err(|error| connect::failure(&error))?;
        Failure::of_all(missing::settle(admin, altered).await.1)
    })?;
    Report::many(items, View::Sentences("{resource}: {name} {outcome}")).print(&arguments.ask.output.output)
}
