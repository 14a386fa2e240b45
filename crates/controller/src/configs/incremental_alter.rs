//! IncrementalAlterConfigs: settings set, removed, extended and shortened (KIP-339).
//!
//! Each resource succeeds or fails as a whole and by itself. Topics and groups are checked against every key of theirs and
//! the rules between keys, brokers in [`super::broker_settings`]. A change of `min.insync.replicas` also forgets the eligible leader replicas that were found under
//! the old one (KIP-966).

use std::collections::{BTreeMap, BTreeSet};

use config::{GroupKey, NodeKey, TopicKey};
use metadata::{ConfigResource, ConfigResourceType, MetadataRecord};
use protocol::records::clear_elr_record::ClearElrRecord;
use protocol::records::config_record::ConfigRecord;
use types::NodeId;

use crate::topics::name_rules::check_name;
use crate::{Controller, ControllerError, Decision};

pub(super) const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";

/// Longest value in bytes; longer ones cannot be written to the log.
const VALUE_LENGTH_MAX: usize = 32_767;

/// What is done to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum ConfigOperation {
    Set,
    Delete,
    /// Entries are added to a list.
    Append,
    /// Entries are taken from a list.
    Subtract,
}

impl ConfigOperation {
    /// The operation of this number on the wire.
    pub const fn from_id(id: i8) -> Option<Self> {
        match id {
            0 => Some(Self::Set),
            1 => Some(Self::Delete),
            2 => Some(Self::Append),
            3 => Some(Self::Subtract),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Set => "SET",
            Self::Delete => "DELETE",
            Self::Append => "APPEND",
            Self::Subtract => "SUBTRACT",
        }
    }
}

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// The key.
    pub name: String,
    /// What is done.
    pub operation: ConfigOperation,
    /// With what; only `Delete` goes without.
    pub value: Option<String>,
}

/// The changes of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ResourceChanges {
    pub resource: ConfigResource,
    pub changes: Vec<ConfigChange>,
}

/// Whether each resource was changed, in the order in which they were given.
pub type AlterOutcome = Vec<(ConfigResource, Result<(), ControllerError>)>;

impl Controller {
    /// Changes settings, or only says whether they could be changed.
    pub fn decide_incremental_alter_configs(
        &self,
        resources: &[ResourceChanges],
        validate_only: bool,
    ) -> Decision<AlterOutcome> {
        self.decide_each(
            resources,
            validate_only,
            |it| &it.resource,
            |it| self.alter(&it.resource, &it.changes),
        )
    }

    /// Decides on each resource by itself; one that is given more than once is refused each time.
    pub(super) fn decide_each<T>(
        &self,
        asked: &[T],
        validate_only: bool,
        resource_of: impl Fn(&T) -> &ConfigResource,
        alter: impl Fn(&T) -> Result<Vec<ConfigRecord>, ControllerError>,
    ) -> Decision<AlterOutcome> {
        let mut counts: BTreeMap<&ConfigResource, usize> = BTreeMap::new();
        asked.iter().for_each(|it| *counts.entry(resource_of(it)).or_default() += 1);
        let mut records = Vec::new();
        let mut outcomes = AlterOutcome::with_capacity(asked.len());
        for it in asked {
            let result = match counts[resource_of(it)] {
                1 => alter(it),
                _ => Err(invalid_request("the request has this resource more than once")),
            };
            outcomes.push((resource_of(it).clone(), result.map(|mut altered| records.append(&mut altered))));
        }
        if validate_only {
            return Decision::unchanged(outcomes);
        }
        let forgotten: Vec<_> = match self.image().features.has_eligible_leader_replicas() {
            true => records.iter().filter_map(forgets_eligible).collect(),
            false => Vec::new(),
        };
        let records = records.into_iter().map(MetadataRecord::from).chain(forgotten).collect();
        Decision::atomic(records, outcomes)
    }

