//! Requests and replies in the words of scenarios.

use std::collections::BTreeMap;

use bytes::Bytes;
use group_coordinator::GroupError;
use protocol::records::consumer_protocol_assignment as assignment;
use protocol::records::consumer_protocol_subscription as subscription;
use protocol::{Reader, Writer};

/// Kafka's name of an error.
pub fn error_name(error: GroupError) -> &'static str {
    match error {
        GroupError::InvalidGroupId => "INVALID_GROUP_ID",
        GroupError::GroupIdNotFound => "GROUP_ID_NOT_FOUND",
        GroupError::UnknownMemberId => "UNKNOWN_MEMBER_ID",
        GroupError::MemberIdRequired => "MEMBER_ID_REQUIRED",
        GroupError::FencedInstanceId => "FENCED_INSTANCE_ID",
        GroupError::IllegalGeneration => "ILLEGAL_GENERATION",
        GroupError::RebalanceInProgress => "REBALANCE_IN_PROGRESS",
        GroupError::InconsistentGroupProtocol => "INCONSISTENT_GROUP_PROTOCOL",
        GroupError::InvalidSessionTimeout => "INVALID_SESSION_TIMEOUT",
        GroupError::GroupMaxSizeReached => "GROUP_MAX_SIZE_REACHED",
        GroupError::NonEmptyGroup => "NON_EMPTY_GROUP",
        GroupError::GroupSubscribedToTopic => "GROUP_SUBSCRIBED_TO_TOPIC",
        GroupError::OffsetMetadataTooLarge => "OFFSET_METADATA_TOO_LARGE",
        GroupError::UnstableOffsetCommit => "UNSTABLE_OFFSET_COMMIT",
        GroupError::StaleMemberEpoch => "STALE_MEMBER_EPOCH",
        GroupError::FencedMemberEpoch => "FENCED_MEMBER_EPOCH",
        GroupError::UnreleasedInstanceId => "UNRELEASED_INSTANCE_ID",
        GroupError::InvalidRegularExpression => "INVALID_REGULAR_EXPRESSION",
        GroupError::UnsupportedAssignor => "UNSUPPORTED_ASSIGNOR",
        GroupError::InvalidRequest => "INVALID_REQUEST",
        GroupError::UnsupportedVersion => "UNSUPPORTED_VERSION",
        GroupError::NotAssigned => "UNKNOWN_SERVER_ERROR",
        GroupError::TooLarge => "UNKNOWN_SERVER_ERROR",
        GroupError::NotFinished => "not finished",
    }
}

/// `ok`, or Kafka's name of the error.
pub fn verdict(error: Option<GroupError>) -> &'static str {
    error.map_or("ok", error_name)
}

/// `'text'`, or `null`.
pub fn quoted(text: Option<&str>) -> String {
    text.map_or("null".to_owned(), |text| format!("'{text}'"))
}

/// Metadata as a scenario writes it: a text; `+a+b`, a consumer's subscription to the topics a and b, perhaps with
/// `!t:0.1`, what it has; or `=t:0.1;u:2`, an assignment.
pub fn bytes(text: &str) -> Bytes {
    let mut writer = Writer::new();
    if let Some(assigned) = text.strip_prefix('=') {
        writer.i16(0);
        let topic = |(topic, partitions)| assignment::TopicPartition { topic, partitions };
        let assigned_partitions =
            read_partitions(&assigned.replace('.', ",")).into_iter().map(topic).collect();
        let assignment = assignment::ConsumerProtocolAssignment { assigned_partitions, user_data: None };
        assignment.encode(&mut writer, 0).expect("short");
        return writer.into_bytes();
    }
    let Some(text) = text.strip_prefix('+') else { return Bytes::copy_from_slice(text.as_bytes()) };
    let (topics, owned) = text.split_once('!').map_or((text, None), |(topics, owned)| (topics, Some(owned)));
    let version = i16::from(owned.is_some());
    let topic = |(topic, partitions)| subscription::TopicPartition { topic, partitions };
    let subscription = subscription::ConsumerProtocolSubscription {
        topics: topics.split('+').map(str::to_owned).collect(),
        owned_partitions: read_partitions(&owned.unwrap_or("-").replace('.', ","))
            .into_iter()
            .map(topic)
            .collect(),
        ..Default::default()
    };
    writer.i16(version);
    subscription.encode(&mut writer, version).expect("short");
    writer.into_bytes()
}

/// The other way round.
pub fn string(bytes: &[u8]) -> String {
    let Some((&[0, version], rest)) = bytes.split_first_chunk::<2>() else {
        return String::from_utf8_lossy(bytes).into_owned();
    };
    let mut reader = Reader::new(Bytes::copy_from_slice(rest));
    let read = subscription::ConsumerProtocolSubscription::decode(&mut reader, i16::from(version));
    if let Ok(read) = read
        && reader.remaining() == 0
    {
        let topics: String = read.topics.iter().map(|topic| format!("+{topic}")).collect();
        let owned = read.owned_partitions.into_iter().map(|topic| (topic.topic, topic.partitions)).collect();
        return if version == 0 { topics } else { format!("{topics}!{}", partitions_text(owned)) };
    }
    let mut reader = Reader::new(Bytes::copy_from_slice(rest));
    let read = assignment::ConsumerProtocolAssignment::decode(&mut reader, i16::from(version));
    let assigned = read.expect("an assignment").assigned_partitions.into_iter();
    format!("={}", partitions_text(assigned.map(|topic| (topic.topic, topic.partitions)).collect()))
}

/// Partitions such as `t:0,1;u:2`; `-` for none.
pub fn read_partitions(text: &str) -> Vec<(String, Vec<i32>)> {
    let topics = text.split(';').filter_map(|topic| topic.split_once(':'));
    let numbers = |text: &str| text.split(',').map(|number| number.parse().expect("a number")).collect();
    topics.map(|(name, partitions)| (name.to_owned(), numbers(partitions))).collect()
}

/// The other way round, in order.
pub fn partitions_text(partitions: BTreeMap<String, Vec<i32>>) -> String {
    let topic = |(name, mut partitions): (String, Vec<i32>)| {
        partitions.sort_unstable();
        let partitions: Vec<_> = partitions.iter().map(i32::to_string).collect();
        format!("{name}:{}", partitions.join(","))
    };
    let topics: Vec<_> = partitions.into_iter().map(topic).collect();
    if topics.is_empty() { "-".to_owned() } else { topics.join(";") }
}
