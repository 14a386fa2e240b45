//! From the services' errors to the wire's codes: one function for each error type.

use broker::LookupError;
use broker::coordinators::{TransactionalCommitError, Unavailable};
use broker::fetch_sessions::TopicKey;
use broker::group_coordinator::GroupError;
use broker::partition::{
    DeleteRecordsError, LeadershipError, ListOffsetsError, PartitionAppendError, PartitionReadError,
    ProducerStateError,
};
use broker::produce::AcknowledgementError;
use broker::transaction_coordinator::TransactionError;
use broker::transaction_verification::VerificationError;
use broker::txn_markers::MarkerError;
use controller_node::ControllerError;
use types::{ErrorCode, LeaderEpoch, NodeId};

pub(crate) fn unknown_topic(topic: &TopicKey) -> ErrorCode {
    match topic {
        TopicKey::Id(_) => ErrorCode::UnknownTopicId,
        TopicKey::Name(_) => ErrorCode::UnknownTopicOrPartition,
    }
}

pub(crate) fn lookup_error(error: &LookupError) -> ErrorCode {
    match error {
        LookupError::UnknownTopicId => ErrorCode::UnknownTopicId,
        LookupError::UnknownTopic | LookupError::UnknownPartition => ErrorCode::UnknownTopicOrPartition,
        LookupError::NotHosted { .. } => ErrorCode::NotLeaderOrFollower,
    }
}

/// The leader to tell a client that asked the wrong node.
pub(crate) fn looked_up_leader(error: &LookupError) -> Option<(NodeId, LeaderEpoch)> {
    match error {
        LookupError::NotHosted { leader, leader_epoch } => Some((*leader, *leader_epoch)),
        _ => None,
    }
}

pub(crate) fn leadership_error(error: &LeadershipError) -> ErrorCode {
    match error {
        LeadershipError::FencedLeaderEpoch { .. } => ErrorCode::FencedLeaderEpoch,
        LeadershipError::UnknownLeaderEpoch { .. } => ErrorCode::UnknownLeaderEpoch,
        LeadershipError::NotLeader { .. } => ErrorCode::NotLeaderOrFollower,
    }
}

/// The leader to tell a client that knows another one.
pub(crate) fn known_leader(error: &LeadershipError) -> Option<(NodeId, LeaderEpoch)> {
    match error {
        LeadershipError::NotLeader { leader, leader_epoch } => Some((*leader, *leader_epoch)),
        LeadershipError::FencedLeaderEpoch { leader, current, .. } => Some((*leader, *current)),
        LeadershipError::UnknownLeaderEpoch { .. } => None,
    }
}

pub(crate) fn read_error(error: &PartitionReadError) -> ErrorCode {
    match error {
        PartitionReadError::Leadership(error) => leadership_error(error),
        PartitionReadError::Read(error) => log_read_error(error),
    }
}

fn log_read_error(error: &broker::partition::ReadError) -> ErrorCode {
    match error {
        broker::partition::ReadError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
        broker::partition::ReadError::Log(error) => {
            tracing::error!(%error, "a log could not be read");
            ErrorCode::KafkaStorageError
        }
    }
}

pub(crate) fn list_offsets_error(error: &ListOffsetsError, version: i16) -> ErrorCode {
    match error {
        ListOffsetsError::Leadership(error) => leadership_error(error),
        ListOffsetsError::OffsetNotAvailable if version >= 5 => ErrorCode::OffsetNotAvailable,
        ListOffsetsError::OffsetNotAvailable => ErrorCode::LeaderNotAvailable,
        ListOffsetsError::Read(error) => log_read_error(error),
    }
}

pub(crate) fn delete_records_error(error: &DeleteRecordsError) -> ErrorCode {
    match error {
        DeleteRecordsError::Leadership(error) => leadership_error(error),
        DeleteRecordsError::PolicyViolation => ErrorCode::PolicyViolation,
        DeleteRecordsError::Read(error) => log_read_error(error),
    }
}

pub(crate) fn acknowledgement_error(error: &AcknowledgementError) -> ErrorCode {
    match error {
        AcknowledgementError::TimedOut => ErrorCode::RequestTimedOut,
        AcknowledgementError::Leadership(error) => leadership_error(error),
        AcknowledgementError::Storage => ErrorCode::KafkaStorageError,
    }
}

/// What is told of one thing of several that the controller was asked for: the code, and words where it refused.
pub(crate) fn verdict(result: &Result<(), ControllerError>) -> (ErrorCode, Option<String>) {
    match result {
        Ok(()) => (ErrorCode::None, None),
        Err(error) => (error.code(), Some(error.to_string())),
    }
}

