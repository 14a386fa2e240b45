//! Which response belongs to which request.

use protocol::Message;
use protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnRequest;
use protocol::messages::add_partitions_to_txn_response::AddPartitionsToTxnResponse;
use protocol::messages::alter_client_quotas_request::AlterClientQuotasRequest;
use protocol::messages::alter_client_quotas_response::AlterClientQuotasResponse;
use protocol::messages::alter_partition_reassignments_request::AlterPartitionReassignmentsRequest;
use protocol::messages::alter_partition_reassignments_response::AlterPartitionReassignmentsResponse;
use protocol::messages::api_versions_request::ApiVersionsRequest;
use protocol::messages::api_versions_response::ApiVersionsResponse;
use protocol::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use protocol::messages::consumer_group_describe_response::ConsumerGroupDescribeResponse;
use protocol::messages::consumer_group_heartbeat_request::ConsumerGroupHeartbeatRequest;
use protocol::messages::consumer_group_heartbeat_response::ConsumerGroupHeartbeatResponse;
use protocol::messages::create_partitions_request::CreatePartitionsRequest;
use protocol::messages::create_partitions_response::CreatePartitionsResponse;
use protocol::messages::create_topics_request::CreateTopicsRequest;
use protocol::messages::create_topics_response::CreateTopicsResponse;
use protocol::messages::delete_groups_request::DeleteGroupsRequest;
use protocol::messages::delete_groups_response::DeleteGroupsResponse;
use protocol::messages::delete_records_request::DeleteRecordsRequest;
use protocol::messages::delete_records_response::DeleteRecordsResponse;
use protocol::messages::delete_topics_request::DeleteTopicsRequest;
use protocol::messages::delete_topics_response::DeleteTopicsResponse;
use protocol::messages::describe_client_quotas_request::DescribeClientQuotasRequest;
use protocol::messages::describe_client_quotas_response::DescribeClientQuotasResponse;
use protocol::messages::describe_cluster_request::DescribeClusterRequest;
use protocol::messages::describe_cluster_response::DescribeClusterResponse;
use protocol::messages::describe_configs_request::DescribeConfigsRequest;
use protocol::messages::describe_configs_response::DescribeConfigsResponse;
use protocol::messages::describe_groups_request::DescribeGroupsRequest;
use protocol::messages::describe_groups_response::DescribeGroupsResponse;
use protocol::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use protocol::messages::describe_log_dirs_response::DescribeLogDirsResponse;
use protocol::messages::describe_producers_request::DescribeProducersRequest;
use protocol::messages::describe_producers_response::DescribeProducersResponse;
use protocol::messages::describe_quorum_request::DescribeQuorumRequest;
use protocol::messages::describe_quorum_response::DescribeQuorumResponse;
use protocol::messages::describe_topic_partitions_request::DescribeTopicPartitionsRequest;
use protocol::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponse;
use protocol::messages::describe_transactions_request::DescribeTransactionsRequest;
use protocol::messages::describe_transactions_response::DescribeTransactionsResponse;
use protocol::messages::describe_user_scram_credentials_request::DescribeUserScramCredentialsRequest;
use protocol::messages::describe_user_scram_credentials_response::DescribeUserScramCredentialsResponse;
use protocol::messages::elect_leaders_request::ElectLeadersRequest;
use protocol::messages::elect_leaders_response::ElectLeadersResponse;
use protocol::messages::end_txn_request::EndTxnRequest;
use protocol::messages::end_txn_response::EndTxnResponse;
use protocol::messages::fetch_request::FetchRequest;
use protocol::messages::fetch_response::FetchResponse;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::messages::heartbeat_request::HeartbeatRequest;
use protocol::messages::heartbeat_response::HeartbeatResponse;
use protocol::messages::incremental_alter_configs_request::IncrementalAlterConfigsRequest;
use protocol::messages::incremental_alter_configs_response::IncrementalAlterConfigsResponse;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::join_group_request::JoinGroupRequest;
use protocol::messages::join_group_response::JoinGroupResponse;
use protocol::messages::leave_group_request::LeaveGroupRequest;
use protocol::messages::leave_group_response::LeaveGroupResponse;
use protocol::messages::list_config_resources_request::ListConfigResourcesRequest;
use protocol::messages::list_config_resources_response::ListConfigResourcesResponse;
use protocol::messages::list_groups_request::ListGroupsRequest;
use protocol::messages::list_groups_response::ListGroupsResponse;
use protocol::messages::list_offsets_request::ListOffsetsRequest;
use protocol::messages::list_offsets_response::ListOffsetsResponse;
use protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use protocol::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use protocol::messages::list_transactions_request::ListTransactionsRequest;
use protocol::messages::list_transactions_response::ListTransactionsResponse;
use protocol::messages::metadata_request::MetadataRequest;
use protocol::messages::metadata_response::MetadataResponse;
use protocol::messages::offset_commit_request::OffsetCommitRequest;
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use protocol::messages::offset_delete_request::OffsetDeleteRequest;
use protocol::messages::offset_delete_response::OffsetDeleteResponse;
use protocol::messages::offset_fetch_request::OffsetFetchRequest;
use protocol::messages::offset_fetch_response::OffsetFetchResponse;
use protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderEpochRequest;
use protocol::messages::offset_for_leader_epoch_response::OffsetForLeaderEpochResponse;
use protocol::messages::produce_request::ProduceRequest;
use protocol::messages::produce_response::ProduceResponse;
use protocol::messages::sync_group_request::SyncGroupRequest;
use protocol::messages::sync_group_response::SyncGroupResponse;
use protocol::messages::txn_offset_commit_request::TxnOffsetCommitRequest;
use protocol::messages::txn_offset_commit_response::TxnOffsetCommitResponse;
use protocol::messages::unregister_broker_request::UnregisterBrokerRequest;
use protocol::messages::unregister_broker_response::UnregisterBrokerResponse;
use protocol::messages::update_features_request::UpdateFeaturesRequest;
use protocol::messages::update_features_response::UpdateFeaturesResponse;
use protocol::messages::write_txn_markers_request::WriteTxnMarkersRequest;
use protocol::messages::write_txn_markers_response::WriteTxnMarkersResponse;
use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::WhyResponse;

