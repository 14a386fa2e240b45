//! APIs that administer the cluster: its quorum, features, replicas and members.

use protocol::api;
use protocol::messages::alter_partition_reassignments_request::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use protocol::messages::alter_partition_reassignments_response::AlterPartitionReassignmentsResponse;
use protocol::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use protocol::messages::describe_log_dirs_response::DescribeLogDirsResponse;
use protocol::messages::describe_producers_request::{DescribeProducersRequest, TopicRequest};
use protocol::messages::describe_producers_response::DescribeProducersResponse;
use protocol::messages::describe_quorum_request::{self, DescribeQuorumRequest};
use protocol::messages::describe_quorum_response::DescribeQuorumResponse;
use protocol::messages::elect_leaders_request::{ElectLeadersRequest, TopicPartitions};
use protocol::messages::elect_leaders_response::ElectLeadersResponse;
use protocol::messages::list_partition_reassignments_request::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsTopics,
};
use protocol::messages::list_partition_reassignments_response::ListPartitionReassignmentsResponse;
use protocol::messages::unregister_broker_request::UnregisterBrokerRequest;
use protocol::messages::unregister_broker_response::UnregisterBrokerResponse;
use protocol::messages::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};
use protocol::messages::update_features_response::UpdateFeaturesResponse;

use crate::node::TestNode;
use crate::row::{Row, name};

pub fn rows() -> Vec<Row> {
    vec![
        describe_log_dirs()
            .allowed(&["Describe cluster"], "NONE /data t u")
            .denied(&["Describe cluster"], "CLUSTER_AUTHORIZATION_FAILED"),
        describe_producers()
            .allowed(&["Read topic t", "Read topic u"], "t/0 NONE, u/0 NONE")
            .denied(&["Read topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(&["Read topic u"], "t/0 NONE, u/0 TOPIC_AUTHORIZATION_FAILED"),
        describe_quorum()
            .allowed(&["Describe cluster"], "NONE led by 1, voters [1]")
            .denied(&["Describe cluster"], "CLUSTER_AUTHORIZATION_FAILED"),
        update_features()
            .allowed(&["Alter cluster"], "NONE, transaction.version at 1")
            .denied(&["Alter cluster"], "CLUSTER_AUTHORIZATION_FAILED, transaction.version at 2"),
        elect_leaders()
            .allowed(&["Alter cluster"], "NONE t/0 ELECTION_NOT_NEEDED")
            .denied(&["Alter cluster"], "CLUSTER_AUTHORIZATION_FAILED t/0 CLUSTER_AUTHORIZATION_FAILED"),
        alter_partition_reassignments()
            .allowed(&["Alter cluster"], "NONE t/0 NONE")
            .denied(&["Alter cluster"], "CLUSTER_AUTHORIZATION_FAILED t/0 CLUSTER_AUTHORIZATION_FAILED"),
        list_partition_reassignments()
            .allowed(&["Describe cluster"], "NONE")
            .denied(&["Describe cluster"], "CLUSTER_AUTHORIZATION_FAILED t/0"),
        unregister_broker()
            .allowed(&["Alter cluster"], "NONE, 1 is gone")
            .denied(&["Alter cluster"], "CLUSTER_AUTHORIZATION_FAILED, 1 is there"),
    ]
}

fn describe_log_dirs() -> Row {
    let request = |_: &TestNode| DescribeLogDirsRequest { topics: None, ..Default::default() };
    Row::new(api::DESCRIBE_LOG_DIRS, 5, "", request, |_, answer: DescribeLogDirsResponse| {
        let mut told = name(answer.error_code).to_owned();
        for directory in answer.results {
            let topics: Vec<String> = directory.topics.into_iter().map(|topic| topic.name).collect();
            told += &format!(" {} {}", directory.log_dir, topics.join(" "));
        }
        vec![told]
    })
}

fn describe_producers() -> Row {
    let topic =
        |name: &str| TopicRequest { name: name.to_owned(), partition_indexes: vec![0], ..Default::default() };
    let request = move |_: &TestNode| DescribeProducersRequest {
        topics: ["t", "u"].map(topic).into(),
        ..Default::default()
    };
    Row::new(api::DESCRIBE_PRODUCERS, 0, "", request, |_, answer: DescribeProducersResponse| {
        let told = answer.topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|it| format!("{}/{} {}", topic.name, it.partition_index, name(it.error_code)))
        });
        told.collect()
    })
}

