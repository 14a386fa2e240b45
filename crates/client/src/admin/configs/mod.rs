//! Configurations of topics, brokers, groups and clients' metrics.

mod alter;
mod describe;
mod list;

use std::fmt;

use types::NodeId;

use super::ask::Whom;

pub use alter::{ConfigChange, ConfigOperation};
pub use describe::{ConfigEntry, ConfigSource, ConfigSynonym};

/// What kind of thing has keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
pub enum ResourceType {
    /// A topic, by its name.
    Topic = 2,
    /// A broker, by its id; the empty name means all of them.
    Broker = 4,
    /// The loggers of a broker, by its id (KIP-412).
    BrokerLogger = 8,
    /// A subscription to clients' metrics (KIP-714).
    ClientMetrics = 16,
    /// A group, by its id.
    Group = 32,
}

impl ResourceType {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Topic, Self::Broker, Self::BrokerLogger, Self::ClientMetrics, Self::Group];

    /// The number that stands for it in requests.
    pub const fn number(self) -> i8 {
        self as i8
    }

    /// The type of a number.
    pub fn of(number: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.number() == number)
    }

    /// As Kafka's tools spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Broker => "broker",
            Self::BrokerLogger => "broker-logger",
            Self::ClientMetrics => "client-metrics",
            Self::Group => "group",
        }
    }
}

/// Something that has keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigResource {
    /// Its kind.
    pub resource_type: ResourceType,
    /// Its name.
    pub name: String,
}

impl ConfigResource {
    /// The resource of this kind and name.
    pub fn new(resource_type: ResourceType, name: impl Into<String>) -> Self {
        Self { resource_type, name: name.into() }
    }

    /// Who must be asked about it: a broker about itself, anybody about the rest.
    fn whom(&self) -> Whom {
        match (self.resource_type, self.name.parse()) {
            (ResourceType::Broker | ResourceType::BrokerLogger, Ok(node)) => Whom::Node(NodeId(node)),
            _ => Whom::Any,
        }
    }
}

impl fmt::Display for ConfigResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "{}", self.resource_type.name()),
            name => write!(f, "{} {name}", self.resource_type.name()),
        }
    }
}