    pub(super) fn alter(
        &self,
        resource: &ConfigResource,
        changes: &[ConfigChange],
    ) -> Result<Vec<ConfigRecord>, ControllerError> {
        check_changes(changes)?;
        self.check_resource_name(resource)?;
        let before = self.image().configs.of(resource);
        let mut after = before.clone();
        let mut records = Vec::with_capacity(changes.len());
        for change in changes {
            let old = before.get(&change.name);
            let new = changed_value(resource, change, old.map(String::as_str))?;
            // Brokers load files anew that a value names, even when it is the same (KAFKA-14136).
            if old != new.as_ref() || resource.resource_type == ConfigResourceType::Broker {
                records.push(record(resource, &change.name, new.clone()));
            }
            match new {
                Some(value) => after.insert(change.name.clone(), value),
                None => after.remove(&change.name),
            };
        }
        check_value_sizes(&after)?;
        match resource.resource_type {
            ConfigResourceType::Topic => self.topic_layers().validate(&after, before)?,
            ConfigResourceType::Group => self.group_layers().validate_group(&after)?,
            _ => self.check_broker_settings(resource, changes, &after)?,
        }
        self.check_exists(resource)?;
        Ok(records)
    }

    fn check_resource_name(&self, resource: &ConfigResource) -> Result<(), ControllerError> {
        match resource.resource_type {
            ConfigResourceType::Topic if resource.name.is_empty() => {
                Err(invalid_request("topics have no common settings: name one"))
            }
            ConfigResourceType::Topic => check_name(&resource.name),
            ConfigResourceType::Broker if resource.name.is_empty() => Ok(()),
            ConfigResourceType::Broker => broker_id(&resource.name).map(|_| ()),
            ConfigResourceType::BrokerLogger => {
                Err(invalid_request("loggers belong to their broker, not to the metadata"))
            }
            ConfigResourceType::ClientMetrics => {
                Err(ControllerError::UnservedResource { resource_type: "client metrics" })
            }
            ConfigResourceType::Group if resource.name.is_empty() => {
                Err(invalid_request("groups have no common settings: name one"))
            }
            ConfigResourceType::Group => Ok(()),
            ConfigResourceType::Other(id) => {
                Err(invalid_request(format!("no kind of resource has the number {id}")))
            }
        }
    }

    fn check_exists(&self, resource: &ConfigResource) -> Result<(), ControllerError> {
        match resource.resource_type {
            ConfigResourceType::Topic => match self.image().topics.by_name(&resource.name) {
                Some(_) => Ok(()),
                None => Err(ControllerError::UnknownTopic),
            },
            // A group may have settings before it has members.
            ConfigResourceType::Group => Ok(()),
            _ if resource.name.is_empty() => Ok(()),
            _ => {
                let id = broker_id(&resource.name)?;
                let cluster = &self.image().cluster;
                match cluster.broker(id).is_some() || cluster.controller(id).is_some() {
                    true => Ok(()),
                    false => Err(ControllerError::UnknownBroker { id }),
                }
            }
        }
    }
}

fn check_changes(changes: &[ConfigChange]) -> Result<(), ControllerError> {
    let names: BTreeSet<_> = changes.iter().map(|change| &change.name).collect();
    if names.len() != changes.len() {
        return Err(invalid_request("a key is changed more than once"));
    }
    let is_null =
        |change: &&ConfigChange| change.operation != ConfigOperation::Delete && change.value.is_none();
    let null: Vec<_> = changes.iter().filter(is_null).map(|change| change.name.as_str()).collect();
    if !null.is_empty() {
        return Err(invalid_request(format!("no value is given for {}", null.join(", "))));
    }
    Ok(())
}

