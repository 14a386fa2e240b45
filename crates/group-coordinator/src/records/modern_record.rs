//! Records of groups of newer protocols: consumer (KIP-848), share (KIP-932), streams (KIP-1071).
//!
//! They are read whole, key and value, and nothing of them is kept here: a log that Kafka refuses to load is refused.

use bytes::Bytes;
use coordinator::{CoordinatorRecord, MalformedRecord};
use protocol::Message;
use protocol::records::consumer_group_current_member_assignment_value::ConsumerGroupCurrentMemberAssignmentValue;
use protocol::records::consumer_group_member_metadata_value::ConsumerGroupMemberMetadataValue;
use protocol::records::consumer_group_metadata_value::ConsumerGroupMetadataValue;
use protocol::records::consumer_group_partition_metadata_value::ConsumerGroupPartitionMetadataValue;
use protocol::records::consumer_group_regular_expression_value::ConsumerGroupRegularExpressionValue;
use protocol::records::consumer_group_target_assignment_member_value::ConsumerGroupTargetAssignmentMemberValue;
use protocol::records::consumer_group_target_assignment_metadata_value::ConsumerGroupTargetAssignmentMetadataValue;
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

/// Whether Kafka could read a record; one of another type is left alone.
///
/// # Errors
/// Where the key or the value is cut off, the value has a version that is not known, or null where it may not be.
pub(crate) fn check_modern(record: &CoordinatorRecord) -> Result<(), MalformedRecord> {
    let number = record.key.first_chunk().map_or(-1, |number| i16::from_be_bytes(*number));
    match number {
        3 => check::<ConsumerGroupMetadataValue>(1, record),
        4 => check::<ConsumerGroupPartitionMetadataValue>(1, record),
        5 => check::<ConsumerGroupMemberMetadataValue>(2, record),
        6 => check::<ConsumerGroupTargetAssignmentMetadataValue>(1, record),
        7 => check::<ConsumerGroupTargetAssignmentMemberValue>(2, record),
        8 => check::<ConsumerGroupCurrentMemberAssignmentValue>(2, record),
        10 => check::<ShareGroupMemberMetadataValue>(2, record),
        11 => check::<ShareGroupMetadataValue>(1, record),
        12 => check::<ShareGroupTargetAssignmentMetadataValue>(1, record),
        13 => check::<ShareGroupTargetAssignmentMemberValue>(2, record),
        14 => check::<ShareGroupCurrentMemberAssignmentValue>(2, record),
        15 => check::<ShareGroupStatePartitionMetadataValue>(1, record),
        16 => check::<ConsumerGroupRegularExpressionValue>(2, record),
        17 => check::<StreamsGroupMetadataValue>(1, record),
        19 => check::<StreamsGroupMemberMetadataValue>(2, record),
        20 => check::<StreamsGroupTargetAssignmentMetadataValue>(1, record),
        21 => check::<StreamsGroupTargetAssignmentMemberValue>(2, record),
        22 => check::<StreamsGroupCurrentMemberAssignmentValue>(2, record),
        23 => check::<StreamsGroupTopologyValue>(1, record),
        _ => Ok(()),
    }
}

/// The key is so many strings: the group, and then the member or the regular expression.
fn check<V: Message>(key_strings: usize, record: &CoordinatorRecord) -> Result<(), MalformedRecord> {
    versioned("record key", &record.key, |reader, _type| {
        (0..key_strings).try_for_each(|_| reader.string(false).map(drop))
    })?;
    let read =
        |value: &Bytes| versioned(V::NAME, value, |reader, version| V::decode(reader, version).map(drop));
    record.value.as_ref().map_or(Ok(()), read)
}
