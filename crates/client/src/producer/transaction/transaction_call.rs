//! The coordinators are asked, and answer.

use protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnRequest;
use protocol::messages::add_partitions_to_txn_response::AddPartitionsToTxnResponse;
use protocol::messages::end_txn_request::EndTxnRequest;
use protocol::messages::end_txn_response::EndTxnResponse;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::txn_offset_commit_request::TxnOffsetCommitRequest;
use protocol::messages::txn_offset_commit_response::TxnOffsetCommitResponse;

use crate::call::Call;
use crate::error::ClientError;
use crate::network_client::NetworkClient;

/// The last version of AddPartitionsToTxn for clients; later ones are for brokers.
const ADD_PARTITIONS_TO_TXN_NEWEST: i16 = 3;

/// A request, to the coordinator at this address where one is named, at no newer version than the number behind it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::producer) enum TransactionCall {
    FindCoordinator(FindCoordinatorRequest),
    FindGroupCoordinator(FindCoordinatorRequest),
    InitProducerId(String, InitProducerIdRequest),
    AddPartitions(String, AddPartitionsToTxnRequest),
    AddOffsets(String, AddOffsetsToTxnRequest),
    CommitOffsets(String, TxnOffsetCommitRequest, i16),
    EndTxn(String, EndTxnRequest, i16),
}

/// What came of it.
#[derive(Debug)]
pub(in crate::producer) enum TransactionAnswer {
    FindCoordinator(Result<FindCoordinatorResponse, ClientError>),
    FindGroupCoordinator(Result<FindCoordinatorResponse, ClientError>),
    /// With the level of `transaction.version`, as the coordinator told it.
    InitProducerId(Result<(InitProducerIdResponse, i16), ClientError>),
    AddPartitions(Result<AddPartitionsToTxnResponse, ClientError>),
    AddOffsets(Result<AddOffsetsToTxnResponse, ClientError>),
    CommitOffsets(Result<TxnOffsetCommitResponse, ClientError>),
    /// As `InitProducerId`.
    EndTxn(Result<(EndTxnResponse, i16), ClientError>),
}

impl TransactionCall {
    pub(in crate::producer) async fn carry_out(self, client: NetworkClient) -> TransactionAnswer {
        match self {
            Self::FindCoordinator(request) => {
                TransactionAnswer::FindCoordinator(client.call_any(&request).await)
            }
            Self::FindGroupCoordinator(request) => {
                TransactionAnswer::FindGroupCoordinator(client.call_any(&request).await)
            }
            Self::InitProducerId(to, request) => {
                let newest = InitProducerIdRequest::MAX_VERSION;
                TransactionAnswer::InitProducerId(ask(&client, &to, &request, newest).await)
            }
            Self::AddPartitions(to, request) => {
                let answer = ask(&client, &to, &request, ADD_PARTITIONS_TO_TXN_NEWEST).await;
                TransactionAnswer::AddPartitions(answer.map(|(answer, _)| answer))
            }
            Self::AddOffsets(to, request) => {
                let answer = ask(&client, &to, &request, AddOffsetsToTxnRequest::MAX_VERSION).await;
                TransactionAnswer::AddOffsets(answer.map(|(answer, _)| answer))
            }
            Self::CommitOffsets(to, request, newest) => {
                let answer = ask(&client, &to, &request, newest).await;
                TransactionAnswer::CommitOffsets(answer.map(|(answer, _)| answer))
            }
            Self::EndTxn(to, request, newest) => {
                TransactionAnswer::EndTxn(ask(&client, &to, &request, newest).await)
            }
        }
    }
}

/// The answer, and the level of `transaction.version` when the connection was opened.
async fn ask<R: Call>(
    client: &NetworkClient,
    to: &str,
    request: &R,
    newest: i16,
) -> Result<(R::Answer, i16), ClientError> {
    let connection = client.connection(to).await?;
    let answer = connection.call(request, newest).await?;
    Ok((answer, connection.feature("transaction.version")))
}
