//! What the coordinators' answers mean: done, once more, the transaction is to be aborted, or the producer is at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::messages::add_partitions_to_txn_response::AddPartitionsToTxnResponse;
use protocol::messages::end_txn_response::EndTxnResponse;
use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::txn_offset_commit_response::TxnOffsetCommitResponse;
use tokio::time::Instant;
use types::{ErrorCode, ProducerEpoch, ProducerId, TopicPartition};

use super::{EPOCH_PER_TRANSACTION, State, TransactionAnswer, TransactionMachine};
use crate::error::{ClientError, error_code};
use crate::find_coordinator::{self, Coordinated, Found};
use crate::network_client::topic_error;

/// How long the first partition of a transaction waits for the one before, whose markers are being written: it takes
/// milliseconds (KAFKA-5482).
const AFTER_CONCURRENT_TRANSACTIONS: Duration = Duration::from_millis(20);

/// Which coordinator answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Transaction,
    Group,
}

impl TransactionMachine {
    /// Takes in what came of the last call.
    pub(in crate::producer) fn handle(&mut self, answer: TransactionAnswer, now: Instant) {
        match answer {
            TransactionAnswer::FindCoordinator(answer) => self.handle_coordinator(answer, now),
            TransactionAnswer::FindGroupCoordinator(answer) => self.handle_group_coordinator(answer, now),
            TransactionAnswer::InitProducerId(answer) => self.handle_init_producer_id(answer, now),
            TransactionAnswer::AddPartitions(answer) => self.handle_add_partitions(answer, now),
            TransactionAnswer::AddOffsets(answer) => {
                let answer = answer.and_then(|answer| server("AddOffsetsToTxn", answer.error_code));
                self.handle_add_offsets(answer, now);
            }
            TransactionAnswer::CommitOffsets(answer) => self.handle_commit_offsets(answer, now),
            TransactionAnswer::EndTxn(answer) => self.handle_end_txn(answer, now),
        }
    }

    fn handle_coordinator(&mut self, answer: Result<FindCoordinatorResponse, ClientError>, now: Instant) {
        let of = Coordinated::TransactionalId(&self.transactional_id);
        match answer.and_then(|answer| find_coordinator::found(of, answer)) {
            Ok(Found { address, .. }) => {
                self.coordinator = Some(address);
                self.call.succeeded();
            }
            Err(error) => self.call_failed(error, Whose::Transaction, now),
        }
    }

    fn handle_group_coordinator(
        &mut self,
        answer: Result<FindCoordinatorResponse, ClientError>,
        now: Instant,
    ) {
        let Some(pending) = self.offsets.front() else { return self.call.succeeded() };
        let group_id = pending.group.group_id.clone();
        match answer.and_then(|answer| find_coordinator::found(Coordinated::Group(&group_id), answer)) {
            Ok(Found { address, .. }) => {
                self.group_coordinator = Some((group_id, address));
                self.call.succeeded();
            }
            Err(error) => self.call_failed(error, Whose::Group, now),
        }
    }

    fn handle_init_producer_id(
        &mut self,
        answer: Result<(InitProducerIdResponse, i16), ClientError>,
        now: Instant,
    ) {
        let answer = answer.and_then(|(answer, level)| {
            server("InitProducerId", answer.error_code).map(|()| (answer, level))
        });
        match answer {
            Ok((answer, level)) => {
                self.call.succeeded();
                self.producer = Some((ProducerId(answer.producer_id), ProducerEpoch(answer.producer_epoch)));
                self.is_version_2 = level >= EPOCH_PER_TRANSACTION;
                self.needs_new_epoch = false;
                if self.state == State::Initializing {
                    self.state = State::Ready;
                }
            }
            Err(error) if error.is_retriable() => self.call_failed(error, Whose::Transaction, now),
            // There is no transaction to abort.
            Err(error) => self.fatal(fenced(error)),
        }
    }

