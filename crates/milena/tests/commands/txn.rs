//! `milena txn` and `milena why txn`.

use protocol::api;
use protocol::messages::add_partitions_to_txn_request::{AddPartitionsToTxnRequest, AddPartitionsToTxnTopic};
use protocol::messages::add_partitions_to_txn_response::AddPartitionsToTxnResponse;
use protocol::messages::end_txn_request::EndTxnRequest;
use protocol::messages::end_txn_response::EndTxnResponse;
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use protocol::messages::produce_response::ProduceResponse;
use record::{BatchBuilder, BatchOptions};
use serde_json::json;
use types::{ErrorCode, ProducerEpoch, ProducerId, Sequence};

use crate::node::Node;
use crate::wire::Wire;

/// A transactional producer of the oldest kind that every broker still knows: it says what joins its transaction.
struct Producer {
    wire: Wire,
    transactional_id: String,
    id: i64,
    epoch: i16,
}

impl Producer {
    /// Under an id that the coordinator gives.
    fn new(node: &Node, transactional_id: &str) -> Self {
        let mut producer = Self::unknown(node, transactional_id, -1);
        let find = FindCoordinatorRequest {
            key: transactional_id.to_owned(),
            key_type: 1,
            ..FindCoordinatorRequest::default()
        };
        let init = InitProducerIdRequest {
            transactional_id: Some(transactional_id.to_owned()),
            transaction_timeout_ms: 60_000,
            ..InitProducerIdRequest::default()
        };
        loop {
            // The first who looks for a coordinator has its topic made.
            let found: FindCoordinatorResponse = producer.wire.ask(api::FIND_COORDINATOR, 3, &find);
            if found.error_code != 0 {
                assert_eq!(found.error_code, ErrorCode::CoordinatorNotAvailable.code());
                continue;
            }
            let told: InitProducerIdResponse = producer.wire.ask(api::INIT_PRODUCER_ID, 4, &init);
            if told.error_code == 0 {
                (producer.id, producer.epoch) = (told.producer_id, told.producer_epoch);
                return producer;
            }
            let passing = [ErrorCode::CoordinatorLoadInProgress, ErrorCode::NotCoordinator];
            assert!(passing.map(ErrorCode::code).contains(&told.error_code), "{told:?}");
        }
    }

    /// Of whom no coordinator has heard.
    fn unknown(node: &Node, transactional_id: &str, id: i64) -> Self {
        let wire = Wire::to(&node.bootstrap);
        Self { wire, transactional_id: transactional_id.to_owned(), id, epoch: 0 }
    }

    fn add(&mut self, partitions: &[i32]) {
        let topic = AddPartitionsToTxnTopic {
            name: "t".to_owned(),
            partitions: partitions.to_vec(),
            ..AddPartitionsToTxnTopic::default()
        };
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.transactional_id.clone(),
            v3_and_below_producer_id: self.id,
            v3_and_below_producer_epoch: self.epoch,
            v3_and_below_topics: vec![topic],
            ..AddPartitionsToTxnRequest::default()
        };
        let told: AddPartitionsToTxnResponse = self.wire.ask(api::ADD_PARTITIONS_TO_TXN, 3, &request);
        let added = told.results_by_topic_v3_and_below.iter().flat_map(|it| &it.results_by_partition);
        assert_eq!(added.map(|it| it.partition_error_code).collect::<Vec<_>>(), vec![0; partitions.len()]);
    }

    fn produce(&mut self, partition: i32) {
        let mut builder = BatchBuilder::new(BatchOptions {
            producer_id: ProducerId(self.id),
            producer_epoch: ProducerEpoch(self.epoch),
            base_sequence: Sequence(0),
            transactional: true,
            ..BatchOptions::default()
        })
        .expect("uncompressed");
        builder.append(1_700_000_000_000, None, Some(b"value"), &[]).expect("small");
        let batch = builder.build().expect("small").expect("not empty");
        let data = PartitionProduceData {
            index: partition,
            records: Some(batch),
            ..PartitionProduceData::default()
        };
        let topic = TopicProduceData {
            name: "t".to_owned(),
            partition_data: vec![data],
            ..TopicProduceData::default()
        };
        let request = ProduceRequest {
            transactional_id: Some(self.transactional_id.clone()),
            acks: -1,
            timeout_ms: 5_000,
            topic_data: vec![topic],
            ..ProduceRequest::default()
        };
        let told: ProduceResponse = self.wire.ask(api::PRODUCE, 9, &request);
        assert_eq!(told.responses[0].partition_responses[0].error_code, 0, "{told:?}");
    }

    fn end(&mut self, committed: bool) {
        let request = EndTxnRequest {
            transactional_id: self.transactional_id.clone(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed,
            ..EndTxnRequest::default()
        };
        let told: EndTxnResponse = self.wire.ask(api::END_TXN, 3, &request);
        assert_eq!(told.error_code, 0);
    }
}

