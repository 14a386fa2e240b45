//! APIs that make, change, describe and delete topics.

use protocol::api;
use protocol::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};
use protocol::messages::create_partitions_response::CreatePartitionsResponse;
use protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use protocol::messages::create_topics_response::CreateTopicsResponse;
use protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use protocol::messages::delete_topics_response::DeleteTopicsResponse;
use protocol::messages::describe_topic_partitions_request::{DescribeTopicPartitionsRequest, TopicRequest};
use protocol::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponse;
use protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use protocol::messages::metadata_response::MetadataResponse;
use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::WhyResponse;
use types::Uuid;

use crate::node::TestNode;
use crate::row::{Row, name};

pub fn rows() -> Vec<Row> {
    let mut rows = metadata_rows();
    rows.extend([
        create_topics()
            .allowed(
                &["Create cluster", "DescribeConfigs topic n", "DescribeConfigs topic o"],
                "n NONE configs NONE, o NONE configs NONE",
            )
            .denied(&["Create cluster"], "n NONE configs NONE, o NONE configs NONE")
            .denied(
                &["Create cluster", "Create topic n"],
                "n TOPIC_AUTHORIZATION_FAILED configs NONE, o NONE configs NONE",
            )
            .denied(
                &["DescribeConfigs topic n"],
                "n NONE configs TOPIC_AUTHORIZATION_FAILED, o NONE configs NONE",
            )
            .denied(
                &["DescribeConfigs topic o"],
                "n NONE configs NONE, o NONE configs TOPIC_AUTHORIZATION_FAILED",
            ),
        delete_topics("by name", false)
            .allowed(&["Delete cluster"], "t NONE, u NONE")
            .denied(&["Delete cluster"], "t NONE, u NONE")
            .denied(&["Delete cluster", "Delete topic t"], "t TOPIC_AUTHORIZATION_FAILED, u NONE")
            .denied(&["Delete cluster", "Describe topic t"], "t TOPIC_AUTHORIZATION_FAILED, u NONE"),
        // An id is given a name only for those who may know it.
        delete_topics("by id", true)
            .allowed(&["Delete cluster"], "t NONE, u NONE")
            .denied(&["Delete cluster"], "t NONE, u NONE")
            .denied(&["Delete cluster", "Delete topic t"], "t TOPIC_AUTHORIZATION_FAILED, u NONE")
            .denied(
                &["Delete cluster", "Delete topic t", "Describe topic t"],
                "id of t TOPIC_AUTHORIZATION_FAILED, u NONE",
            ),
        why()
            .allowed(&["Describe topic t"], "NONE")
            .denied(&["Describe topic t"], "TOPIC_AUTHORIZATION_FAILED"),
        create_partitions()
            .allowed(&["Alter topic t", "Alter topic u"], "t NONE, u NONE")
            .denied(&["Alter topic t"], "t TOPIC_AUTHORIZATION_FAILED, u NONE")
            .denied(&["Alter topic u"], "t NONE, u TOPIC_AUTHORIZATION_FAILED"),
        // What may be done to a topic is told even of one that does not exist.
        describe_topic_partitions("by name", &["t", "n"])
            .allowed(
                &["Describe topic t", "Describe topic n"],
                "n UNKNOWN_TOPIC_OR_PARTITION may 0xdf8, t NONE may 0xdf8",
            )
            .and_operations_of("topic t")
            .and_operations_of("topic n")
            .denied(
                &["Describe topic t"],
                "n UNKNOWN_TOPIC_OR_PARTITION may 0xdf8, t TOPIC_AUTHORIZATION_FAILED may nothing told",
            )
            .denied(&["Describe topic n"], "n TOPIC_AUTHORIZATION_FAILED may nothing told, t NONE may 0xdf8")
            .denied(&["Alter topic t"], "n UNKNOWN_TOPIC_OR_PARTITION may 0xdf8, t NONE may 0xd78"),
        describe_topic_partitions("all", &[])
            .allowed(&["Describe topic t", "Describe topic u"], "t NONE may 0xdf8, u NONE may 0xdf8")
            .and_operations_of("topic t")
            .and_operations_of("topic u")
            .denied(&["Describe topic t"], "u NONE may 0xdf8")
            .denied(&["Describe topic u"], "t NONE may 0xdf8"),
    ]);
    rows
}

fn metadata_rows() -> Vec<Row> {
    vec![
        metadata(13, "by name", Asked::Names(&["t", "u"]))
            .allowed(&["Describe topic t", "Describe topic u"], "t NONE, u NONE")
            .denied(&["Describe topic t"], "t TOPIC_AUTHORIZATION_FAILED, u NONE")
            .denied(&["Describe topic u"], "t NONE, u TOPIC_AUTHORIZATION_FAILED"),
        metadata(13, "by id", Asked::Ids(&["t", "u"]))
            .allowed(&["Describe topic t", "Describe topic u"], "t NONE, u NONE")
            .denied(&["Describe topic t"], "id of t TOPIC_AUTHORIZATION_FAILED, u NONE")
            .denied(&["Describe topic u"], "id of u TOPIC_AUTHORIZATION_FAILED, t NONE"),
        // A topic that may not be described is none of those there are.
        metadata(13, "all", Asked::All)
            .allowed(&["Describe topic t", "Describe topic u"], "t NONE, u NONE")
            .denied(&["Describe topic t"], "u NONE")
            .denied(&["Describe topic u"], "t NONE"),
        metadata(13, "of a topic to be made", Asked::Names(&["n"]))
            .allowed(&["Describe topic n", "Create cluster"], "n NONE")
            .denied(&["Describe topic n"], "n TOPIC_AUTHORIZATION_FAILED")
            .denied(&["Create cluster"], "n NONE")
            .denied(&["Create cluster", "Create topic n"], "n TOPIC_AUTHORIZATION_FAILED"),
        metadata(10, "with operations", Asked::Operations(&["t"]))
            .allowed(&["Describe topic t", "Describe cluster"], "cluster may 0x1fa0, t NONE may 0xdf8")
            .and_operations_of("topic t")
            .and_operations_of("cluster")
            .denied(
                &["Describe topic t"],
                "cluster may 0x1fa0, t TOPIC_AUTHORIZATION_FAILED may nothing told",
            )
            .denied(&["Describe cluster"], "cluster may 0x0, t NONE may 0xdf8")
            .denied(&["Alter cluster"], "cluster may 0x1f20, t NONE may 0xdf8"),
    ]
}

