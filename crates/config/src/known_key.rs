//! Every key that Apache Kafka 4.3.1 has, whoever it belongs to, with all that is known of it: what `milena config explain`
//! and the page of all keys show.

use std::fmt;

use crate::client_metrics_keys::ClientMetricsKey;
use crate::dynamic_key::{DynamicEffect, DynamicKey, ONLY_DYNAMIC};
use crate::group_keys::GroupKey;
use crate::key_kips;
use crate::key_measure::Measure;
use crate::node_config::NodeConfig;
use crate::node_key::{KeyType, NodeKey, Support, Valid};
use crate::topic_key::{TopicKey, Unit};

/// Whose setting a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum KeyFamily {
    Broker,
    Topic,
    Group,
    ClientMetrics,
}

/// Where a key can be set, and whether that takes a start (KIP-226).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// In a node's file: a change takes another start.
    ReadOnly,
    /// For single brokers, while they run.
    PerBroker,
    /// For single brokers or all of them, while they run.
    ClusterWide,
    /// For single topics, groups or subscriptions, at any time.
    EachResource,
}

/// A key and whose it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownKey {
    /// Whose setting it is. Five names are keys of brokers and of topics.
    pub family: KeyFamily,
    /// Name, type, default, valid values, and what Milena does with it.
    pub key: NodeKey,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// Defaults that are not Kafka's, and Kafka's.
pub(crate) const OWN_DEFAULTS: &[(&str, &str)] = &[("queued.max.request.bytes", "-1")];

impl KnownKey {
    /// Every key, family by family, each by name. Keys that Kafka takes only from AlterConfigs stand among the brokers'.
    pub fn all() -> impl Iterator<Item = KnownKey> {
        let mut of_brokers: Vec<&NodeKey> = NodeKey::all().chain(ONLY_DYNAMIC).collect();
        of_brokers.sort_by_key(|key| key.name);
        let of_brokers = of_brokers.into_iter().map(|key| Self {
            family: KeyFamily::Broker,
            key: *key,
            doc: key.doc().unwrap_or_default(),
        });
        let of_topics = TopicKey::all().iter();
        let of_groups = GroupKey::all().iter();
        let of_metrics = ClientMetricsKey::all().iter();
        of_brokers
            .chain(of_topics.map(|it| Self { family: KeyFamily::Topic, key: it.key, doc: it.doc }))
            .chain(of_groups.map(|it| Self { family: KeyFamily::Group, key: it.key, doc: it.doc }))
            .chain(of_metrics.map(|it| Self { family: KeyFamily::ClientMetrics, key: it.key, doc: it.doc }))
    }

    /// The keys of this name; more than one where brokers and topics share it.
    pub fn named(name: &str) -> Vec<KnownKey> {
        Self::all().filter(|key| key.name() == name).collect()
    }

