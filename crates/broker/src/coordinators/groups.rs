//! The coordinator of groups, and which of its shards a group belongs to.

use std::collections::BTreeMap;

use group_coordinator::classic::{AssignedMember, GroupWhy};
use group_coordinator::{GroupRequest, GroupShard};
use metadata::MetadataImage;
use types::waits::{GroupWait, LaggingPartition};
use types::{PartitionIndex, TopicIdPartition, TopicName, TopicPartition, Uuid};

use super::{Called, Coordinator, Looked, Unavailable, placement};
use crate::Broker;

/// The internal topic of groups and committed offsets.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// Consumers that commit by themselves do so every five seconds: one that has not for so long is worth a hint.
const SILENCE_MS: i64 = 60_000;
/// Partitions of one member that are told one by one; the rest is counted.
const PARTITIONS_TOLD_MAX: usize = 20;

/// The shards of `__consumer_offsets`.
pub type GroupCoordinator = Coordinator<GroupShard>;

/// How `__consumer_offsets` is made, when the first client looks for its coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetsTopicSettings {
    /// `offsets.topic.num.partitions`.
    pub partitions: i32,
    /// `offsets.topic.replication.factor`.
    pub replication_factor: i16,
    /// `offsets.topic.segment.bytes`.
    pub segment_bytes: i32,
}

/// Why nothing is known of a group's waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupWhyError {
    /// There is no such group.
    #[error("there is no classic group of this id")]
    NotFound,
    /// Another broker coordinates it.
    #[error("another broker coordinates this group")]
    NotCoordinator,
}

/// The feature that switches the consumer protocol on.
const GROUP_VERSION: &str = "group.version";

impl Broker {
    /// Whether groups may speak the consumer protocol: `group.version` is 1 and the settings do not switch it off.
    pub fn serves_consumer_groups(&self) -> bool {
        self.settings().serves_consumer_groups && self.image().features.level(GROUP_VERSION) >= 1
    }

    /// The partition of `__consumer_offsets` that a group belongs to: Kafka's clients and brokers agree on it, and what
    /// either wrote has to be found by the other.
    pub fn group_partition(&self, image: &MetadataImage, group_id: &str) -> PartitionIndex {
        placement::shard_of(image, OFFSETS_TOPIC, self.settings().offsets_topic.partitions, group_id)
    }

    /// Asks the shard that holds a group.
    pub fn ask_group(&self, group_id: &str, request: GroupRequest) -> Called<GroupShard> {
        let image = self.image();
        let partition = self.group_partition(&image, group_id);
        // Between the election of this broker and the opening of the log, there is no shard.
        if !self.groups().has_shard(partition) && self.is_about_to_lead(&image, OFFSETS_TOPIC, partition) {
            return Called::Now(Err(Unavailable::Loading));
        }
        self.groups().call(partition, request)
    }

    /// What a group is doing and waits for; that its coordinator still reads the log is a wait, too.
    ///
    /// # Errors
    /// See [`GroupWhyError`].
    pub fn why_group(&self, group_id: &str) -> Result<Option<GroupWhy>, GroupWhyError> {
        let image = self.image();
        let partition = self.group_partition(&image, group_id);
        match self.groups().look(partition, |shard, now| shard.why(group_id, now)) {
            Ok(Looked { seen, held }) => {
                let mut why = seen.map_err(|_not_found| GroupWhyError::NotFound)?;
                if why.state_for_ms.is_none_or(|for_ms| for_ms >= SILENCE_MS) {
                    why.waits.extend(why.assigned.iter().filter_map(|it| self.silent_member(&image, it)));
                }
                if held > 0 {
                    let partition = TopicPartition::new(OFFSETS_TOPIC, partition);
                    why.waits.push(GroupWait::NotCommitted { partition, replies: held });
                }
                Ok(Some(why))
            }
            Err(Unavailable::Loading) => Ok(None),
            Err(_) if self.is_about_to_lead(&image, OFFSETS_TOPIC, partition) => Ok(None),
            Err(_) => Err(GroupWhyError::NotCoordinator),
        }
    }

    /// A member that has something to read, and of which no commit came for a while. What other brokers lead is left out:
    /// they know how far it goes.
    fn silent_member(&self, image: &MetadataImage, assigned: &AssignedMember) -> Option<GroupWait> {
        let lagging = assigned.partitions.iter().filter_map(|(partition, committed)| {
            let topic_id = image.topics.id_of(&partition.topic)?;
            let id = TopicIdPartition { topic_id, partition: partition.partition };
            let offsets = self.partitions().get(&id)?.log().offsets();
            Some(LaggingPartition {
                partition: partition.clone(),
                committed: *committed,
                log_start: offsets.log_start,
                high_watermark: offsets.high_watermark,
            })
        });
        let is_silent =
            |it: &LaggingPartition| it.lag() > 0 && it.committed.is_none_or(|last| last.ago_ms >= SILENCE_MS);
        let mut partitions: Vec<LaggingPartition> = lagging.filter(is_silent).collect();
        partitions.sort_by_key(|partition| std::cmp::Reverse(partition.lag()));
        let others = partitions.len().saturating_sub(PARTITIONS_TOLD_MAX);
        partitions.truncate(PARTITIONS_TOLD_MAX);
        let member = assigned.member.clone();
        (!partitions.is_empty()).then_some(GroupWait::MemberDoesNotGetOn { member, partitions, others })
    }

    /// Tells the shards that topics are gone.
    pub(crate) fn tell_groups_of_deleted(&self, topics: &BTreeMap<TopicName, Uuid>) {
        self.groups().tell_all(|| GroupRequest::TopicsDeleted { topics: topics.clone() });
    }
}