pub(crate) fn group_error(error: &GroupError) -> ErrorCode {
    match error {
        GroupError::InvalidGroupId => ErrorCode::InvalidGroupId,
        GroupError::GroupIdNotFound => ErrorCode::GroupIdNotFound,
        GroupError::UnknownMemberId => ErrorCode::UnknownMemberId,
        GroupError::MemberIdRequired => ErrorCode::MemberIdRequired,
        GroupError::FencedInstanceId => ErrorCode::FencedInstanceId,
        GroupError::IllegalGeneration => ErrorCode::IllegalGeneration,
        GroupError::RebalanceInProgress => ErrorCode::RebalanceInProgress,
        GroupError::InconsistentGroupProtocol => ErrorCode::InconsistentGroupProtocol,
        GroupError::InvalidSessionTimeout => ErrorCode::InvalidSessionTimeout,
        GroupError::GroupMaxSizeReached => ErrorCode::GroupMaxSizeReached,
        GroupError::NonEmptyGroup => ErrorCode::NonEmptyGroup,
        GroupError::GroupSubscribedToTopic => ErrorCode::GroupSubscribedToTopic,
        GroupError::OffsetMetadataTooLarge => ErrorCode::OffsetMetadataTooLarge,
        GroupError::TooLarge => ErrorCode::UnknownServerError,
        GroupError::NotFinished => ErrorCode::CoordinatorLoadInProgress,
        GroupError::UnstableOffsetCommit => ErrorCode::UnstableOffsetCommit,
        GroupError::StaleMemberEpoch => ErrorCode::StaleMemberEpoch,
        GroupError::FencedMemberEpoch => ErrorCode::FencedMemberEpoch,
        GroupError::UnreleasedInstanceId => ErrorCode::UnreleasedInstanceId,
        GroupError::InvalidRegularExpression => ErrorCode::InvalidRegularExpression,
        GroupError::UnsupportedAssignor => ErrorCode::UnsupportedAssignor,
        GroupError::InvalidRequest => ErrorCode::InvalidRequest,
        GroupError::UnsupportedVersion => ErrorCode::UnsupportedVersion,
        GroupError::NotAssigned => ErrorCode::UnknownServerError,
    }
}

pub(crate) fn transaction_error(error: &TransactionError) -> ErrorCode {
    match error {
        // The caller asks again with an id; that there is none now passes.
        TransactionError::NeedsProducerId => ErrorCode::CoordinatorLoadInProgress,
        TransactionError::EmptyTransactionalId => ErrorCode::InvalidRequest,
        TransactionError::TwoPhaseCommitDisabled => ErrorCode::TransactionalIdAuthorizationFailed,
        TransactionError::UnsupportedVersion => ErrorCode::UnsupportedVersion,
        TransactionError::InvalidTransactionTimeout => ErrorCode::InvalidTransactionTimeout,
        TransactionError::ConcurrentTransactions => ErrorCode::ConcurrentTransactions,
        TransactionError::ProducerFenced => ErrorCode::ProducerFenced,
        TransactionError::InvalidProducerIdMapping => ErrorCode::InvalidProducerIdMapping,
        TransactionError::InvalidTransactionState => ErrorCode::InvalidTxnState,
        TransactionError::TransactionalIdNotFound => ErrorCode::TransactionalIdNotFound,
        TransactionError::TooLarge => ErrorCode::UnknownServerError,
    }
}

/// Why a transaction is not known to hold a partition, as its coordinator says it to brokers; a client before
/// TRANSACTION_ABORTABLE is told INVALID_TXN_STATE, and PRODUCER_FENCED is an older word for who may not write.
pub(crate) fn verification_error(error: &VerificationError, knows_abortable: bool) -> ErrorCode {
    match error {
        VerificationError::Leadership(error) => leadership_error(error),
        VerificationError::NotInTransaction if knows_abortable => ErrorCode::TransactionAbortable,
        VerificationError::NotInTransaction => ErrorCode::InvalidTxnState,
        VerificationError::Refused(TransactionError::ProducerFenced) => ErrorCode::InvalidProducerEpoch,
        VerificationError::Refused(error) => transaction_error(error),
        VerificationError::Unavailable(error) => unavailable(error),
    }
}

/// As [`verification_error`], and what the group's log says itself.
pub(crate) fn transactional_commit_error(
    error: &TransactionalCommitError,
    knows_abortable: bool,
) -> ErrorCode {
    match error {
        TransactionalCommitError::Verification(VerificationError::Leadership(_)) => ErrorCode::NotCoordinator,
        TransactionalCommitError::Verification(error) => verification_error(error, knows_abortable),
        TransactionalCommitError::Producer(error) => producer_state_error(error),
        TransactionalCommitError::Unavailable(error) => unavailable(error),
    }
}

