//! ListPartitionReassignments (key 46), version 0: the reassignments under way (KIP-455).
//!
//! Broker and controller listeners; the controller answers. Needs DESCRIBE on the cluster. Null topics: all. What is not
//! being reassigned, or does not exist, is left out. Errors: CLUSTER_AUTHORIZATION_FAILED.

use controller_node::ControllerHandle;
use metadata::TopicImage;
use net::Request;
use protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use protocol::messages::list_partition_reassignments_response::{
    ListPartitionReassignmentsResponse, OngoingPartitionReassignment, OngoingTopicReassignment,
};
use types::{ErrorCode, PartitionIndex};

use crate::authorizer::{self, Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::partition_view::ids;

/// Answers from what the controller has committed.
pub(crate) fn handle(controller: &ControllerHandle, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: ListPartitionReassignmentsRequest = exchange::decode(request)?;
    if !authorizer.allows(&request.connection, Operation::Describe, Resource::Cluster) {
        return exchange::answer(&request.header, &denied(body));
    }
    let image = controller.image();
    let found: Vec<_> = match body.topics {
        None => {
            let of_topic =
                |topic: &std::sync::Arc<TopicImage>| ongoing(topic, topic.partitions.keys().copied());
            image.topics.iter().map(of_topic).collect()
        }
        Some(asked) => {
            let known = asked.into_iter().filter_map(|asked| {
                let topic = image.topics.by_name(&asked.name)?;
                Some(ongoing(topic, asked.partition_indexes.into_iter().map(PartitionIndex)))
            });
            known.collect()
        }
    };
    let response = ListPartitionReassignmentsResponse {
        error_message: None,
        topics: found.into_iter().filter(|topic| !topic.partitions.is_empty()).collect(),
        ..Default::default()
    };
    exchange::answer(&request.header, &response)
}

fn ongoing(topic: &TopicImage, partitions: impl Iterator<Item = PartitionIndex>) -> OngoingTopicReassignment {
    let under_way = partitions.filter_map(|index| {
        let partition = topic.partition(index).filter(|partition| partition.is_reassigning())?;
        Some(OngoingPartitionReassignment {
            partition_index: index.0,
            replicas: ids(&partition.replicas),
            adding_replicas: ids(&partition.adding_replicas),
            removing_replicas: ids(&partition.removing_replicas),
            ..Default::default()
        })
    });
    OngoingTopicReassignment {
        name: topic.name.to_string(),
        partitions: under_way.collect(),
        ..Default::default()
    }
}

/// What was asked for comes back without a word about it, as from the oracle.
fn denied(body: ListPartitionReassignmentsRequest) -> ListPartitionReassignmentsResponse {
    let topics = body.topics.unwrap_or_default().into_iter().map(|asked| {
        let partitions = asked
            .partition_indexes
            .into_iter()
            .map(|partition_index| OngoingPartitionReassignment { partition_index, ..Default::default() });
        OngoingTopicReassignment { name: asked.name, partitions: partitions.collect(), ..Default::default() }
    });
    ListPartitionReassignmentsResponse {
        error_code: ErrorCode::ClusterAuthorizationFailed.code(),
        error_message: Some(authorizer::CLUSTER_DENIED.to_owned()),
        topics: topics.collect(),
        ..Default::default()
    }
}
