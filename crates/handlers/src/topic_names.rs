//! What a name that no topic has is answered with.

use types::ErrorCode;

/// INVALID_TOPIC_EXCEPTION for a name no topic can have, else UNKNOWN_TOPIC_OR_PARTITION.
pub(crate) fn unknown_topic_error(name: &str) -> ErrorCode {
    match is_legal(name) {
        true => ErrorCode::UnknownTopicOrPartition,
        false => ErrorCode::InvalidTopicException,
    }
}

/// Whether a topic may have this name: 1 to 249 letters, digits, dots, underscores and hyphens, and neither `.` nor
/// `..`.
pub(crate) fn is_legal(name: &str) -> bool {
    controller_node::check_name(name).is_ok()
}