/// The value that a change leaves; lists start from their default where nothing is set.
fn changed_value(
    resource: &ConfigResource,
    change: &ConfigChange,
    old: Option<&str>,
) -> Result<Option<String>, ControllerError> {
    let value = change.value.as_deref().unwrap_or_default();
    let operation = change.operation;
    match operation {
        ConfigOperation::Set => return Ok(Some(value.to_owned())),
        ConfigOperation::Delete => return Ok(None),
        ConfigOperation::Append | ConfigOperation::Subtract => {}
    }
    let default = list_default(resource, &change.name).ok_or_else(|| ControllerError::InvalidConfig {
        reason: format!("{} works on lists, which {} is not", operation.name(), change.name),
    })?;
    let old = old.unwrap_or(default);
    let mut entries: Vec<&str> = old.split(',').filter(|entry| !entry.is_empty()).collect();
    for entry in value.split(',') {
        let at = entries.iter().position(|known| *known == entry);
        match (operation, at) {
            (ConfigOperation::Append, None) => entries.push(entry),
            (ConfigOperation::Subtract, Some(at)) => {
                entries.remove(at);
            }
            _ => {}
        }
    }
    Ok(Some(entries.join(",")))
}

/// The default of a key that is a list; `None` for other keys.
fn list_default(resource: &ConfigResource, name: &str) -> Option<&'static str> {
    let key = match resource.resource_type {
        ConfigResourceType::Topic => &TopicKey::find(name)?.key,
        ConfigResourceType::Group => &GroupKey::find(name)?.key,
        _ => NodeKey::of_broker(name)?,
    };
    (key.key_type == config::KeyType::List).then(|| key.default.unwrap_or_default())
}

/// Refuses values that are too long for the log.
pub(crate) fn check_value_sizes(settings: &BTreeMap<String, String>) -> Result<(), ControllerError> {
    let too_long = |value: &&String| value.len() > VALUE_LENGTH_MAX;
    if settings.values().any(|value| too_long(&value)) {
        let reason = format!("a value is longer than {VALUE_LENGTH_MAX} bytes");
        return Err(ControllerError::InvalidConfig { reason });
    }
    Ok(())
}

fn record(resource: &ConfigResource, name: &str, value: Option<String>) -> ConfigRecord {
    ConfigRecord {
        resource_type: resource.resource_type.id(),
        resource_name: resource.name.clone(),
        name: name.to_owned(),
        value,
        ..Default::default()
    }
}

/// The record that forgets what was eligible under the `min.insync.replicas` that this one changes.
fn forgets_eligible(record: &ConfigRecord) -> Option<MetadataRecord> {
    if record.name != MIN_INSYNC_REPLICAS {
        return None;
    }
    let is_topic = record.resource_type == ConfigResourceType::Topic.id();
    let topic_name = if is_topic { record.resource_name.clone() } else { String::new() };
    Some(ClearElrRecord { topic_name, ..Default::default() }.into())
}

fn broker_id(name: &str) -> Result<NodeId, ControllerError> {
    match name.parse() {
        Ok(id) if id >= 0 => Ok(NodeId(id)),
        Ok(_) => Err(invalid_request("a broker's id is not negative")),
        Err(_) => Err(invalid_request(format!("{name:?} is no broker's id"))),
    }
}