/// A request that this client sends.
pub(crate) trait Call: Message + Send + Sync {
    /// What is answered to it.
    type Answer: Message + Send;
    /// The API's number.
    const API_KEY: i16;
    /// The API's name in errors.
    const API: &'static str;

    /// What this version can carry of a request that is filled in for all of them; `None`: everything.
    fn fitted(&self, version: i16) -> Option<Self> {
        let _ = version;
        None
    }
}

macro_rules! calls {
    ($($api:literal: $request:ident -> $answer:ident $(by $fit:ident)?),+ $(,)?) => {
        $(impl Call for $request {
            type Answer = $answer;
            const API_KEY: i16 = $request::API_KEY;
            const API: &'static str = $api;
            $(fn fitted(&self, version: i16) -> Option<Self> {
                Some($fit(self.clone(), version))
            })?
        })+
    };
}

calls! {
    "Produce": ProduceRequest -> ProduceResponse,
    "Fetch": FetchRequest -> FetchResponse,
    "ListOffsets": ListOffsetsRequest -> ListOffsetsResponse,
    "Metadata": MetadataRequest -> MetadataResponse,
    "OffsetCommit": OffsetCommitRequest -> OffsetCommitResponse,
    "OffsetFetch": OffsetFetchRequest -> OffsetFetchResponse by one_or_many_groups,
    "FindCoordinator": FindCoordinatorRequest -> FindCoordinatorResponse by one_or_many_keys,
    "JoinGroup": JoinGroupRequest -> JoinGroupResponse,
    "Heartbeat": HeartbeatRequest -> HeartbeatResponse,
    "LeaveGroup": LeaveGroupRequest -> LeaveGroupResponse by one_or_many_members,
    "SyncGroup": SyncGroupRequest -> SyncGroupResponse,
    "DescribeGroups": DescribeGroupsRequest -> DescribeGroupsResponse,
    "ListGroups": ListGroupsRequest -> ListGroupsResponse,
    "ApiVersions": ApiVersionsRequest -> ApiVersionsResponse,
    "CreateTopics": CreateTopicsRequest -> CreateTopicsResponse,
    "DeleteTopics": DeleteTopicsRequest -> DeleteTopicsResponse,
    "DeleteRecords": DeleteRecordsRequest -> DeleteRecordsResponse,
    "InitProducerId": InitProducerIdRequest -> InitProducerIdResponse,
    "TxnOffsetCommit": TxnOffsetCommitRequest -> TxnOffsetCommitResponse,
    "EndTxn": EndTxnRequest -> EndTxnResponse,
    "AddPartitionsToTxn": AddPartitionsToTxnRequest -> AddPartitionsToTxnResponse,
    "AddOffsetsToTxn": AddOffsetsToTxnRequest -> AddOffsetsToTxnResponse,
    "OffsetForLeaderEpoch": OffsetForLeaderEpochRequest -> OffsetForLeaderEpochResponse,
    "DescribeConfigs": DescribeConfigsRequest -> DescribeConfigsResponse,
    "DescribeLogDirs": DescribeLogDirsRequest -> DescribeLogDirsResponse,
    "CreatePartitions": CreatePartitionsRequest -> CreatePartitionsResponse,
    "DeleteGroups": DeleteGroupsRequest -> DeleteGroupsResponse,
    "ElectLeaders": ElectLeadersRequest -> ElectLeadersResponse,
    "IncrementalAlterConfigs": IncrementalAlterConfigsRequest -> IncrementalAlterConfigsResponse,
    "AlterPartitionReassignments": AlterPartitionReassignmentsRequest -> AlterPartitionReassignmentsResponse,
    "ListPartitionReassignments": ListPartitionReassignmentsRequest -> ListPartitionReassignmentsResponse,
    "OffsetDelete": OffsetDeleteRequest -> OffsetDeleteResponse,
    "DescribeClientQuotas": DescribeClientQuotasRequest -> DescribeClientQuotasResponse,
    "AlterClientQuotas": AlterClientQuotasRequest -> AlterClientQuotasResponse,
    "DescribeUserScramCredentials": DescribeUserScramCredentialsRequest -> DescribeUserScramCredentialsResponse,
    "DescribeQuorum": DescribeQuorumRequest -> DescribeQuorumResponse,
    "UpdateFeatures": UpdateFeaturesRequest -> UpdateFeaturesResponse,
    "DescribeCluster": DescribeClusterRequest -> DescribeClusterResponse,
    "DescribeProducers": DescribeProducersRequest -> DescribeProducersResponse,
    "UnregisterBroker": UnregisterBrokerRequest -> UnregisterBrokerResponse,
    "ConsumerGroupHeartbeat": ConsumerGroupHeartbeatRequest -> ConsumerGroupHeartbeatResponse,
    "ConsumerGroupDescribe": ConsumerGroupDescribeRequest -> ConsumerGroupDescribeResponse,
    "DescribeTransactions": DescribeTransactionsRequest -> DescribeTransactionsResponse,
    "ListTransactions": ListTransactionsRequest -> ListTransactionsResponse,
    "WriteTxnMarkers": WriteTxnMarkersRequest -> WriteTxnMarkersResponse,
    "ListConfigResources": ListConfigResourcesRequest -> ListConfigResourcesResponse,
    "DescribeTopicPartitions": DescribeTopicPartitionsRequest -> DescribeTopicPartitionsResponse,
    "Why": WhyRequest -> WhyResponse,
}

/// Since version 4 several keys are asked about at once (KIP-699).
fn one_or_many_keys(mut request: FindCoordinatorRequest, version: i16) -> FindCoordinatorRequest {
    match version {
        ..4 => request.coordinator_keys.clear(),
        _ => request.key.clear(),
    }
    request
}

/// Since version 8 several groups are asked about at once (KIP-709); before version 7 nobody waits for transactions.
fn one_or_many_groups(mut request: OffsetFetchRequest, version: i16) -> OffsetFetchRequest {
    request.require_stable &= version >= 7;
    match version {
        ..8 => request.groups.clear(),
        _ => {
            request.group_id.clear();
            request.topics = OffsetFetchRequest::default().topics;
        }
    }
    request
}

/// Since version 3 several members leave at once (KIP-345).
fn one_or_many_members(mut request: LeaveGroupRequest, version: i16) -> LeaveGroupRequest {
    match version {
        ..3 => request.members.clear(),
        _ => request.member_id.clear(),
    }
    request
}
