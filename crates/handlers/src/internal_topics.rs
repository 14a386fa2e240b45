//! The topics that belong to the brokers themselves.

/// Whether clients may look at a topic but not write to it.
pub(crate) fn is_internal(topic: &str) -> bool {
    matches!(topic, "__consumer_offsets" | "__transaction_state" | "__share_group_state")
}

/// The client id with which the admin client of the oracle is allowed to write to internal topics.
pub(crate) const ADMIN_CLIENT_ID: &str = "__admin_client";