pub(super) fn invalid_request(reason: impl Into<String>) -> ControllerError {
    ControllerError::InvalidRequest { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn change(name: &str, operation: ConfigOperation, value: Option<&str>) -> ConfigChange {
        ConfigChange { name: name.to_owned(), operation, value: value.map(str::to_owned) }
    }

    fn set(name: &str, value: &str) -> ConfigChange {
        change(name, ConfigOperation::Set, Some(value))
    }

    fn alter(cluster: &mut Cluster, resource: ConfigResource, changes: &[ConfigChange]) -> ErrorCode {
        let resources = [ResourceChanges { resource, changes: changes.to_vec() }];
        let decided = cluster.controller.decide_incremental_alter_configs(&resources, false);
        cluster.append(&decided.records);
        code_of(decided.response[0].1.clone())
    }

    fn check(resource: ConfigResource, changes: &[ConfigChange], expect: ErrorCode) {
        let mut cluster = Cluster::of(1);
        cluster.create("t", 1, 1);
        let end = cluster.next_offset;
        assert_eq!(alter(&mut cluster, resource, changes), expect, "{changes:?}");
        assert_eq!(cluster.next_offset == end, expect != ErrorCode::None, "what is refused writes nothing");
    }

    #[test]
    fn a_setting_is_set_and_removed() {
        let mut cluster = Cluster::of(1);
        cluster.create("t", 1, 1);
        let topic = ConfigResource::topic("t");
        assert_eq!(alter(&mut cluster, topic.clone(), &[set("segment.ms", "9")]), ErrorCode::None);
        assert_eq!(cluster.controller.image().configs.of(&topic)["segment.ms"], "9");
        let delete = [change("segment.ms", ConfigOperation::Delete, None)];
        assert_eq!(alter(&mut cluster, topic.clone(), &delete), ErrorCode::None);
        assert!(cluster.controller.image().configs.of(&topic).is_empty());
    }

    #[test]
    fn a_topic_setting_that_stays_the_same_writes_nothing() {
        let mut cluster = Cluster::of(1);
        cluster.create("t", 1, 1);
        alter(&mut cluster, ConfigResource::topic("t"), &[set("segment.ms", "9")]);
        let end = cluster.next_offset;
        alter(&mut cluster, ConfigResource::topic("t"), &[set("segment.ms", "9")]);
        assert_eq!(cluster.next_offset, end);
    }

    #[test]
    fn lists_are_extended_from_their_default_and_shortened() {
        let mut cluster = Cluster::of(1);
        cluster.create("t", 1, 1);
        let topic = ConfigResource::topic("t");
        let append = [change("cleanup.policy", ConfigOperation::Append, Some("compact"))];
        assert_eq!(alter(&mut cluster, topic.clone(), &append), ErrorCode::None);
        assert_eq!(cluster.controller.image().configs.of(&topic)["cleanup.policy"], "delete,compact");
        let subtract = [change("cleanup.policy", ConfigOperation::Subtract, Some("delete"))];
        assert_eq!(alter(&mut cluster, topic.clone(), &subtract), ErrorCode::None);
        assert_eq!(cluster.controller.image().configs.of(&topic)["cleanup.policy"], "compact");
    }

    #[test]
    fn bad_topic_settings_are_refused() {
        let topic = || ConfigResource::topic("t");
        let append = |name, value| change(name, ConfigOperation::Append, Some(value));
        check(topic(), &[set("segment.ms", "9")], ErrorCode::None);
        check(topic(), &[set("segment.ms", "0")], ErrorCode::InvalidConfig);
        check(topic(), &[set("no.such.key", "0")], ErrorCode::InvalidConfig);
        check(topic(), &[append("segment.ms", "0")], ErrorCode::InvalidConfig);
        check(topic(), &[append("cleanup.policy", "bogus")], ErrorCode::InvalidConfig);
        let lags = [set("min.compaction.lag.ms", "10"), set("max.compaction.lag.ms", "9")];
        check(topic(), &lags, ErrorCode::InvalidConfig);
        check(topic(), &[set("segment.ms", "9"), set("segment.ms", "8")], ErrorCode::InvalidRequest);
        check(topic(), &[change("segment.ms", ConfigOperation::Set, None)], ErrorCode::InvalidRequest);
        check(ConfigResource::topic("x"), &[set("segment.ms", "9")], ErrorCode::UnknownTopicOrPartition);
        check(ConfigResource::topic("a/b"), &[set("segment.ms", "9")], ErrorCode::InvalidTopicException);
        check(ConfigResource::topic(""), &[set("segment.ms", "9")], ErrorCode::InvalidRequest);
    }

    #[test]
    fn broker_settings_are_checked_as_the_broker_would() {
        let all = ConfigResource::broker_defaults;
        let one = || ConfigResource::broker(NodeId(1));
        let delete = |name| change(name, ConfigOperation::Delete, None);
        check(all(), &[set("log.retention.ms", "9")], ErrorCode::None);
        check(one(), &[set("log.retention.ms", "9")], ErrorCode::None);
        check(one(), &[set("max.connections", "9")], ErrorCode::None);
        check(one(), &[delete("no.such.key")], ErrorCode::None);
        check(all(), &[set("log.retention.ms", "x")], ErrorCode::InvalidRequest);
        check(all(), &[set("log.retention.ms", "0")], ErrorCode::InvalidRequest);
        check(all(), &[set("no.such.key", "x")], ErrorCode::InvalidConfig);
        check(all(), &[set("node.id", "9")], ErrorCode::InvalidRequest);
        check(all(), &[set("listeners", "PLAINTEXT://:9")], ErrorCode::InvalidRequest);
        let append = [change("max.connections", ConfigOperation::Append, Some("9"))];
        check(all(), &append, ErrorCode::InvalidConfig);
        check(all(), &[set("min.insync.replicas", "1")], ErrorCode::None);
        check(one(), &[set("min.insync.replicas", "1")], ErrorCode::InvalidConfig);
        check(all(), &[delete("min.insync.replicas")], ErrorCode::InvalidConfig);
        let stranger = ConfigResource::broker(NodeId(9));
        check(stranger, &[set("log.retention.ms", "9")], ErrorCode::BrokerIdNotRegistered);
    }

    #[test]
    fn what_the_metadata_held_before_stops_no_change() {
        let mut cluster = Cluster::of(1);
        let strange = record(&ConfigResource::broker_defaults(), "no.such.key", Some("x".to_owned()));
        cluster.append(&[strange.into()]);
        let changed = alter(&mut cluster, ConfigResource::broker_defaults(), &[set("log.retention.ms", "9")]);
        assert_eq!(changed, ErrorCode::None);
    }

    #[test]
    fn group_settings_are_taken_before_the_group_has_members() {
        let group =
            |name: &str| ConfigResource { resource_type: ConfigResourceType::Group, name: name.to_owned() };
        check(group("g"), &[set("consumer.session.timeout.ms", "50000")], ErrorCode::None);
        check(group("g"), &[set("consumer.session.timeout.ms", "1")], ErrorCode::InvalidConfig);
        check(group("g"), &[set("no.such.key", "1")], ErrorCode::InvalidConfig);
        let append = [change("consumer.session.timeout.ms", ConfigOperation::Append, Some("1"))];
        check(group("g"), &append, ErrorCode::InvalidConfig);
        check(group(""), &[set("consumer.session.timeout.ms", "50000")], ErrorCode::InvalidRequest);
        let metrics =
            ConfigResource { resource_type: ConfigResourceType::ClientMetrics, name: "m".to_owned() };
        check(metrics, &[set("interval.ms", "1000")], ErrorCode::UnsupportedVersion);
    }

    #[test]
    fn a_new_minimum_forgets_who_was_eligible() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2]]);
        alter(&mut cluster, ConfigResource::topic("t"), &[set("min.insync.replicas", "2")]);
        cluster.fence(NodeId(2));
        assert_eq!(cluster.partition("t", 0).eligible_leader_replicas, [NodeId(2)]);
        alter(&mut cluster, ConfigResource::topic("t"), &[set("min.insync.replicas", "1")]);
        assert_eq!(cluster.partition("t", 0).eligible_leader_replicas, []);
    }

    #[test]
    fn a_resource_given_twice_is_refused_twice() {
        let mut cluster = Cluster::of(1);
        cluster.create("t", 1, 1);
        let once =
            ResourceChanges { resource: ConfigResource::topic("t"), changes: vec![set("segment.ms", "9")] };
        let decided = cluster.controller.decide_incremental_alter_configs(&[once.clone(), once], false);
        let codes: Vec<_> = decided.response.iter().map(|(_, result)| code_of(result.clone())).collect();
        assert_eq!(codes, [ErrorCode::InvalidRequest; 2]);
        assert_eq!(decided.records, []);
    }
}