fn describe_quorum() -> Row {
    let request = |_: &TestNode| DescribeQuorumRequest {
        topics: vec![describe_quorum_request::TopicData {
            topic_name: "__cluster_metadata".to_owned(),
            partitions: vec![Default::default()],
            ..Default::default()
        }],
        ..Default::default()
    };
    Row::new(api::DESCRIBE_QUORUM, 2, "", request, |_, answer: DescribeQuorumResponse| {
        let mut told = name(answer.error_code).to_owned();
        for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
            let voters: Vec<i32> = partition.current_voters.iter().map(|voter| voter.replica_id).collect();
            told += &format!(" led by {}, voters {voters:?}", partition.leader_id);
        }
        vec![told]
    })
}

fn update_features() -> Row {
    let request = |_: &TestNode| UpdateFeaturesRequest {
        feature_updates: vec![FeatureUpdateKey {
            feature: "transaction.version".to_owned(),
            max_version_level: 1,
            upgrade_type: 2,
            ..Default::default()
        }],
        ..Default::default()
    };
    Row::new(api::UPDATE_FEATURES, 2, "", request, |node, answer: UpdateFeaturesResponse| {
        let level = node.broker().image().features.level("transaction.version");
        vec![format!("{}, transaction.version at {level}", name(answer.error_code))]
    })
}

fn elect_leaders() -> Row {
    let request = |_: &TestNode| ElectLeadersRequest {
        topic_partitions: Some(vec![TopicPartitions {
            topic: "t".to_owned(),
            partitions: vec![0],
            ..Default::default()
        }]),
        ..Default::default()
    };
    Row::new(api::ELECT_LEADERS, 2, "", request, |_, answer: ElectLeadersResponse| {
        let mut told = name(answer.error_code).to_owned();
        for topic in &answer.replica_election_results {
            for it in &topic.partition_result {
                told += &format!(" {}/{} {}", topic.topic, it.partition_id, name(it.error_code));
            }
        }
        vec![told]
    })
}

fn alter_partition_reassignments() -> Row {
    let request = |_: &TestNode| AlterPartitionReassignmentsRequest {
        topics: vec![ReassignableTopic {
            name: "t".to_owned(),
            partitions: vec![ReassignablePartition { replicas: Some(vec![1]), ..Default::default() }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let told = |_: &TestNode, answer: AlterPartitionReassignmentsResponse| {
        let mut told = name(answer.error_code).to_owned();
        for topic in &answer.responses {
            for it in &topic.partitions {
                told += &format!(" {}/{} {}", topic.name, it.partition_index, name(it.error_code));
            }
        }
        vec![told]
    };
    Row::new(api::ALTER_PARTITION_REASSIGNMENTS, 1, "", request, told)
}

fn list_partition_reassignments() -> Row {
    let request = |_: &TestNode| ListPartitionReassignmentsRequest {
        topics: Some(vec![ListPartitionReassignmentsTopics {
            name: "t".to_owned(),
            partition_indexes: vec![0],
            ..Default::default()
        }]),
        ..Default::default()
    };
    let told = |_: &TestNode, answer: ListPartitionReassignmentsResponse| {
        let mut told = name(answer.error_code).to_owned();
        for topic in &answer.topics {
            for it in &topic.partitions {
                told += &format!(" {}/{}", topic.name, it.partition_index);
            }
        }
        vec![told]
    };
    Row::new(api::LIST_PARTITION_REASSIGNMENTS, 0, "", request, told)
}

fn unregister_broker() -> Row {
    let request = |_: &TestNode| UnregisterBrokerRequest { broker_id: 1, ..Default::default() };
    Row::new(api::UNREGISTER_BROKER, 0, "", request, |node, answer: UnregisterBrokerResponse| {
        let is_there = node.broker().image().cluster.brokers().next().is_some();
        let told = if is_there { "there" } else { "gone" };
        vec![format!("{}, 1 is {told}", name(answer.error_code))]
    })
}
