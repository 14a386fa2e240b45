//! CreateTopics: new topics with replicas named or placed, and settings of their own.
//!
//! Each topic succeeds or fails by itself; the successful ones' records form one batch. A topic's settings stand
//! between its TopicRecord and its PartitionRecords, so that whoever sees partitions knows the settings.

use std::collections::BTreeMap;

use config::{ConfigEntry, TopicOverrides};
use metadata::{ConfigResource, MetadataRecord, PartitionImage};
use protocol::records::config_record::ConfigRecord;
use protocol::records::topic_record::TopicRecord;
use types::{NodeId, PartitionIndex, Uuid};

use super::name_rules::{CLUSTER_METADATA_TOPIC, check_name};
use super::{PARTITIONS_PER_REQUEST_MAX, counts};
use crate::error::{AssignmentError, PlacementError};
use crate::placement::place;
use crate::{Controller, ControllerError, Decision, Random};

/// A topic to create.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; −1: `num.partitions`, or as many as are assigned.
    pub partitions: i32,
    /// How many replicas each has; −1: `default.replication.factor`, or as many as are assigned.
    pub replication_factor: i16,
    /// The replicas of each partition, by its number; empty: they are placed.
    pub assignments: Vec<(PartitionIndex, Vec<NodeId>)>,
    /// Settings by key.
    pub configs: Vec<(String, Option<String>)>,
    /// Whether the answer may tell what the topic became.
    pub may_be_described: bool,
}

/// What became of a topic that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicOutcome {
    /// Its name.
    pub name: String,
    /// The topic, or why it was not created.
    pub result: Result<CreatedTopic, ControllerError>,
}

/// A topic that was, or would be, created.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedTopic {
    /// Its id; of a topic that was only validated, one that is not used.
    pub id: Uuid,
    /// What it became; `None` where whoever asks may not describe it.
    pub description: Option<TopicDescription>,
}

/// What a new topic became.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct TopicDescription {
    pub partitions: i32,
    pub replication_factor: i16,
    /// Every effective setting, by name.
    pub configs: Vec<ConfigEntry>,
}

impl Controller {
    /// Creates topics, or only says what would become of them.
    ///
    /// # Errors
    /// [`ControllerError::TooManyPartitions`] refuses the request as a whole.
    pub fn decide_create_topics(
        &self,
        topics: &[NewTopic],
        validate_only: bool,
        random: Random<'_>,
    ) -> Result<Decision<Vec<TopicOutcome>>, ControllerError> {
        let times = counts(topics.iter().map(|topic| &topic.name));
        let once = |topic: &&NewTopic| times[&topic.name] == 1 && topic.name != CLUSTER_METADATA_TOPIC;
        self.check_total_partitions(topics.iter().filter(once))?;
        let mut records = Vec::new();
        let mut outcomes = Vec::with_capacity(topics.len());
        for topic in topics.iter().filter(once) {
            let result = self.create_topic(topic, &mut records, random);
            outcomes.push(TopicOutcome { name: topic.name.clone(), result });
        }
        for (name, times) in times {
            let error = match times {
                1 if name == CLUSTER_METADATA_TOPIC => {
                    ControllerError::ProhibitedTopic { name: CLUSTER_METADATA_TOPIC }
                }
                1 => continue,
                _ => ControllerError::DuplicateTopicName,
            };
            outcomes.push(TopicOutcome { name: name.clone(), result: Err(error) });
        }
        if validate_only {
            records.clear();
        }
        Ok(Decision::atomic(records, outcomes))
    }

