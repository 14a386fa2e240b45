//! APIs of transactions. The transactional id is `x`; its producer 0 has written to no partition yet, and its open
//! transaction holds partition 0 of `t`.

use bytes::Bytes;
use protocol::api;
use protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;
use protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnResponse, AddPartitionsToTxnTopicResult,
};
use protocol::messages::describe_transactions_request::DescribeTransactionsRequest;
use protocol::messages::describe_transactions_response::DescribeTransactionsResponse;
use protocol::messages::end_txn_request::EndTxnRequest;
use protocol::messages::end_txn_response::EndTxnResponse;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::list_transactions_request::ListTransactionsRequest;
use protocol::messages::list_transactions_response::ListTransactionsResponse;
use protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use protocol::messages::produce_response::ProduceResponse;
use protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use protocol::messages::txn_offset_commit_response::TxnOffsetCommitResponse;
use protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic, WriteTxnMarkersRequest,
};
use protocol::messages::write_txn_markers_response::WriteTxnMarkersResponse;
use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::WhyResponse;
use record::{BatchBuilder, BatchOptions};
use types::{ProducerEpoch, ProducerId, Sequence};

use crate::node::TestNode;
use crate::row::{Row, name};

const TOPICS: [&str; 2] = ["t", "u"];
const DENIED: &str = "TRANSACTIONAL_ID_AUTHORIZATION_FAILED";

