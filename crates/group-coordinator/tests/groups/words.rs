//! Requests and replies in the words of scenarios.

use bytes::{BufMut, Bytes, BytesMut};
use group_coordinator::GroupError;

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

/// Metadata as a scenario writes it: a text, or `+a+b`, a consumer's subscription to the topics a and b.
pub fn bytes(text: &str) -> Bytes {
    let Some(topics) = text.strip_prefix('+') else { return Bytes::copy_from_slice(text.as_bytes()) };
    let topics: Vec<_> = topics.split('+').collect();
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    bytes.put_i32(topics.len() as i32);
    for topic in topics {
        bytes.put_i16(topic.len() as i16);
        bytes.put_slice(topic.as_bytes());
    }
    bytes.put_i32(-1);
    bytes.freeze()
}

/// The other way round.
pub fn string(bytes: &[u8]) -> String {
    let Some((&[0, _, _, _, _, _], mut rest)) = bytes.split_first_chunk::<6>() else {
        return String::from_utf8_lossy(bytes).into_owned();
    };
    let mut topics = String::new();
    while let Some((&[high, low], text)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let Some(topic) = text.get(..length).filter(|_| high == 0) else { break };
        topics = format!("{topics}+{}", String::from_utf8_lossy(topic));
        rest = &text[length..];
    }
    topics
}