    /// The name that differs least from `name`; `None` when none comes near (more than a third differs).
    pub fn nearest(name: &str) -> Option<&'static str> {
        types::spelling::nearest(name, Self::all().map(|key| key.name()))
    }

    /// As it stands in a properties file.
    pub fn name(&self) -> &'static str {
        self.key.name
    }

    /// What its number is measured in.
    pub fn measure(&self) -> Option<Measure> {
        Measure::of(&self.key)
    }

    /// Kafka's default where it is not ours.
    pub fn kafkas_default(&self) -> Option<&'static str> {
        OWN_DEFAULTS.iter().find(|(name, _)| *name == self.name()).map(|(_, default)| *default)
    }

    /// The value that a node without a file has instead of the default.
    pub fn embedded_default(&self) -> Option<String> {
        let embedded = NodeConfig::embedded_defaults();
        embedded.get(self.name()).filter(|_| self.family == KeyFamily::Broker).map(str::to_owned)
    }

    /// Where it can be set.
    pub fn scope(&self) -> KeyScope {
        match (self.family, DynamicKey::find(self.name())) {
            (KeyFamily::Topic | KeyFamily::Group | KeyFamily::ClientMetrics, _) => KeyScope::EachResource,
            (KeyFamily::Broker, None) => KeyScope::ReadOnly,
            (KeyFamily::Broker, Some(found)) if found.is_per_broker => KeyScope::PerBroker,
            (KeyFamily::Broker, Some(_)) => KeyScope::ClusterWide,
        }
    }

    /// What altering it while a broker runs does; `None` where that is not possible with Kafka either.
    pub fn when_altered(&self) -> Option<DynamicEffect> {
        DynamicKey::find(self.name()).filter(|_| self.family == KeyFamily::Broker).map(|found| found.effect)
    }

    /// The Kafka improvement proposal that brought it, where that is known.
    pub fn kip(&self) -> Option<u16> {
        key_kips::kip(self.name())
    }

    /// The keys that stand for each other, the one that counts most first: of a topic's key the brokers' keys that give it
    /// its default, of a broker's key the topics' or groups' key that it is the default of. Units are told where they differ.
    pub fn synonyms(&self) -> Vec<String> {
        let name = self.name();
        match self.family {
            KeyFamily::Topic => {
                let key = TopicKey::find(name);
                key.map(|key| key.broker_synonyms).unwrap_or_default().iter().map(broker_synonym).collect()
            }
            KeyFamily::Group => {
                let synonym = GroupKey::find(name).and_then(|key| key.broker_synonym);
                synonym.map(|synonym| format!("{synonym} (broker)")).into_iter().collect()
            }
            KeyFamily::ClientMetrics => Vec::new(),
            KeyFamily::Broker => {
                let gives = |key: &&TopicKey| key.broker_synonyms.iter().any(|it| it.name == name);
                let of_topics = TopicKey::all().iter().filter(gives);
                let of_groups = GroupKey::all().iter().filter(|key| key.broker_synonym == Some(name));
                let of_topics = of_topics.flat_map(|key| {
                    let others = key.broker_synonyms.iter().filter(|it| it.name != name);
                    std::iter::once(format!("{} (topic)", key.name())).chain(others.map(broker_synonym))
                });
                of_topics.chain(of_groups.map(|key| format!("{} (group)", key.key.name))).collect()
            }
        }
    }
}

fn broker_synonym(synonym: &crate::BrokerSynonym) -> String {
    let unit = match synonym.unit {
        Unit::Same | Unit::MillisOrForever => "broker",
        Unit::Minutes => "broker, in minutes",
        Unit::Hours => "broker, in hours",
    };
    format!("{} ({unit})", synonym.name)
}

impl fmt::Display for KeyFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broker => "broker",
            Self::Topic => "topic",
            Self::Group => "group",
            Self::ClientMetrics => "client metrics",
        })
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "read-only",
            Self::PerBroker => "per-broker",
            Self::ClusterWide => "cluster-wide",
            Self::EachResource => "each",
        })
    }
}

/// As Kafka's documentation names them.
impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Short => "short",
            Self::Long => "long",
            Self::Double => "double",
            Self::Text => "string",
            Self::List => "list",
            Self::Class => "class",
            Self::Password => "password",
        })
    }
}

/// Which values are taken, in words; nothing where all of the type are.
impl fmt::Display for Valid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => Ok(()),
            Self::AtLeast(low) => write!(f, "at least {low}"),
            Self::Between(low, high) => write!(f, "{low} to {high}"),
            Self::BetweenOrMinusOne(low, high) => write!(f, "{low} to {high}, or -1"),
            Self::BetweenDoubles(low, high) => write!(f, "{low} to {high}"),
            Self::NotEmpty => f.write_str("not empty"),
            Self::OneOf(names) => write!(f, "one of {}", names.join(", ")),
            Self::OneOfAnyCase(names) => write!(f, "one of {}, in any case", names.join(", ")),
            Self::Distinct => f.write_str("no empty entries"),
            Self::DistinctNotEmpty => f.write_str("at least one entry, none empty"),
            Self::ListOf(names) => write!(f, "at least one of {}", names.join(", ")),
            Self::ListOfOrEmpty(names) => write!(f, "any of {}", names.join(", ")),
        }
    }
}

/// What Milena does with a key, in a line.
impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Implemented => f.write_str("implemented"),
            Self::NoEffect(reason) => write!(f, "accepted, means nothing here: {reason}"),
            Self::NotYet(part) => write!(f, "accepted and checked, counts once Milena serves {part}"),
            Self::Refused(what) => write!(f, "refused unless it is the default: it asks for {what}"),
        }
    }
}