    fn check_total_partitions<'a>(
        &self,
        topics: impl Iterator<Item = &'a NewTopic>,
    ) -> Result<(), ControllerError> {
        let count = |topic: &NewTopic| match (topic.assignments.len(), topic.partitions) {
            (0, -1) => u64::try_from(self.settings.num_partitions).unwrap_or(0),
            (0, partitions) => u64::try_from(partitions).unwrap_or(0),
            (assigned, _) => assigned as u64,
        };
        let (asked, allowed) = (topics.map(count).sum(), PARTITIONS_PER_REQUEST_MAX);
        if asked > allowed { Err(ControllerError::TooManyPartitions { asked, allowed }) } else { Ok(()) }
    }

    fn create_topic(
        &self,
        topic: &NewTopic,
        records: &mut Vec<MetadataRecord>,
        random: Random<'_>,
    ) -> Result<CreatedTopic, ControllerError> {
        let name = &topic.name;
        check_name(name)?;
        if self.image().topics.by_name(name).is_some() {
            return Err(ControllerError::TopicExists { name: name.clone() });
        }
        if let Some(existing) = self.image().topics.sharing_metrics_with(name) {
            let (name, existing) = (name.clone(), existing.clone());
            return Err(ControllerError::CollidingTopicName { name, existing });
        }
        let overrides = self.check_topic_configs(topic)?;
        let partitions = if topic.assignments.is_empty() {
            self.placed_partitions(topic, random)?
        } else {
            self.assigned_partitions(topic)?
        };
        let id = self.new_topic_id(random);
        let description = topic.may_be_described.then(|| TopicDescription {
            // Bounded by PARTITIONS_PER_REQUEST_MAX, replicas by the number of brokers.
            partitions: i32::try_from(partitions.len()).unwrap_or(i32::MAX),
            replication_factor: i16::try_from(partitions[0].replicas.len()).unwrap_or(i16::MAX),
            configs: self.topic_layers().entries(&overrides),
        });
        records.push(TopicRecord { name: name.clone(), topic_id: id, ..Default::default() }.into());
        records.extend(overrides.into_iter().map(|(key, value)| config_record(name, key, value)));
        for (index, partition) in partitions.iter().enumerate() {
            records.push(self.partition_record(id, PartitionIndex(index as i32), partition));
        }
        Ok(CreatedTopic { id, description })
    }

    pub(super) fn partition_record(
        &self,
        topic_id: Uuid,
        index: PartitionIndex,
        partition: &PartitionImage,
    ) -> MetadataRecord {
        let eligible = self.image().features.has_eligible_leader_replicas();
        partition.to_record(topic_id, index, self.metadata_version(), eligible).into()
    }

    fn check_topic_configs(&self, topic: &NewTopic) -> Result<TopicOverrides, ControllerError> {
        let mut overrides = BTreeMap::new();
        let mut null = Vec::new();
        for (key, value) in &topic.configs {
            match value {
                Some(value) => {
                    overrides.insert(key.clone(), value.clone());
                }
                None => null.push(key.as_str()),
            }
        }
        if !null.is_empty() {
            return Err(ControllerError::NullTopicConfigs { names: null.join(",") });
        }
        crate::configs::check_value_sizes(&overrides)?;
        self.topic_layers().validate(&overrides, &TopicOverrides::new())?;
        Ok(overrides)
    }

    fn assigned_partitions(&self, topic: &NewTopic) -> Result<Vec<PartitionImage>, ControllerError> {
        if topic.replication_factor != -1 {
            return Err(ControllerError::AssignmentAndCount { field: "the replication factor" });
        }
        if topic.partitions != -1 {
            return Err(ControllerError::AssignmentAndCount { field: "the number of partitions" });
        }
        self.assigned(&topic.assignments).map_err(ControllerError::InvalidAssignment)
    }

    fn assigned(
        &self,
        assignments: &[(PartitionIndex, Vec<NodeId>)],
    ) -> Result<Vec<PartitionImage>, AssignmentError> {
        let mut partitions = BTreeMap::new();
        let mut count = None;
        for (index, replicas) in assignments {
            let partition = index.0;
            if partitions.contains_key(index) {
                return Err(AssignmentError::RepeatedPartition { partition });
            }
            self.check_manual_assignment(replicas, count)?;
            count = Some(replicas.len());
            let new = self.new_partition(replicas.clone());
            partitions.insert(*index, new.ok_or(AssignmentError::NoActiveBroker { partition })?);
        }
        if !partitions.keys().map(|index| index.0).eq(0..partitions.len() as i32) {
            return Err(AssignmentError::NotConsecutive);
        }
        Ok(partitions.into_values().collect())
    }

    fn placed_partitions(
        &self,
        topic: &NewTopic,
        random: Random<'_>,
    ) -> Result<Vec<PartitionImage>, ControllerError> {
        let factor = match topic.replication_factor {
            -1 => self.settings.default_replication_factor,
            factor if factor > 0 => factor,
            factor => return Err(ControllerError::InvalidReplicationFactor { factor }),
        };
        let partitions = match topic.partitions {
            -1 => self.settings.num_partitions,
            count if count > 0 => count,
            count => return Err(ControllerError::InvalidPartitionCount { count }),
        };
        self.placed(partitions.unsigned_abs() as usize, factor, random)
    }

    /// Partitions with `factor` replicas each, placed on the brokers there are.
    pub(super) fn placed(
        &self,
        partitions: usize,
        factor: i16,
        random: Random<'_>,
    ) -> Result<Vec<PartitionImage>, ControllerError> {
        let cannot = |reason| ControllerError::CannotReplicate { factor, reason };
        let placed = place(&self.usable_brokers(), partitions, factor, random).map_err(cannot)?;
        let new = |replicas| self.new_partition(replicas).ok_or(cannot(PlacementError::NoActiveBroker));
        placed.into_iter().map(new).collect()
    }

    fn new_topic_id(&self, random: Random<'_>) -> Uuid {
        loop {
            let halves = Uuid::from_halves(random(), random());
            match Uuid::from_random(*halves.as_bytes()) {
                Some(id) if self.image().topics.by_id(id).is_none() => return id,
                _ => {}
            }
        }
    }
}