    fn handle_add_partitions(
        &mut self,
        answer: Result<AddPartitionsToTxnResponse, ClientError>,
        now: Instant,
    ) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.call_failed(error, Whose::Transaction, now),
        };
        let refused = answer.results_by_topic_v3_and_below.iter().flat_map(|topic| {
            topic.results_by_partition.iter().filter_map(|each| {
                let code = error_code(each.partition_error_code);
                let subject = TopicPartition::new(topic.name.as_str(), each.partition_index).to_string();
                (code != ErrorCode::None).then(|| topic_error(&subject, code))
            })
        });
        let mut refused: Vec<ClientError> = refused.collect();
        // Of partitions that were not looked at because of others, nothing is to be told.
        refused.sort_by_key(|error| error.code() == Some(ErrorCode::OperationNotAttempted));
        match refused.into_iter().next() {
            None => {
                self.call.succeeded();
                self.has_begun = true;
                self.partitions.append(&mut self.adding);
            }
            Some(error) => {
                if error.code() == Some(ErrorCode::ConcurrentTransactions) && self.partitions.is_empty() {
                    return self.again_after(now, self.backoff.min(AFTER_CONCURRENT_TRANSACTIONS));
                }
                if error.is_retriable() || ends_the_producer(&error) {
                    return self.call_failed(error, Whose::Transaction, now);
                }
                self.call.succeeded();
                self.adding.clear();
                self.abortable(error);
            }
        }
    }

    fn handle_add_offsets(&mut self, answer: Result<(), ClientError>, now: Instant) {
        match answer {
            Ok(()) => {
                self.call.succeeded();
                self.has_begun = true;
                if self.state == State::AbortingTransaction {
                    return self.offsets.clear();
                }
                if let Some(first) = self.offsets.front_mut() {
                    first.is_added = true;
                }
            }
            Err(error) => {
                if !error.is_retriable() {
                    self.offsets.clear();
                }
                self.call_failed(error, Whose::Transaction, now);
            }
        }
    }

    fn handle_commit_offsets(&mut self, answer: Result<TxnOffsetCommitResponse, ClientError>, now: Instant) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.call_failed(error, Whose::Group, now),
        };
        let codes: BTreeMap<TopicPartition, ErrorCode> = (answer.topics.iter())
            .flat_map(|topic| {
                topic.partitions.iter().map(|each| {
                    let partition = TopicPartition::new(topic.name.as_str(), each.partition_index);
                    (partition, error_code(each.error_code))
                })
            })
            .collect();
        // It is aborted meanwhile.
        let Some(first) = self.offsets.front_mut() else { return self.call.succeeded() };
        first.offsets.retain(|partition, _| codes.get(partition) != Some(&ErrorCode::None));
        if first.offsets.is_empty() {
            self.offsets.pop_front();
            return self.call.succeeded();
        }
        let refused = codes.iter().filter(|(_, code)| **code != ErrorCode::None);
        // What will not heal decides.
        let worst = refused.min_by_key(|(_, code)| code.is_retriable());
        let error = match worst {
            Some((_, code @ (ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration))) => {
                ClientError::CommitFailed { code: *code }
            }
            Some((partition, code)) => topic_error(&partition.to_string(), *code),
            None => {
                ClientError::Malformed { api: "TxnOffsetCommit", reason: "partitions are missing".to_owned() }
            }
        };
        self.call_failed(error, Whose::Group, now);
    }

    fn handle_end_txn(&mut self, answer: Result<(EndTxnResponse, i16), ClientError>, now: Instant) {
        let answer =
            answer.and_then(|(answer, level)| server("EndTxn", answer.error_code).map(|()| (answer, level)));
        let (answer, level) = match answer {
            Ok(answer) => answer,
            // To abort it once more would lead here again.
            Err(error) if !error.is_retriable() && self.state == State::AbortingTransaction => {
                return self.fatal(fenced(error));
            }
            Err(error) => return self.call_failed(error, Whose::Transaction, now),
        };
        self.call.succeeded();
        if answer.producer_id >= 0 {
            self.producer = Some((ProducerId(answer.producer_id), ProducerEpoch(answer.producer_epoch)));
            self.needs_new_epoch = false;
        }
        // What the last transaction was begun with was ended alike; partitions of it must not count for the next one.
        self.needs_new_epoch |= !self.is_version_2 && level >= EPOCH_PER_TRANSACTION;
        self.ended();
    }

    /// Draws the consequences of a call that came to nothing.
    fn call_failed(&mut self, error: ClientError, whose: Whose, now: Instant) {
        let moved =
            matches!(error.code(), Some(ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable))
                || (whose == Whose::Group && error.code() == Some(ErrorCode::RequestTimedOut));
        if moved || error.is_about_connection() {
            match whose {
                Whose::Transaction => self.coordinator = None,
                Whose::Group => self.group_coordinator = None,
            }
        }
        let (backoff, max) = (self.backoff, self.backoff_max);
        self.call
            .failed(now, |failures| backoff.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(max));
        if error.is_retriable() {
            tracing::debug!(id = %self.transactional_id, %error, "asking the coordinator again");
            return;
        }
        self.call.succeeded();
        match error.code() {
            Some(
                ErrorCode::UnknownProducerId
                | ErrorCode::TransactionAbortable
                | ErrorCode::TopicAuthorizationFailed
                | ErrorCode::GroupAuthorizationFailed
                | ErrorCode::FencedInstanceId
                | ErrorCode::UnknownMemberId
                | ErrorCode::IllegalGeneration,
            ) => {
                if whose == Whose::Group {
                    self.offsets.clear();
                }
                self.abortable(error);
            }
            _ => self.fatal(fenced(error)),
        }
    }
}

/// Whether the coordinator and this producer have no common view of the transactional id any more.
fn ends_the_producer(error: &ClientError) -> bool {
    matches!(
        error.code(),
        Some(
            ErrorCode::ProducerFenced
                | ErrorCode::InvalidProducerEpoch
                | ErrorCode::InvalidProducerIdMapping
                | ErrorCode::InvalidTxnState
                | ErrorCode::TransactionalIdAuthorizationFailed
        )
    )
}

/// Coordinators of old say INVALID_PRODUCER_EPOCH, and mean that another producer has the transactional id.
fn fenced(error: ClientError) -> ClientError {
    match error {
        ClientError::Server { api, code: ErrorCode::InvalidProducerEpoch } => {
            ClientError::Server { api, code: ErrorCode::ProducerFenced }
        }
        ClientError::Topic { subject, code: ErrorCode::InvalidProducerEpoch, message } => {
            ClientError::Topic { subject, code: ErrorCode::ProducerFenced, message }
        }
        error => error,
    }
}

fn server(api: &'static str, code: i16) -> Result<(), ClientError> {
    match error_code(code) {
        ErrorCode::None => Ok(()),
        code => Err(ClientError::Server { api, code }),
    }
}