#[test]
fn transactions_are_listed_described_and_explained() {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "2"]);
    node.refused(&["txn", "describe", "app-1"], 3, "the transactional id app-1 does not exist");
    let mut first = Producer::new(&node, "app-1");
    let second = Producer::new(&node, "app-2");
    first.add(&[0, 1]);
    let list = |words: &[&str]| node.done(&[&["txn", "list", "-o", "name"], words].concat());
    assert_eq!(list(&[]), "app-1\napp-2\n");
    assert_eq!(list(&["--state", "Ongoing"]), "app-1\n");
    assert_eq!(list(&["--producer", &second.id.to_string()]), "app-2\n");
    assert_eq!(list(&["--pattern", "app-[2-9]"]), "app-2\n");
    assert_eq!(list(&["--longer-than", "1h"]), "app-2\n", "it never began one, and Kafka lists it as well");
    assert_eq!(list(&["p-1"]), "app-1\n");
    node.refused(&["txn", "list", "--pattern", "("], 4, "INVALID_REGULAR_EXPRESSION");
    let described = node.answer(&["txn", "describe", "app-1"]);
    let [described] = &described.as_array().expect("a list")[..] else { panic!("{described}") };
    assert_eq!(described["state"], "Ongoing");
    assert_eq!((&described["producer_id"], &described["timeout_ms"]), (&json!(first.id), &json!(60_000)));
    let partitions = json!([{"topic": "t", "partition": 0}, {"topic": "t", "partition": 1}]);
    assert_eq!(described["partitions"], partitions);
    node.refused(&["txn", "describe", "app-9"], 3, "did you mean app-1?");

    let why = node.answer(&["why", "txn", "app-1"]);
    assert_eq!(
        (&why["subject"], &why["facts"]["state"]),
        (&json!("transactional id app-1"), &json!("Ongoing"))
    );
    assert_eq!(why["waits"][0]["code"], "transaction.open");
    assert_eq!(why["waits"][0]["evidence"][1], "in it: t-0");
    node.refused(&["why", "txn", "nobody"], 3, "the transactional id nobody does not exist");

    first.end(true);
    while list(&["--state", "CompleteCommit"]) != "app-1\n" {
        // The answer comes with the decision, its markers soon after.
        assert_eq!(list(&["--state", "PrepareCommit,CompleteCommit"]), "app-1\n");
    }
    assert_eq!(node.answer(&["why", "txn", "app-1"])["waits"], json!([]));
}

#[test]
fn what_ends_in_markers_and_aborted_records_is_read_to_its_end() {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "2"]);
    let mut producer = Producer::new(&node, "app");
    for (partition, committed) in [(0, true), (1, false)] {
        producer.add(&[partition]);
        producer.produce(partition);
        producer.end(committed);
        let ending = ["txn", "list", "--state", "PrepareCommit,PrepareAbort", "-o", "name"];
        while !node.done(&ending).is_empty() {}
    }
    let read = ["consume", "t", "--from-beginning", "--exit-at-end", "--read-committed"];
    assert_eq!(node.done(&read), "value\n");
    assert_eq!(node.done(&[&read[..], &["--group", "g"]].concat()), "value\n");
    assert_eq!(node.done(&read[..4]), "value\nvalue\n");
}

#[test]
fn a_transaction_that_no_coordinator_knows_is_found_and_aborted() {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "2"]);
    let mut known = Producer::new(&node, "known");
    known.add(&[0]);
    known.produce(0);
    let find = [
        "txn",
        "find-hanging",
        "t",
        "--silent-for",
        "0",
        "-o",
        "template={name} {start_offset} {producer_id}",
    ];
    assert_eq!(node.done(&find), "", "its coordinator will end it");
    // As before Kafka 3.6: a late request begins a transaction that is over.
    node.done(&["config", "set", "broker", "1", "transaction.partition.verification.enable=false"]);
    Producer::unknown(&node, "ghost", 4_711).produce(1);
    assert_eq!(node.done(&find), "t-1 0 4711\n");
    let abort = ["txn", "abort", "t-1", "--start-offset"];
    node.refused(&[&abort[..], &["7"]].concat(), 3, "no transaction that is open in t-1 begins at 7");
    let told = node.done(&[&abort[..], &["0", "--dry-run"]].concat());
    assert_eq!(told, "t-1: transaction of producer 4711 from 0 would be aborted\n");
    assert_eq!(node.done(&find), "t-1 0 4711\n");
    let told = node.done(&[&abort[..], &["0"]].concat());
    assert_eq!(told, "t-1: transaction of producer 4711 from 0 aborted\n");
    assert_eq!(node.done(&find), "");
    node.refused(&[&abort[..], &["0"]].concat(), 3, "no transaction that is open in t-1 begins at 0");
}
