//! APIs that read, write and delete records, or tell where they are.

use bytes::Bytes;
use protocol::api;
use protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use protocol::messages::delete_records_response::DeleteRecordsResponse;
use protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic, ReplicaState};
use protocol::messages::fetch_response::FetchResponse;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};
use protocol::messages::list_offsets_response::ListOffsetsResponse;
use protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use protocol::messages::offset_for_leader_epoch_response::OffsetForLeaderEpochResponse;
use protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use protocol::messages::produce_response::ProduceResponse;
use record::{BatchBuilder, BatchOptions};
use types::Uuid;

use crate::node::TestNode;
use crate::row::{Row, name};

const TOPICS: [&str; 2] = ["t", "u"];

pub fn rows() -> Vec<Row> {
    vec![
        produce(12, "by name")
            .allowed(&["Write topic t", "Write topic u"], "t/0 NONE, u/0 NONE")
            .denied(&["Write topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(&["Write topic u"], "t/0 NONE, u/0 TOPIC_AUTHORIZATION_FAILED"),
        produce(13, "by id")
            .allowed(&["Write topic t", "Write topic u"], "id of t/0 NONE, id of u/0 NONE")
            .denied(&["Write topic t"], "id of t/0 TOPIC_AUTHORIZATION_FAILED, id of u/0 NONE")
            .denied(&["Write topic u"], "id of t/0 NONE, id of u/0 TOPIC_AUTHORIZATION_FAILED"),
        fetch(12, "by name", -1)
            .allowed(&["Read topic t", "Read topic u"], "t/0 NONE, u/0 NONE")
            .denied(&["Read topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(
                &["Read topic t", "Read topic u"],
                "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 TOPIC_AUTHORIZATION_FAILED",
            ),
        fetch(18, "by id", -1)
            .allowed(&["Read topic t", "Read topic u"], "id of t/0 NONE, id of u/0 NONE")
            .denied(&["Read topic t"], "id of t/0 TOPIC_AUTHORIZATION_FAILED, id of u/0 NONE")
            .denied(&["Read topic u"], "id of t/0 NONE, id of u/0 TOPIC_AUTHORIZATION_FAILED"),
        // No replica of a cluster of one is anybody else's.
        fetch(18, "as a replica", 2)
            .allowed(
                &["ClusterAction cluster"],
                "id of t/0 NOT_LEADER_OR_FOLLOWER, id of u/0 NOT_LEADER_OR_FOLLOWER",
            )
            .denied(
                &["ClusterAction cluster"],
                "id of t/0 TOPIC_AUTHORIZATION_FAILED, id of u/0 TOPIC_AUTHORIZATION_FAILED",
            ),
        list_offsets()
            .allowed(&["Describe topic t", "Describe topic u"], "t/0 NONE, u/0 NONE")
            .denied(&["Describe topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(&["Describe topic u"], "t/0 NONE, u/0 TOPIC_AUTHORIZATION_FAILED"),
        delete_records()
            .allowed(&["Delete topic t", "Delete topic u"], "t/0 NONE, u/0 NONE")
            .denied(&["Delete topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(&["Delete topic u"], "t/0 NONE, u/0 TOPIC_AUTHORIZATION_FAILED"),
        // Who may act for the cluster needs no more; everybody else is asked for each topic.
        offset_for_leader_epoch()
            .allowed(&["ClusterAction cluster"], "t/0 NONE, u/0 NONE")
            .denied(&["ClusterAction cluster"], "t/0 NONE, u/0 NONE")
            .denied(
                &["ClusterAction cluster", "Describe topic t"],
                "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE",
            ),
        init_producer_id()
            .allowed(&["IdempotentWrite cluster"], "NONE")
            .denied(&["IdempotentWrite cluster"], "NONE")
            .denied(&["IdempotentWrite cluster", "Write any topic"], "CLUSTER_AUTHORIZATION_FAILED"),
    ]
}

fn produce(version: i16, what: &'static str) -> Row {
    let request = move |node: &TestNode| {
        let topic = |topic: &str| TopicProduceData {
            name: if version < 13 { topic.to_owned() } else { String::new() },
            topic_id: if version < 13 { Uuid::ZERO } else { node.topic_id(topic) },
            partition_data: vec![PartitionProduceData {
                index: 0,
                records: Some(one_record()),
                ..Default::default()
            }],
            ..Default::default()
        };
        ProduceRequest {
            acks: -1,
            timeout_ms: 1_000,
            topic_data: TOPICS.map(topic).into(),
            ..Default::default()
        }
    };
    Row::new(api::PRODUCE, version, what, request, |node, answer: ProduceResponse| {
        let partitions = answer.responses.iter().flat_map(|topic| {
            let called = node.called(Some(&topic.name), topic.topic_id);
            let partitions = topic.partition_responses.iter();
            partitions.map(move |it| format!("{called}/{} {}", it.index, name(it.error_code)))
        });
        partitions.collect()
    })
}

fn one_record() -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default()).expect("no options are wrong");
    builder.append(1_795_253_500_000, None, Some(b"value"), &[]).expect("a small record fits a batch");
    builder.build().expect("memory takes the batch").expect("there is a record")
}

fn fetch(version: i16, what: &'static str, replica: i32) -> Row {
    let request = move |node: &TestNode| {
        let topic = |topic: &str| FetchTopic {
            topic: if version < 13 { topic.to_owned() } else { String::new() },
            topic_id: if version < 13 { Uuid::ZERO } else { node.topic_id(topic) },
            partitions: vec![FetchPartition { partition_max_bytes: 1_000, ..Default::default() }],
            ..Default::default()
        };
        FetchRequest {
            replica_state: ReplicaState { replica_id: replica, ..Default::default() },
            topics: TOPICS.map(topic).into(),
            ..Default::default()
        }
    };
    Row::new(api::FETCH, version, what, request, |node, answer: FetchResponse| {
        let partitions = answer.responses.iter().flat_map(|topic| {
            let called = node.called(Some(&topic.topic), topic.topic_id);
            let partitions = topic.partitions.iter();
            partitions.map(move |it| format!("{called}/{} {}", it.partition_index, name(it.error_code)))
        });
        partitions.collect()
    })
}

fn list_offsets() -> Row {
    let topic = |name: &str| ListOffsetsTopic {
        name: name.to_owned(),
        partitions: vec![ListOffsetsPartition { timestamp: -1, ..Default::default() }],
        ..Default::default()
    };
    let request = move |_: &TestNode| ListOffsetsRequest {
        replica_id: -1,
        topics: TOPICS.map(topic).into(),
        ..Default::default()
    };
    Row::new(api::LIST_OFFSETS, 11, "", request, |_, answer: ListOffsetsResponse| {
        let partitions = answer.topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|it| format!("{}/{} {}", topic.name, it.partition_index, name(it.error_code)))
        });
        partitions.collect()
    })
}

fn delete_records() -> Row {
    let topic = |name: &str| DeleteRecordsTopic {
        name: name.to_owned(),
        partitions: vec![DeleteRecordsPartition { offset: -1, ..Default::default() }],
        ..Default::default()
    };
    let request =
        move |_: &TestNode| DeleteRecordsRequest { topics: TOPICS.map(topic).into(), ..Default::default() };
    Row::new(api::DELETE_RECORDS, 2, "", request, |_, answer: DeleteRecordsResponse| {
        let partitions = answer.topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|it| format!("{}/{} {}", topic.name, it.partition_index, name(it.error_code)))
        });
        partitions.collect()
    })
}

fn offset_for_leader_epoch() -> Row {
    let topic = |name: &str| OffsetForLeaderTopic {
        topic: name.to_owned(),
        partitions: vec![OffsetForLeaderPartition { leader_epoch: 0, ..Default::default() }],
        ..Default::default()
    };
    let request = move |_: &TestNode| OffsetForLeaderEpochRequest {
        replica_id: -1,
        topics: TOPICS.map(topic).into(),
        ..Default::default()
    };
    Row::new(api::OFFSET_FOR_LEADER_EPOCH, 4, "", request, |_, answer: OffsetForLeaderEpochResponse| {
        let partitions = answer.topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|it| format!("{}/{} {}", topic.topic, it.partition, name(it.error_code)))
        });
        partitions.collect()
    })
}

fn init_producer_id() -> Row {
    let request = |_: &TestNode| InitProducerIdRequest {
        transactional_id: None,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    Row::new(api::INIT_PRODUCER_ID, 5, "", request, |_, answer: InitProducerIdResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}