fn config_record(topic: &str, key: String, value: String) -> MetadataRecord {
    let resource = ConfigResource::topic(topic);
    ConfigRecord {
        resource_type: resource.resource_type.id(),
        resource_name: resource.name,
        name: key,
        value: Some(value),
        ..Default::default()
    }
    .into()
}

#[cfg(test)]
mod tests {
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of, new_topic};

    fn outcome(cluster: &Cluster, topic: NewTopic) -> Result<CreatedTopic, ControllerError> {
        let decided = cluster.controller.decide_create_topics(&[topic], true, &mut cluster.random());
        decided?.response.remove(0).result
    }

    fn check(cluster: &Cluster, topic: NewTopic, expect: ErrorCode) {
        assert_eq!(code_of(outcome(cluster, topic.clone())), expect, "{topic:?}");
    }

    #[test]
    fn a_topic_without_numbers_gets_the_defaults() {
        let mut cluster = Cluster::of(3);
        let topic = NewTopic { partitions: -1, replication_factor: -1, ..new_topic("t") };
        let created =
            cluster.create_topics(vec![topic], false).remove(0).result.expect("the brokers suffice");
        let description = created.description.expect("it may be described");
        assert_eq!((description.partitions, description.replication_factor), (2, 1));
        let topic = cluster.controller.image().topics.by_name("t").expect("it was created").clone();
        assert_eq!(topic.id, created.id);
        assert_eq!(topic.partitions.len(), 2);
    }

    #[test]
    fn records_stand_in_the_order_topic_settings_partitions() {
        let cluster = Cluster::of(1);
        let configs = vec![("retention.ms".to_owned(), Some("1".to_owned()))];
        let topic = NewTopic { configs, partitions: 2, ..new_topic("t") };
        let decided = cluster.controller.decide_create_topics(&[topic], false, &mut cluster.random());
        let decided = decided.expect("two partitions are not too many");
        let names: Vec<_> = decided.records.iter().map(MetadataRecord::name).collect();
        assert_eq!(names, ["TopicRecord", "ConfigRecord", "PartitionRecord", "PartitionRecord"]);
        assert!(decided.atomic);
    }

    #[test]
    fn validating_creates_nothing_and_tells_the_same() {
        let cluster = Cluster::of(1);
        let decided = cluster.controller.decide_create_topics(&[new_topic("t")], true, &mut cluster.random());
        let decided = decided.expect("one partition is not too many");
        assert_eq!(decided.records, []);
        assert!(decided.response[0].result.is_ok());
    }

    #[test]
    fn bad_numbers_are_refused() {
        let cluster = Cluster::of(2);
        let with =
            |partitions, replication_factor| NewTopic { partitions, replication_factor, ..new_topic("t") };
        check(&cluster, with(0, 1), ErrorCode::InvalidPartitions);
        check(&cluster, with(-2, 1), ErrorCode::InvalidPartitions);
        check(&cluster, with(1, 0), ErrorCode::InvalidReplicationFactor);
        check(&cluster, with(1, 3), ErrorCode::InvalidReplicationFactor);
        check(&cluster, with(1, 2), ErrorCode::None);
        check(&cluster, with(10_000, 1), ErrorCode::None);
        check(&cluster, with(10_001, 1), ErrorCode::PolicyViolation);
    }

    #[test]
    fn bad_assignments_are_refused() {
        let cluster = Cluster::of(3);
        let with = |assignments: &[(i32, &[i32])]| NewTopic {
            partitions: -1,
            replication_factor: -1,
            assignments: assignments
                .iter()
                .map(|(index, ids)| (PartitionIndex(*index), ids.iter().copied().map(NodeId).collect()))
                .collect(),
            ..new_topic("t")
        };
        check(&cluster, with(&[(0, &[1, 2]), (1, &[3, 1])]), ErrorCode::None);
        check(&cluster, with(&[(1, &[1, 2]), (0, &[3, 1])]), ErrorCode::None);
        for bad in [
            &[(0, &[] as &[i32])] as &[(i32, &[i32])],
            &[(0, &[1, 1])],
            &[(0, &[1, 9])],
            &[(0, &[1]), (0, &[2])],
            &[(0, &[1]), (2, &[2])],
            &[(1, &[1])],
            &[(0, &[1]), (1, &[1, 2])],
        ] {
            check(&cluster, with(bad), ErrorCode::InvalidReplicaAssignment);
        }
        let counted = NewTopic { partitions: 1, ..with(&[(0, &[1])]) };
        check(&cluster, counted, ErrorCode::InvalidRequest);
        let factored = NewTopic { replication_factor: 1, ..with(&[(0, &[1])]) };
        check(&cluster, factored, ErrorCode::InvalidRequest);
    }

    #[test]
    fn an_assignment_leads_with_its_first_active_broker() {
        let mut cluster = Cluster::of(3);
        cluster.fence(NodeId(2));
        let assignments = vec![(PartitionIndex(0), vec![NodeId(2), NodeId(3), NodeId(1)])];
        let topic = NewTopic { partitions: -1, replication_factor: -1, assignments, ..new_topic("t") };
        cluster.create_topics(vec![topic], false);
        let partition = cluster.partition("t", 0);
        assert_eq!(partition.isr, [NodeId(3), NodeId(1)]);
        assert_eq!(partition.leader, Some(NodeId(3)));
    }

    #[test]
    fn bad_settings_are_refused() {
        let cluster = Cluster::of(1);
        let with = |key: &str, value: Option<&str>| NewTopic {
            configs: vec![(key.to_owned(), value.map(str::to_owned))],
            ..new_topic("t")
        };
        check(&cluster, with("retention.ms", Some("5")), ErrorCode::None);
        check(&cluster, with("retention.ms", None), ErrorCode::InvalidConfig);
        check(&cluster, with("retention.ms", Some("five")), ErrorCode::InvalidConfig);
        check(&cluster, with("no.such.key", Some("5")), ErrorCode::InvalidConfig);
        check(&cluster, with("remote.storage.enable", Some("true")), ErrorCode::InvalidConfig);
        let too_long = "x".repeat(32_768);
        check(&cluster, with("cleanup.policy", Some(&too_long)), ErrorCode::InvalidConfig);
    }

    #[test]
    fn names_that_exist_repeat_or_are_the_logs_own_are_refused() {
        let mut cluster = Cluster::of(1);
        cluster.create("a.b", 1, 1);
        let names = ["a.b", "a_b", "twice", "c", "twice", CLUSTER_METADATA_TOPIC, ".."];
        let outcomes = cluster.create_topics(names.map(new_topic).into(), false);
        let codes: Vec<_> =
            outcomes.iter().map(|it| (it.name.as_str(), code_of(it.result.clone()))).collect();
        assert_eq!(
            codes,
            [
                ("a.b", ErrorCode::TopicAlreadyExists),
                ("a_b", ErrorCode::InvalidTopicException),
                ("c", ErrorCode::None),
                ("..", ErrorCode::InvalidTopicException),
                (CLUSTER_METADATA_TOPIC, ErrorCode::InvalidRequest),
                ("twice", ErrorCode::InvalidRequest),
            ]
        );
        assert_eq!(cluster.controller.image().topics.len(), 2);
    }

    #[test]
    fn a_topic_that_may_not_be_described_is_created_all_the_same() {
        let mut cluster = Cluster::of(1);
        let secret = NewTopic { may_be_described: false, ..new_topic("t") };
        let created = cluster.create_topics(vec![secret], false).remove(0).result;
        assert_eq!(created.expect("it is created").description, None);
    }
}
