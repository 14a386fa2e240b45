//! Drives one hot path of a whole node, without sockets, so that its instructions can be counted.
//!
//! `cargo xtask instructions` runs this under callgrind at two counts and prints the difference per request, which
//! leaves out the start and is the same whatever else the machine does.
//!
//! `hot_paths PATH COUNT`, where PATH is produce-100k, produce-1k, fetch-100k or metadata.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use config::NodeConfig;
use io::disk::SimulatedDisk;
use io::{Blocking, Clock, Disk, Entropy};
use net::{Answer, ConnectionContext, Request, RequestHeader, Service};
use node::assembly::Silent;
use node::{BoundListener, Environment, Node};
use protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use protocol::{Message, Writer};
use record::{BatchBuilder, BatchOptions};
use tokio::time::Instant;

const NOW_MS: i64 = 1_795_253_500_000;
const TOPIC: &str = "hot";

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("which path?")?;
    let count: usize = arguments.next().context("how often?")?.parse()?;
    let mut node = start().await?;
    node.open(Silent).await?;
    let client = Client {
        node: &node,
        connection: Arc::new(ConnectionContext::new(0, "PLAINTEXT".into(), None, None)),
    };
    let topic = CreatableTopic {
        name: TOPIC.to_owned(),
        num_partitions: 1,
        replication_factor: 1,
        ..Default::default()
    };
    let create = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
    client.call(19, 7, &create).await?;
    match path.as_str() {
        "produce-100k" => client.repeat(count, 0, 9, &produce(100)?).await?,
        "produce-1k" => client.repeat(count, 0, 9, &produce(1)?).await?,
        "fetch-100k" => {
            client.repeat(10, 0, 9, &produce(100)?).await?;
            client.repeat(count, 1, 12, &fetch()).await?;
        }
        "metadata" => {
            let topic = MetadataRequestTopic { name: Some(TOPIC.to_owned()), ..Default::default() };
            let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
            client.repeat(count, 3, 12, &request).await?;
        }
        other => anyhow::bail!("no path is called {other}"),
    }
    Ok(())
}

async fn start() -> anyhow::Result<Node> {
    let disk = SimulatedDisk::default();
    let mut properties = NodeConfig::embedded_defaults();
    properties.set("log.dirs", "/data");
    let (config, _) = NodeConfig::from_properties(properties, "localhost")?;
    let environment = Environment {
        disk: Disk::Simulated(disk),
        clock: Clock::simulated(NOW_MS),
        entropy: Entropy::from_seed(1),
        blocking: Blocking::Inline,
    };
    let listener = BoundListener { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092 };
    Ok(Node::start(config, environment, &[listener]).await?)
}

/// Requests of one connection.
struct Client<'a> {
    node: &'a Node,
    connection: Arc<ConnectionContext>,
}

impl Client<'_> {
    async fn repeat<M: Message>(
        &self,
        count: usize,
        key: i16,
        version: i16,
        message: &M,
    ) -> anyhow::Result<()> {
        for _ in 0..count {
            self.call(key, version, message).await?;
        }
        Ok(())
    }

    async fn call<M: Message>(&self, api_key: i16, api_version: i16, message: &M) -> anyhow::Result<()> {
        let mut body = Writer::new();
        message.encode(&mut body, api_version)?;
        let request = Request {
            header: RequestHeader { api_key, api_version, correlation_id: 1, client_id: None },
            body: body.into_bytes(),
            connection: self.connection.clone(),
            received_at: Instant::now(),
        };
        match self.node.handlers().call(request).await {
            Answer::Now(response) => std::hint::black_box(response),
            Answer::Later(waiting) => std::hint::black_box(waiting.await),
            Answer::Silent => anyhow::bail!("API {api_key} answered nothing"),
            Answer::Close(reason) => anyhow::bail!("API {api_key} closed the connection: {reason}"),
        };
        Ok(())
    }
}

fn produce(records: usize) -> anyhow::Result<ProduceRequest> {
    let mut builder = BatchBuilder::new(BatchOptions::default())?;
    for index in 0..records {
        builder.append(NOW_MS, Some(&(index as u64).to_be_bytes()), Some(&[b'x'; 1000]), &[])?;
    }
    let records: Option<Bytes> = builder.build()?;
    let partition = PartitionProduceData { index: 0, records, ..Default::default() };
    let topic =
        TopicProduceData { name: TOPIC.to_owned(), partition_data: vec![partition], ..Default::default() };
    Ok(ProduceRequest { acks: -1, timeout_ms: 1000, topic_data: vec![topic], ..Default::default() })
}

fn fetch() -> FetchRequest {
    let partition = FetchPartition { partition_max_bytes: 100_000, ..Default::default() };
    let topic = FetchTopic { topic: TOPIC.to_owned(), partitions: vec![partition], ..Default::default() };
    FetchRequest {
        max_wait_ms: 0,
        min_bytes: 1,
        max_bytes: 100_000,
        topics: vec![topic],
        ..Default::default()
    }
}
