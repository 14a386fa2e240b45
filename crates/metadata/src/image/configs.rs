//! Dynamic settings of brokers, topics and everything else that has some.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::config_record::ConfigRecord;

use crate::MetadataRecord;
use crate::chunked_map::ChunkedMap;

/// What kind of thing has settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum ConfigResourceType {
    Topic,
    Broker,
    BrokerLogger,
    ClientMetrics,
    Group,
    /// A number without a known meaning; kept so that a snapshot says what the log said.
    Other(i8),
}

impl ConfigResourceType {
    /// The type of this number on the wire and in the log.
    pub const fn from_id(id: i8) -> Self {
        match id {
            2 => Self::Topic,
            4 => Self::Broker,
            8 => Self::BrokerLogger,
            16 => Self::ClientMetrics,
            32 => Self::Group,
            other => Self::Other(other),
        }
    }

    /// Its number on the wire and in the log.
    pub const fn id(self) -> i8 {
        match self {
            Self::Topic => 2,
            Self::Broker => 4,
            Self::BrokerLogger => 8,
            Self::ClientMetrics => 16,
            Self::Group => 32,
            Self::Other(id) => id,
        }
    }
}

/// A thing that has settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    /// What it is.
    pub resource_type: ConfigResourceType,
    /// Its name; for brokers the id, empty for the defaults of all brokers.
    pub name: String,
}

impl ConfigResource {
    /// A topic.
    pub fn topic(name: impl Into<String>) -> Self {
        Self { resource_type: ConfigResourceType::Topic, name: name.into() }
    }

    /// One broker.
    pub fn broker(id: types::NodeId) -> Self {
        Self { resource_type: ConfigResourceType::Broker, name: id.to_string() }
    }

    /// The defaults of all brokers.
    pub fn broker_defaults() -> Self {
        Self { resource_type: ConfigResourceType::Broker, name: String::new() }
    }
}

type Settings = BTreeMap<String, String>;

static NO_SETTINGS: Settings = Settings::new();

/// The settings of every resource that has any. Values are as they were set; nothing is checked here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigsImage {
    resources: ChunkedMap<ConfigResource, Arc<Settings>>,
}

impl ConfigsImage {
    /// The settings of a resource by key; empty where it has none.
    pub fn of(&self, resource: &ConfigResource) -> &BTreeMap<String, String> {
        self.resources.get(resource).map_or(&NO_SETTINGS, Arc::as_ref)
    }

    /// Every resource that has settings.
    pub fn iter(&self) -> impl Iterator<Item = (&ConfigResource, &BTreeMap<String, String>)> {
        self.resources.iter().map(|(resource, settings)| (resource, settings.as_ref()))
    }

    /// The resources whose settings are not the same as in `before`.
    pub fn changed_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a ConfigResource> {
        let changed = self.resources.iter_unshared(&before.resources).filter(|(resource, settings)| {
            let old = before.resources.get(*resource);
            !old.is_some_and(|old| Arc::ptr_eq(old, settings) || old == *settings)
        });
        let gone = before.resources.iter_unshared(&self.resources);
        let gone = gone.filter(|(resource, _)| !self.resources.contains_key(*resource));
        changed.chain(gone).map(|(resource, _)| resource)
    }

    pub(super) fn set(&mut self, record: &ConfigRecord) {
        let resource = ConfigResource {
            resource_type: ConfigResourceType::from_id(record.resource_type),
            name: record.resource_name.clone(),
        };
        match (&record.value, self.resources.get_mut(&resource)) {
            (Some(value), Some(settings)) => {
                Arc::make_mut(settings).insert(record.name.clone(), value.clone());
            }
            (Some(value), None) => {
                let settings = Settings::from([(record.name.clone(), value.clone())]);
                self.resources.insert(resource, Arc::new(settings));
            }
            (None, Some(settings)) => {
                Arc::make_mut(settings).remove(&record.name);
                if settings.is_empty() {
                    self.resources.remove(&resource);
                }
            }
            (None, None) => {}
        }
    }

    pub(super) fn remove_topic(&mut self, name: &str) {
        self.resources.remove(&ConfigResource::topic(name));
    }

    pub(super) fn records(&self) -> impl Iterator<Item = MetadataRecord> {
        self.iter().flat_map(|(resource, settings)| {
            settings.iter().map(|(name, value)| {
                ConfigRecord {
                    resource_type: resource.resource_type.id(),
                    resource_name: resource.name.clone(),
                    name: name.clone(),
                    value: Some(value.clone()),
                    ..Default::default()
                }
                .into()
            })
        })
    }
}
