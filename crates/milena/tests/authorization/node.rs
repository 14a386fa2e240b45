//! A whole node without sockets, on a simulated disk, asked through its handlers.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::Broker;
use bytes::{Bytes, BytesMut};
use config::NodeConfig;
use controller_node::NewTopic;
use handlers::{AccessPolicy, Authorizer, Handlers};
use io::disk::SimulatedDisk;
use io::{Blocking, Clock, Disk, Entropy};
use net::{Answer, Chunk, ConnectionContext, Request, Response, Service};
use node::assembly::Silent;
use node::{BoundListener, Environment, Node};
use protocol::frame::RequestHeader;
use protocol::messages::add_partitions_to_txn_request::{AddPartitionsToTxnRequest, AddPartitionsToTxnTopic};
use protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use protocol::messages::init_producer_id_request::InitProducerIdRequest;
use protocol::messages::init_producer_id_response::InitProducerIdResponse;
use protocol::messages::list_groups_request::ListGroupsRequest;
use protocol::messages::list_groups_response::ListGroupsResponse;
use protocol::{Message, Writer, api};
use tokio::time::Instant;
use types::Uuid;

use crate::row;

/// A node with the topics `t` and `u`.
pub struct TestNode {
    node: Node,
    topics: BTreeMap<&'static str, Uuid>,
    authorizer: Authorizer,
}

impl TestNode {
    pub async fn start() -> Self {
        let mut properties = NodeConfig::embedded_defaults();
        properties.set("log.dirs", "/data");
        let (config, _) =
            NodeConfig::from_properties(properties, "localhost").expect("the defaults are valid");
        let environment = Environment {
            disk: Disk::Simulated(SimulatedDisk::default()),
            clock: Clock::simulated(1_795_253_500_000),
            entropy: Entropy::from_seed(1),
            blocking: Blocking::Inline,
        };
        let listener =
            BoundListener { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092 };
        let mut node = Node::start(config, environment, &[listener]).await.expect("the disk is empty");
        node.open(Silent).await.expect("there is no log to open");
        let mut started = Self { node, topics: BTreeMap::new(), authorizer: Authorizer::AllowAll };
        for name in ["t", "u"] {
            started.create(name).await;
        }
        started
    }

    /// From here on the policy decides.
    pub fn obey(&mut self, policy: Arc<dyn AccessPolicy>) {
        self.authorizer = Authorizer::Policy(policy);
    }

    /// The broker.
    pub fn broker(&self) -> &Arc<Broker> {
        self.node.broker()
    }

    /// The id of one of the topics.
    pub fn topic_id(&self, name: &str) -> Uuid {
        self.topics[name]
    }

    /// What an answer calls a topic: its name or, where it tells only the id, that.
    pub fn called(&self, name: Option<&str>, id: Uuid) -> String {
        match name {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => match self.topics.iter().find(|(_, known)| **known == id) {
                Some((name, _)) => format!("id of {name}"),
                None => "unknown".to_owned(),
            },
        }
    }

    /// What a client is answered, response header included; `None`: the connection was closed.
    pub async fn ask(&self, api_key: i16, api_version: i16, body: Bytes) -> Option<Bytes> {
        let client_id = Some("authorization".to_owned());
        let header = RequestHeader { api_key, api_version, correlation_id: 7, client_id };
        let connection = Arc::new(ConnectionContext::new(1, "PLAINTEXT".into(), None, None));
        let handlers = Handlers { authorizer: self.authorizer.clone(), ..self.node.handlers().clone() };
        let answer = handlers.call(Request { header, body, connection, received_at: Instant::now() }).await;
        match answer {
            Answer::Now(response) => Some(joined(response)),
            Answer::Later(waiting) => Some(joined(waiting.await)),
            Answer::Silent => Some(Bytes::new()),
            Answer::Close(_) => None,
        }
    }

    /// Lets the node make the topic of groups, and waits until its shards answer.
    pub async fn find_coordinator(&self) {
        let request = FindCoordinatorRequest { key: "any".to_owned(), ..Default::default() };
        self.ask(api::FIND_COORDINATOR, 3, encoded(&request, 3)).await.expect("answered");
        loop {
            let answer = self.ask(api::LIST_GROUPS, 4, encoded(&ListGroupsRequest::default(), 4)).await;
            let listed: ListGroupsResponse = row::decode(api::LIST_GROUPS, 4, answer.expect("answered"));
            if listed.error_code == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Lets producer 0 open a transaction of the transactional id `x`, which holds partition 0 of `t`.
    pub async fn begin_transaction(&self) {
        let find = FindCoordinatorRequest { key: "x".to_owned(), key_type: 1, ..Default::default() };
        self.ask(api::FIND_COORDINATOR, 3, encoded(&find, 3)).await.expect("answered");
        let init = InitProducerIdRequest {
            transactional_id: Some("x".to_owned()),
            transaction_timeout_ms: 60_000,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        loop {
            let answer = self.ask(api::INIT_PRODUCER_ID, 4, encoded(&init, 4)).await;
            let given: InitProducerIdResponse =
                row::decode(api::INIT_PRODUCER_ID, 4, answer.expect("answered"));
            if given.error_code == 0 {
                assert_eq!((given.producer_id, given.producer_epoch), (0, 0));
                break;
            }
            tokio::task::yield_now().await;
        }
        let topic =
            AddPartitionsToTxnTopic { name: "t".to_owned(), partitions: vec![0], ..Default::default() };
        let add = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: "x".to_owned(),
            v3_and_below_producer_id: 0,
            v3_and_below_producer_epoch: 0,
            v3_and_below_topics: vec![topic],
            ..Default::default()
        };
        self.ask(api::ADD_PARTITIONS_TO_TXN, 3, encoded(&add, 3)).await.expect("answered");
    }

    async fn create(&mut self, name: &'static str) {
        let topic =
            NewTopic { name: name.to_owned(), partitions: 1, replication_factor: 1, ..Default::default() };
        let controller = &self.node.handlers().controller;
        let outcomes = controller.create_topics(vec![topic], false).await.expect("decided");
        let created = outcomes[0].result.as_ref().expect("there is no such topic yet");
        self.topics.insert(name, created.id);
        self.broker().applied(controller.image().provenance.offset).await;
    }
}

fn encoded(request: &impl Message, version: i16) -> Bytes {
    let mut writer = Writer::new();
    request.encode(&mut writer, version).expect("the request fits its version");
    writer.into_bytes()
}

fn joined(response: Response) -> Bytes {
    let mut bytes = BytesMut::new();
    for chunk in response.chunks {
        match chunk {
            Chunk::Bytes(chunk) => bytes.extend_from_slice(&chunk),
            Chunk::File(region) => assert_eq!(region.length, 0, "no request here reads records"),
        }
    }
    bytes.freeze()
}
