//! Who a consumer is to its group: what proves to the coordinator that offsets in a transaction come from a member.

use crate::consumer::Consumer;
use crate::error::ClientError;

/// A member of a group, as of when it was asked (KIP-447).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerGroupMetadata {
    /// `group.id`.
    pub group_id: String,
    /// Of the classic protocol the generation, of the consumer protocol the member's epoch; −1: nobody's.
    pub generation_id: i32,
    /// Empty: nobody's.
    pub member_id: String,
    /// `group.instance.id`.
    pub group_instance_id: Option<String>,
}

impl ConsumerGroupMetadata {
    /// Only the group: whoever commits so is not fenced.
    pub fn of_group(group_id: impl Into<String>) -> Self {
        Self {
            group_id: group_id.into(),
            generation_id: -1,
            member_id: String::new(),
            group_instance_id: None,
        }
    }
}

impl Consumer {
    /// What a transaction commits this consumer's offsets with. To be asked for each time: it changes with the group.
    ///
    /// # Errors
    /// `NoGroup`.
    pub fn group_metadata(&self) -> Result<ConsumerGroupMetadata, ClientError> {
        let group_id = self.config.group_id.clone().ok_or(ClientError::NoGroup)?;
        let (generation_id, member_id) = self.shared.machine().membership_now();
        let group_instance_id = self.config.group_instance_id.clone();
        Ok(ConsumerGroupMetadata { group_id, generation_id, member_id, group_instance_id })
    }
}