pub(crate) fn producer_state_error(error: &ProducerStateError) -> ErrorCode {
    match error {
        ProducerStateError::InvalidProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
        ProducerStateError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
        ProducerStateError::InvalidTransactionState { .. } => ErrorCode::InvalidTxnState,
        ProducerStateError::TransactionCoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
    }
}

pub(crate) fn marker_error(error: &MarkerError) -> ErrorCode {
    match error {
        MarkerError::NotHosted => ErrorCode::UnknownTopicOrPartition,
        MarkerError::NotLeader => ErrorCode::NotLeaderOrFollower,
        MarkerError::InvalidProducerEpoch => ErrorCode::InvalidProducerEpoch,
        MarkerError::CoordinatorFenced => ErrorCode::TransactionCoordinatorFenced,
        MarkerError::NotEnoughReplicas => ErrorCode::NotEnoughReplicas,
        MarkerError::TimedOut => ErrorCode::RequestTimedOut,
        MarkerError::Storage => ErrorCode::KafkaStorageError,
    }
}

pub(crate) fn unavailable(error: &Unavailable) -> ErrorCode {
    match error {
        Unavailable::Loading => ErrorCode::CoordinatorLoadInProgress,
        Unavailable::NotCoordinator => ErrorCode::NotCoordinator,
        Unavailable::NotAvailable => ErrorCode::CoordinatorNotAvailable,
        Unavailable::TooLarge => ErrorCode::UnknownServerError,
    }
}

/// What a producer is told of an append that was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AppendRefusal {
    pub(crate) error: ErrorCode,
    pub(crate) message: Option<String>,
    /// The single records that were refused, by place in the batch (KIP-467).
    pub(crate) record_errors: Vec<(i32, Option<String>)>,
    /// Whether the answer names the log's start, as the oracle does where the log was reached.
    pub(crate) reached_log: bool,
}

pub(crate) fn append_error(error: &PartitionAppendError) -> AppendRefusal {
    use broker::partition::{AppendError, ValidateError};
    let mut refusal = AppendRefusal {
        error: ErrorCode::UnknownServerError,
        message: None,
        record_errors: Vec::new(),
        reached_log: true,
    };
    let is_quiet = |code| (code, false);
    let (code, reached_log) = match error {
        PartitionAppendError::Leadership(error) => is_quiet(leadership_error(error)),
        PartitionAppendError::NotEnoughReplicas { .. } => (ErrorCode::NotEnoughReplicas, true),
        PartitionAppendError::Flush(_) => is_quiet(ErrorCode::KafkaStorageError),
        PartitionAppendError::Append(error) => match error {
            AppendError::Invalid(ValidateError::Rejected(rejected)) => {
                // The one refusal that the oracle explains.
                refusal.message = Some(error.to_string());
                let told = rejected.records.iter();
                refusal.record_errors =
                    told.map(|record| (record.batch_index, Some(record.reason.to_string()))).collect();
                let code = match rejected.kind() {
                    broker::partition::RejectionKind::Timestamp => ErrorCode::InvalidTimestamp,
                    broker::partition::RejectionKind::Record => ErrorCode::InvalidRecord,
                };
                (code, true)
            }
            AppendError::Invalid(ValidateError::Batch(_) | ValidateError::Records(_)) => {
                (ErrorCode::InvalidRecord, true)
            }
            AppendError::Invalid(ValidateError::Corrupt(_)) => is_quiet(ErrorCode::CorruptMessage),
            AppendError::Invalid(ValidateError::TooLarge { .. }) => is_quiet(ErrorCode::MessageTooLarge),
            AppendError::Invalid(ValidateError::ZstdTooEarly { .. }) => {
                (ErrorCode::UnsupportedCompressionType, true)
            }
            AppendError::Invalid(ValidateError::Rebuild(_)) | AppendError::UnexpectedOffset { .. } => {
                (ErrorCode::UnknownServerError, true)
            }
            AppendError::SegmentTooSmall { .. } => is_quiet(ErrorCode::RecordListTooLarge),
            AppendError::Producer(error) => (producer_state_error(error), true),
            AppendError::Log(error) => {
                tracing::error!(%error, "a log could not be appended to");
                is_quiet(ErrorCode::KafkaStorageError)
            }
        },
    };
    refusal.error = code;
    refusal.reached_log = reached_log;
    refusal
}