pub fn rows() -> Vec<Row> {
    let rows = vec![
        init_producer_id()
            .allowed(&["Write transactional id x"], "CONCURRENT_TRANSACTIONS")
            .denied(&["Write transactional id x"], DENIED),
        produce()
            .allowed(&["Write transactional id x", "Write topic t", "Write topic u"], "t/0 NONE, u/0 NONE")
            .denied(
                &["Write transactional id x"],
                "t/0 TRANSACTIONAL_ID_AUTHORIZATION_FAILED, u/0 TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
            )
            .denied(&["Write topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(&["Write topic u"], "t/0 NONE, u/0 TOPIC_AUTHORIZATION_FAILED"),
        add_partitions_of_client()
            .allowed(&["Write transactional id x", "Write topic t", "Write topic u"], "t/0 NONE, u/0 NONE")
            .denied(
                &["Write transactional id x"],
                "t/0 TRANSACTIONAL_ID_AUTHORIZATION_FAILED, u/0 TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
            )
            .denied(&["Write topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 OPERATION_NOT_ATTEMPTED")
            .denied(&["Write topic u"], "t/0 OPERATION_NOT_ATTEMPTED, u/0 TOPIC_AUTHORIZATION_FAILED"),
        add_partitions_of_broker()
            .allowed(&["ClusterAction cluster"], "NONE, x t/0 NONE, x u/0 TRANSACTION_ABORTABLE")
            .denied(&["ClusterAction cluster"], "CLUSTER_AUTHORIZATION_FAILED"),
        add_offsets()
            .allowed(&["Write transactional id x", "Read group g"], "NONE")
            .denied(&["Write transactional id x"], DENIED)
            .denied(&["Read group g"], "GROUP_AUTHORIZATION_FAILED"),
        txn_offset_commit()
            .allowed(
                &["Write transactional id x", "Read group g", "Read topic t", "Read topic u"],
                "t/0 NONE, u/0 NONE",
            )
            .denied(
                &["Write transactional id x"],
                "t/0 TRANSACTIONAL_ID_AUTHORIZATION_FAILED, u/0 TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
            )
            .denied(&["Read group g"], "t/0 GROUP_AUTHORIZATION_FAILED, u/0 GROUP_AUTHORIZATION_FAILED")
            .denied(&["Read topic t"], "t/0 TOPIC_AUTHORIZATION_FAILED, u/0 NONE")
            .denied(&["Read topic u"], "t/0 NONE, u/0 TOPIC_AUTHORIZATION_FAILED"),
        end_txn()
            .allowed(&["Write transactional id x"], "NONE")
            .denied(&["Write transactional id x"], DENIED),
        // Either operation is enough.
        write_txn_markers()
            .allowed(&["Alter cluster"], "t/0 NONE, u/0 NONE")
            .denied(&["Alter cluster"], "t/0 NONE, u/0 NONE")
            .denied(
                &["Alter cluster", "ClusterAction cluster"],
                "t/0 CLUSTER_AUTHORIZATION_FAILED, u/0 CLUSTER_AUTHORIZATION_FAILED",
            ),
        describe_transactions()
            .allowed(&["Describe transactional id x", "Describe topic t"], "x NONE with t")
            .denied(&["Describe transactional id x"], "x TRANSACTIONAL_ID_AUTHORIZATION_FAILED")
            .denied(&["Describe topic t"], "x NONE"),
        list_transactions()
            .allowed(&["Describe transactional id x"], "NONE, x")
            .denied(&["Describe transactional id x"], "NONE"),
        why()
            .allowed(&["Describe transactional id x", "Describe topic t"], "NONE, in it: t-0")
            .denied(&["Describe transactional id x"], DENIED)
            .denied(&["Describe topic t"], "NONE"),
    ];
    rows.into_iter().map(Row::with_transactions).collect()
}

fn why() -> Row {
    let transactional_id = 2;
    let request = move |_: &TestNode| WhyRequest {
        subject_type: transactional_id,
        name: "x".to_owned(),
        ..Default::default()
    };
    Row::new(api::private::WHY, 0, "of a transactional id", request, |_, answer: WhyResponse| {
        let evidence = answer.waits.into_iter().flat_map(|wait| wait.evidence);
        let partitions = evidence.filter(|text| text.starts_with("in it: "));
        std::iter::once(name(answer.error_code).to_owned()).chain(partitions).collect()
    })
}

fn init_producer_id() -> Row {
    let request = |_: &TestNode| InitProducerIdRequest {
        transactional_id: Some("x".to_owned()),
        transaction_timeout_ms: 60_000,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    Row::new(
        api::INIT_PRODUCER_ID,
        5,
        "with a transactional id",
        request,
        |_, answer: InitProducerIdResponse| vec![name(answer.error_code).to_owned()],
    )
}

fn produce() -> Row {
    let request = |_: &TestNode| {
        let topic = |topic: &str| TopicProduceData {
            name: topic.to_owned(),
            partition_data: vec![PartitionProduceData {
                index: 0,
                records: Some(one_record()),
                ..Default::default()
            }],
            ..Default::default()
        };
        ProduceRequest {
            transactional_id: Some("x".to_owned()),
            acks: -1,
            timeout_ms: 1_000,
            topic_data: TOPICS.map(topic).into(),
            ..Default::default()
        }
    };
    Row::new(api::PRODUCE, 12, "in a transaction", request, |_, answer: ProduceResponse| {
        let partitions = answer.responses.iter().flat_map(|topic| {
            let partitions = topic.partition_responses.iter();
            partitions.map(|it| format!("{}/{} {}", topic.name, it.index, name(it.error_code)))
        });
        partitions.collect()
    })
}

fn one_record() -> Bytes {
    let options = BatchOptions {
        producer_id: ProducerId(0),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(0),
        transactional: true,
        ..Default::default()
    };
    let mut builder = BatchBuilder::new(options).expect("no options are wrong");
    builder.append(1_795_253_500_000, None, Some(b"value"), &[]).expect("a small record fits a batch");
    builder.build().expect("memory takes the batch").expect("there is a record")
}

fn topics() -> Vec<AddPartitionsToTxnTopic> {
    let topic = |name: &str| AddPartitionsToTxnTopic {
        name: name.to_owned(),
        partitions: vec![0],
        ..Default::default()
    };
    TOPICS.map(topic).into()
}

fn by_topic(topics: &[AddPartitionsToTxnTopicResult]) -> Vec<String> {
    let partitions = topics.iter().flat_map(|topic| {
        let partitions = topic.results_by_partition.iter();
        partitions
            .map(|it| format!("{}/{} {}", topic.name, it.partition_index, name(it.partition_error_code)))
    });
    partitions.collect()
}

fn add_partitions_of_client() -> Row {
    let request = |_: &TestNode| AddPartitionsToTxnRequest {
        v3_and_below_transactional_id: "x".to_owned(),
        v3_and_below_producer_id: 0,
        v3_and_below_producer_epoch: 0,
        v3_and_below_topics: topics(),
        ..Default::default()
    };
    Row::new(
        api::ADD_PARTITIONS_TO_TXN,
        3,
        "of a client",
        request,
        |_, answer: AddPartitionsToTxnResponse| by_topic(&answer.results_by_topic_v3_and_below),
    )
}

fn add_partitions_of_broker() -> Row {
    let request = |_: &TestNode| AddPartitionsToTxnRequest {
        transactions: vec![AddPartitionsToTxnTransaction {
            transactional_id: "x".to_owned(),
            producer_id: 0,
            producer_epoch: 0,
            verify_only: true,
            topics: topics(),
            ..Default::default()
        }],
        ..Default::default()
    };
    Row::new(
        api::ADD_PARTITIONS_TO_TXN,
        5,
        "of a broker",
        request,
        |_, answer: AddPartitionsToTxnResponse| {
            let transactions = answer.results_by_transaction.iter().flat_map(|transaction| {
                let partitions = by_topic(&transaction.topic_results).into_iter();
                partitions.map(|partition| format!("{} {partition}", transaction.transactional_id))
            });
            [name(answer.error_code).to_owned()].into_iter().chain(transactions).collect()
        },
    )
}

fn add_offsets() -> Row {
    let request = |_: &TestNode| AddOffsetsToTxnRequest {
        transactional_id: "x".to_owned(),
        producer_id: 0,
        producer_epoch: 0,
        group_id: "g".to_owned(),
        ..Default::default()
    };
    Row::new(api::ADD_OFFSETS_TO_TXN, 4, "", request, |_, answer: AddOffsetsToTxnResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn txn_offset_commit() -> Row {
    let topic = |name: &str| TxnOffsetCommitRequestTopic {
        name: name.to_owned(),
        partitions: vec![TxnOffsetCommitRequestPartition { committed_offset: 1, ..Default::default() }],
        ..Default::default()
    };
    let request = move |_: &TestNode| TxnOffsetCommitRequest {
        transactional_id: "x".to_owned(),
        group_id: "g".to_owned(),
        producer_id: 0,
        producer_epoch: 0,
        generation_id: -1,
        topics: TOPICS.map(topic).into(),
        ..Default::default()
    };
    Row::new(api::TXN_OFFSET_COMMIT, 5, "", request, |_, answer: TxnOffsetCommitResponse| {
        let partitions = answer.topics.iter().flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|it| format!("{}/{} {}", topic.name, it.partition_index, name(it.error_code)))
        });
        partitions.collect()
    })
    .with_groups()
}

fn end_txn() -> Row {
    let request = |_: &TestNode| EndTxnRequest {
        transactional_id: "x".to_owned(),
        producer_id: 0,
        producer_epoch: 0,
        committed: true,
        ..Default::default()
    };
    Row::new(api::END_TXN, 5, "", request, |_, answer: EndTxnResponse| {
        vec![name(answer.error_code).to_owned()]
    })
}

fn write_txn_markers() -> Row {
    let topic = |name: &str| WritableTxnMarkerTopic {
        name: name.to_owned(),
        partition_indexes: vec![0],
        ..Default::default()
    };
    let request = move |_: &TestNode| WriteTxnMarkersRequest {
        markers: vec![WritableTxnMarker {
            producer_id: 0,
            producer_epoch: 1,
            topics: TOPICS.map(topic).into(),
            transaction_version: 2,
            ..Default::default()
        }],
        ..Default::default()
    };
    Row::new(api::WRITE_TXN_MARKERS, 2, "", request, |_, answer: WriteTxnMarkersResponse| {
        let topics = answer.markers.iter().flat_map(|marker| &marker.topics);
        let partitions = topics.flat_map(|topic| {
            let partitions = topic.partitions.iter();
            partitions.map(|it| format!("{}/{} {}", topic.name, it.partition_index, name(it.error_code)))
        });
        partitions.collect()
    })
}

fn describe_transactions() -> Row {
    let request = |_: &TestNode| DescribeTransactionsRequest {
        transactional_ids: vec!["x".to_owned()],
        ..Default::default()
    };
    Row::new(api::DESCRIBE_TRANSACTIONS, 0, "", request, |_, answer: DescribeTransactionsResponse| {
        let told = answer.transaction_states.iter().map(|it| {
            let topics: String = it.topics.iter().map(|topic| format!(" with {}", topic.topic)).collect();
            format!("{} {}{topics}", it.transactional_id, name(it.error_code))
        });
        told.collect()
    })
}

fn list_transactions() -> Row {
    let request = |_: &TestNode| ListTransactionsRequest { duration_filter: -1, ..Default::default() };
    Row::new(api::LIST_TRANSACTIONS, 2, "", request, |_, answer: ListTransactionsResponse| {
        let ids = answer.transaction_states.iter().map(|it| it.transactional_id.clone());
        [name(answer.error_code).to_owned()].into_iter().chain(ids).collect()
    })
}
