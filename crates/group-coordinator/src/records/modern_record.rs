//! Records of groups of newer protocols: consumer (KIP-848), share (KIP-932), streams (KIP-1071).
//!
//! They are read whole, key and value, and nothing of them is kept here: a log that Kafka refuses to load is refused.

use std::collections::BTreeSet;

use coordinator::{CoordinatorRecord, MalformedRecord};
use protocol::Message;
use protocol::records::share_group_current_member_assignment_value::ShareGroupCurrentMemberAssignmentValue;
use protocol::records::share_group_member_metadata_value::ShareGroupMemberMetadataValue;
use protocol::records::share_group_metadata_value::ShareGroupMetadataValue;
use protocol::records::share_group_state_partition_metadata_value::ShareGroupStatePartitionMetadataValue;
use protocol::records::share_group_target_assignment_member_value::ShareGroupTargetAssignmentMemberValue;
use protocol::records::share_group_target_assignment_metadata_value::ShareGroupTargetAssignmentMetadataValue;
use protocol::records::streams_group_current_member_assignment_value::StreamsGroupCurrentMemberAssignmentValue;
use protocol::records::streams_group_member_metadata_value::StreamsGroupMemberMetadataValue;
use protocol::records::streams_group_metadata_value::StreamsGroupMetadataValue;
use protocol::records::streams_group_target_assignment_member_value::StreamsGroupTargetAssignmentMemberValue;
use protocol::records::streams_group_target_assignment_metadata_value::StreamsGroupTargetAssignmentMetadataValue;
use protocol::records::streams_group_topology_value::StreamsGroupTopologyValue;

use super::versioned;

/// Whether Kafka could load a record; one of another type is left alone.
///
/// # Errors
/// Where the key or the value is cut off, the value has a version that is not known, null where it may not be, or names
/// twice what Kafka makes a map of.
pub(crate) fn check_modern(record: &CoordinatorRecord) -> Result<(), MalformedRecord> {
    let number = record.key.first_chunk().map_or(-1, |number| i16::from_be_bytes(*number));
    match number {
        10 => check::<ShareGroupMemberMetadataValue>(2, record, any),
        11 => check::<ShareGroupMetadataValue>(1, record, any),
        12 => check::<ShareGroupTargetAssignmentMetadataValue>(1, record, any),
        13 => check::<ShareGroupTargetAssignmentMemberValue>(2, record, |value| {
            each_once(&value.topic_partitions, |of_topic| of_topic.topic_id)
        }),
        14 => check::<ShareGroupCurrentMemberAssignmentValue>(2, record, |value| {
            each_once(&value.assigned_partitions, |of_topic| of_topic.topic_id)
        }),
        15 => check::<ShareGroupStatePartitionMetadataValue>(1, record, |value| {
            let lists = [&value.initializing_topics, &value.initialized_topics];
            lists.into_iter().all(|topics| each_once(topics, |topic| topic.topic_id))
        }),
        17 => check::<StreamsGroupMetadataValue>(1, record, |value| {
            each_once(value.last_assignment_configs.as_deref().unwrap_or_default(), |config| &*config.key)
        }),
        19 => check::<StreamsGroupMemberMetadataValue>(2, record, |value| {
            each_once(&value.client_tags, |tag| &*tag.key)
        }),
        20 => check::<StreamsGroupTargetAssignmentMetadataValue>(1, record, any),
        21 => check::<StreamsGroupTargetAssignmentMemberValue>(2, record, |value| {
            let lists = [&value.active_tasks, &value.standby_tasks, &value.warmup_tasks];
            lists.into_iter().all(|tasks| each_once(tasks, |task| &*task.subtopology_id))
        }),
        22 => check::<StreamsGroupCurrentMemberAssignmentValue>(2, record, any),
        23 => check::<StreamsGroupTopologyValue>(1, record, |value| {
            each_once(&value.subtopologies, |subtopology| &*subtopology.subtopology_id)
        }),
        _ => Ok(()),
    }
}

/// The key is so many strings: the group, and then the member or the regular expression. A value that can be read has to
/// fit as well.
fn check<V: Message>(
    key_strings: usize,
    record: &CoordinatorRecord,
    fits: impl Fn(&V) -> bool,
) -> Result<(), MalformedRecord> {
    versioned("record key", &record.key, |reader, _type| {
        (0..key_strings).try_for_each(|_| reader.string(false).map(drop))
    })?;
    let Some(value) = &record.value else { return Ok(()) };
    let value = versioned(V::NAME, value, |reader, version| V::decode(reader, version))?;
    match fits(&value) {
        true => Ok(()),
        false => Err(MalformedRecord { kind: V::NAME, reason: "it names something twice".to_owned() }),
    }
}

/// Whatever it says.
fn any<V>(_value: &V) -> bool {
    true
}

fn each_once<'a, T, K: Ord>(items: &'a [T], key: impl Fn(&'a T) -> K) -> bool {
    let mut seen = BTreeSet::new();
    items.iter().all(|item| seen.insert(key(item)))
}
