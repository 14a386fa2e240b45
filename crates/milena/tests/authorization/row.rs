//! One request, the questions it raises, and what it is answered.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use protocol::api::Api;
use protocol::{Message, Reader, Writer, frame};
use types::ErrorCode;

use crate::node::TestNode;
use crate::policy::Denying;

/// The operations there are on a topic (KIP-430).
const OF_TOPIC: &[&str] =
    &["Read", "Write", "Create", "Delete", "Alter", "Describe", "DescribeConfigs", "AlterConfigs"];
/// The operations there are on the cluster.
const OF_CLUSTER: &[&str] =
    &["Create", "Alter", "Describe", "ClusterAction", "DescribeConfigs", "AlterConfigs", "IdempotentWrite"];

/// What an answer says, one entry for each thing that it speaks of.
type InWords = dyn Fn(&TestNode, Bytes) -> Vec<String>;

/// A row of the table.
pub struct Row {
    pub api: i16,
    pub version: i16,
    what: &'static str,
    request: Box<dyn Fn(&TestNode) -> Bytes>,
    told: Box<InWords>,
    /// What the handler asks when everything is allowed.
    pub asks: &'static [&'static str],
    /// Resources, such as `topic t`, of which the answer tells which operations are allowed: asked one by one.
    pub operations_of: Vec<&'static str>,
    /// What it tells then: that the request is a valid one.
    pub allowed: &'static str,
    pub denials: Vec<Denial>,
    /// Whether the node coordinates groups when it is asked.
    has_groups: bool,
    /// Whether there is a transaction when it is asked.
    has_transactions: bool,
}

/// Questions answered with no, and what the client is told.
pub struct Denial {
    pub questions: &'static [&'static str],
    pub told: &'static str,
}

impl Row {
    /// A request of type `Q`, whose answer `A` is put in words by `told`, one entry for each thing it speaks of.
    pub fn new<Q: Message, A: Message>(
        api: i16,
        version: i16,
        what: &'static str,
        request: impl Fn(&TestNode) -> Q + 'static,
        told: impl Fn(&TestNode, A) -> Vec<String> + 'static,
    ) -> Self {
        let encode = move |node: &TestNode| {
            let mut writer = Writer::new();
            request(node).encode(&mut writer, version).expect("the request fits its version");
            writer.into_bytes()
        };
        let told = move |node: &TestNode, answer| told(node, decode::<A>(api, version, answer));
        let (request, told) = (Box::new(encode), Box::new(told));
        Self {
            api,
            version,
            what,
            request,
            told,
            asks: &[],
            operations_of: Vec::new(),
            allowed: "",
            denials: Vec::new(),
            has_groups: false,
            has_transactions: false,
        }
    }

    pub fn with_groups(mut self) -> Self {
        self.has_groups = true;
        self
    }

    pub fn with_transactions(mut self) -> Self {
        self.has_transactions = true;
        self
    }

    pub fn allowed(mut self, asks: &'static [&'static str], told: &'static str) -> Self {
        (self.asks, self.allowed) = (asks, told);
        self
    }

    pub fn and_operations_of(mut self, resource: &'static str) -> Self {
        self.operations_of.push(resource);
        self
    }

    pub fn denied(mut self, questions: &'static [&'static str], told: &'static str) -> Self {
        self.denials.push(Denial { questions, told });
        self
    }

    /// All questions of a request that may do everything.
    pub fn expected_questions(&self) -> BTreeSet<String> {
        let operations = self.operations_of.iter().flat_map(|resource| {
            let of_resource = if *resource == "cluster" { OF_CLUSTER } else { OF_TOPIC };
            of_resource.iter().map(move |operation| format!("{operation} {resource}"))
        });
        self.asks.iter().map(|question| (*question).to_owned()).chain(operations).collect()
    }

    pub fn title(&self) -> String {
        let name = Api::by_key(self.api).map_or("unknown", |api| api.name);
        format!("{name} v{} {}", self.version, self.what)
    }

    pub fn body(&self, node: &TestNode) -> Bytes {
        (self.request)(node)
    }

    /// What a fresh node tells, and asks, when these questions are answered with no.
    pub async fn run(&self, denied: &[&'static str]) -> (String, Vec<String>) {
        let mut node = TestNode::start().await;
        if self.has_groups {
            node.find_coordinator().await;
        }
        if self.has_transactions {
            node.begin_transaction().await;
        }
        let body = self.body(&node);
        let policy = Arc::new(Denying::new(denied));
        node.obey(policy.clone());
        let told = match node.ask(self.api, self.version, body).await {
            Some(answer) => {
                let mut told = (self.told)(&node, answer);
                told.sort();
                told.join(", ")
            }
            None => "connection closed".to_owned(),
        };
        (told, policy.asked())
    }
}

/// An answer's message.
pub fn decode<A: Message>(api: i16, version: i16, answer: Bytes) -> A {
    let mut reader = Reader::new(answer);
    frame::decode_response_header(&mut reader, api, version).expect("the answer has a header");
    let message = A::decode(&mut reader, version).expect("the answer is one of its version");
    reader.finish().expect("nothing follows the answer");
    message
}

/// The name of an error code.
pub fn name(code: i16) -> &'static str {
    ErrorCode::from_code(code).map_or("no such code", ErrorCode::name)
}
