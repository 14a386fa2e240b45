//! Offsets of a group in a transaction: two coordinators have to agree.

use std::sync::Arc;

use coordinator::Unavailable;
use group_coordinator::offsets::CommitOffsetsInTransaction;
use group_coordinator::{GroupRequest, GroupShard};
use transaction_coordinator::Producer;

use super::Called;
use super::groups::OFFSETS_TOPIC;
use crate::Broker;
use crate::fetch_sessions::TopicKey;
use crate::partition::ProducerStateError;
use crate::transaction_verification::{Joining, ToVerify, VerificationError};

/// Why the group was not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionalCommitError {
    /// The transaction does not hold the group's partition.
    #[error(transparent)]
    Verification(#[from] VerificationError),
    /// The group's log does not take records of this producer.
    #[error(transparent)]
    Producer(#[from] ProducerStateError),
    /// The group is not coordinated here, or not yet.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Broker {
    /// Asks the shard that holds a group to keep offsets for a transaction, once the transaction is known to hold the
    /// group's partition.
    ///
    /// # Errors
    /// See [`TransactionalCommitError`]; the group was not asked then.
    pub async fn commit_in_transaction(
        self: &Arc<Self>,
        transactional_id: &str,
        producer: Producer,
        joining: Joining,
        request: CommitOffsetsInTransaction,
    ) -> Result<Called<GroupShard>, TransactionalCommitError> {
        let image = self.image();
        let index = self.group_partition(&image, &request.group_id);
        let Ok(partition) = self.find_partition(&TopicKey::Name(OFFSETS_TOPIC.into()), index) else {
            let is_soon = self.is_about_to_lead(&image, OFFSETS_TOPIC, index);
            return Err(if is_soon { Unavailable::Loading } else { Unavailable::NotCoordinator }.into());
        };
        let to_verify = [ToVerify { partition, sequence: -1 }];
        let verified = self.verify_transaction(transactional_id, producer, &to_verify, joining).await;
        let guard = verified.into_iter().next().unwrap_or(Ok(None))?;
        let who = request.producer;
        let request = GroupRequest::CommitOffsetsInTransaction(request);
        Ok(self.groups().call_in_transaction(index, who, guard, request)?)
    }
}