/// Which topics Metadata is asked for.
#[derive(Clone, Copy)]
enum Asked {
    All,
    Names(&'static [&'static str]),
    Ids(&'static [&'static str]),
    /// By name, with what may be done to them and to the cluster.
    Operations(&'static [&'static str]),
}

fn metadata(version: i16, what: &'static str, asked: Asked) -> Row {
    let with_operations = matches!(asked, Asked::Operations(_));
    let request = move |node: &TestNode| {
        let by_name =
            |name: &&str| MetadataRequestTopic { name: Some((*name).to_owned()), ..Default::default() };
        let by_id = |name: &&str| MetadataRequestTopic {
            name: None,
            topic_id: node.topic_id(name),
            ..Default::default()
        };
        let topics = match asked {
            Asked::All => None,
            Asked::Names(names) | Asked::Operations(names) => Some(names.iter().map(by_name).collect()),
            Asked::Ids(names) => Some(names.iter().map(by_id).collect()),
        };
        MetadataRequest {
            topics,
            allow_auto_topic_creation: true,
            include_topic_authorized_operations: with_operations,
            include_cluster_authorized_operations: with_operations,
            ..Default::default()
        }
    };
    Row::new(api::METADATA, version, what, request, move |node, answer: MetadataResponse| {
        let topics = answer.topics.iter().map(|it| {
            let called = node.called(it.name.as_deref(), it.topic_id);
            let topic = format!("{called} {}", name(it.error_code));
            match with_operations {
                true => format!("{topic} may {}", operations(it.topic_authorized_operations)),
                false => topic,
            }
        });
        let cluster = with_operations
            .then(|| format!("cluster may {}", operations(answer.cluster_authorized_operations)));
        topics.chain(cluster).collect()
    })
}

fn create_topics() -> Row {
    let topic = |name: &str| CreatableTopic {
        name: name.to_owned(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let request = move |_: &TestNode| CreateTopicsRequest {
        topics: ["n", "o"].map(topic).into(),
        timeout_ms: 1_000,
        ..Default::default()
    };
    Row::new(api::CREATE_TOPICS, 7, "", request, |_, answer: CreateTopicsResponse| {
        let told = answer.topics.iter().map(|it| {
            format!("{} {} configs {}", it.name, name(it.error_code), name(it.topic_config_error_code))
        });
        told.collect()
    })
}

fn delete_topics(what: &'static str, is_by_id: bool) -> Row {
    let request = move |node: &TestNode| {
        let topic = |name: &str| DeleteTopicState {
            name: (!is_by_id).then(|| name.to_owned()),
            topic_id: if is_by_id { node.topic_id(name) } else { Uuid::ZERO },
            ..Default::default()
        };
        DeleteTopicsRequest { topics: ["t", "u"].map(topic).into(), timeout_ms: 1_000, ..Default::default() }
    };
    Row::new(api::DELETE_TOPICS, 6, what, request, |node, answer: DeleteTopicsResponse| {
        let told = answer
            .responses
            .iter()
            .map(|it| format!("{} {}", node.called(it.name.as_deref(), it.topic_id), name(it.error_code)));
        told.collect()
    })
}

fn create_partitions() -> Row {
    let topic = |name: &str| CreatePartitionsTopic {
        name: name.to_owned(),
        count: 2,
        assignments: None,
        ..Default::default()
    };
    let request = move |_: &TestNode| CreatePartitionsRequest {
        topics: ["t", "u"].map(topic).into(),
        timeout_ms: 1_000,
        ..Default::default()
    };
    Row::new(api::CREATE_PARTITIONS, 3, "", request, |_, answer: CreatePartitionsResponse| {
        answer.results.iter().map(|it| format!("{} {}", it.name, name(it.error_code))).collect()
    })
}

fn describe_topic_partitions(what: &'static str, topics: &'static [&'static str]) -> Row {
    let request = move |_: &TestNode| DescribeTopicPartitionsRequest {
        topics: topics
            .iter()
            .map(|name| TopicRequest { name: (*name).to_owned(), ..Default::default() })
            .collect(),
        response_partition_limit: 100,
        ..Default::default()
    };
    Row::new(
        api::DESCRIBE_TOPIC_PARTITIONS,
        0,
        what,
        request,
        |_, answer: DescribeTopicPartitionsResponse| {
            let told = answer.topics.iter().map(|it| {
                let called = it.name.as_deref().unwrap_or_default();
                let may = operations(it.topic_authorized_operations);
                format!("{called} {} may {may}", name(it.error_code))
            });
            told.collect()
        },
    )
}

/// A set of operations by number; the smallest int says that nobody looked.
pub fn operations(bits: i32) -> String {
    match bits {
        i32::MIN => "nothing told".to_owned(),
        bits => format!("{bits:#x}"),
    }
}

fn why() -> Row {
    let request = |_: &TestNode| WhyRequest {
        subject_type: 1,
        name: "t".to_owned(),
        partition: 0,
        ..Default::default()
    };
    Row::new(api::private::WHY, 0, "of a partition", request, |_, answer: WhyResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}
