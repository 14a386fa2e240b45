//! The task that fetches: one request under way for each broker that leads partitions, the next one while the
//! application still works on the last.

use std::collections::BTreeMap;

use protocol::Records;
use protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use protocol::messages::fetch_response::{FetchResponse, PartitionData};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use types::{ErrorCode, NodeId, Offset, PartitionIndex, ProducerId, TopicName, TopicPartition};

use crate::admin::{OffsetSpec, list_offsets};
use crate::call::Call;
use crate::consumer::aborted_transactions::AbortedTransactions;
use crate::consumer::partition_records::{PartitionRecords, next_position};
use crate::consumer::{ConsumerConfig, IsolationLevel, OffsetReset};
use crate::error::{ClientError, error_code};
use crate::metadata::TopicMetadata;
use crate::network_client::{AutoCreate, NetworkClient};

/// The last version that names topics by name instead of by id.
const LAST_VERSION_WITH_NAMES: i16 = 12;

/// State of the task; dropped with it.
pub(super) struct Fetcher {
    pub(super) client: NetworkClient,
    pub(super) config: ConsumerConfig,
    pub(super) topic: TopicName,
    pub(super) positions: BTreeMap<PartitionIndex, Position>,
    pub(super) output: mpsc::Sender<Result<PartitionRecords, ClientError>>,
    pub(super) calls: JoinSet<Done>,
    /// Counts requests, so that partitions take turns in front.
    pub(super) rounds: usize,
    pub(super) refreshing: bool,
}

/// Where a partition is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    offset: Offset,
    /// A request for it is under way, to this broker.
    asked: Option<NodeId>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Position {
    pub(super) const fn at(offset: Offset) -> Self {
        Self { offset, asked: None, failures: 0, not_before: None }
    }
}

/// What a spawned call came back with.
pub(super) enum Done {
    Fetched {
        node: NodeId,
        answer: Result<FetchResponse, ClientError>,
    },
    /// Metadata is as fresh as can be.
    Refreshed,
    Reset {
        partition: PartitionIndex,
        offset: Result<Offset, ClientError>,
    },
}

/// The application is gone, or was told of an error that ends the consumer.
struct Ended;

impl Fetcher {
    /// Runs until the application drops its end, or an error that does not heal was handed to it.
    pub(super) async fn run(mut self) {
        loop {
            let (wake_at, without_leader) = self.fetch_what_is_idle();
            if without_leader {
                self.refresh();
            }
            let sleep = async {
                match wake_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let done = tokio::select! {
                biased;
                () = self.output.closed() => return,
                Some(done) = self.calls.join_next() => done,
                () = sleep => continue,
            };
            let handled = match done {
                Ok(Done::Refreshed) => {
                    self.refreshing = false;
                    Ok(())
                }
                Ok(Done::Fetched { node, answer }) => self.handle_answer(node, answer).await,
                Ok(Done::Reset { partition, offset }) => self.handle_reset(partition, offset).await,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            if handled.is_err() {
                return;
            }
        }
    }

    /// Sends a request to every broker that leads a partition and has none; tells when to look again, and whether some
    /// partition has no known leader.
    fn fetch_what_is_idle(&mut self) -> (Option<Instant>, bool) {
        let Some(topic) = self.client.known_topic(&self.topic) else { return (None, true) };
        let now = Instant::now();
        let mut wake_at: Option<Instant> = None;
        let mut without_leader = false;
        let busy: Vec<NodeId> = self.positions.values().filter_map(|position| position.asked).collect();
        let mut by_node: BTreeMap<NodeId, Vec<PartitionIndex>> = BTreeMap::new();
        for (index, position) in &self.positions {
            if position.asked.is_some() {
                continue;
            }
            if let Some(not_before) = position.not_before.filter(|not_before| *not_before > now) {
                wake_at = Some(wake_at.map_or(not_before, |earlier| earlier.min(not_before)));
                continue;
            }
            match topic.partition(*index).and_then(|partition| partition.leader) {
                Some(node) if busy.contains(&node) => {}
                Some(node) => by_node.entry(node).or_default().push(*index),
                None => without_leader = true,
            }
        }
        for (node, partitions) in by_node {
            self.spawn_fetch(node, partitions, &topic);
        }
        (wake_at, without_leader)
    }

    fn spawn_fetch(&mut self, node: NodeId, mut partitions: Vec<PartitionIndex>, topic: &TopicMetadata) {
        // Answers are filled from the front: everyone gets to stand there.
        self.rounds += 1;
        let front = self.rounds % partitions.len();
        partitions.rotate_left(front);
        let mut wanted = Vec::with_capacity(partitions.len());
        for index in partitions {
            let Some(position) = self.positions.get_mut(&index) else { continue };
            position.asked = Some(node);
            let epoch = topic.partition(index).map_or(-1, |partition| partition.leader_epoch.0);
            wanted.push(FetchPartition {
                partition: index.0,
                current_leader_epoch: epoch,
                fetch_offset: position.offset.0,
                partition_max_bytes: self.config.max_partition_fetch_bytes,
                ..FetchPartition::default()
            });
        }
        let request = FetchRequest {
            max_wait_ms: i32::try_from(self.config.fetch_max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: self.config.fetch_min_bytes,
            max_bytes: self.config.fetch_max_bytes,
            isolation_level: self.config.isolation_level.number(),
            topics: vec![FetchTopic {
                topic: topic.name.to_string(),
                topic_id: topic.id,
                partitions: wanted,
                ..FetchTopic::default()
            }],
            ..FetchRequest::default()
        };
        let newest = if topic.id.is_zero() { LAST_VERSION_WITH_NAMES } else { FetchRequest::MAX_VERSION };
        let client = self.client.clone();
        self.calls.spawn(async move {
            let answer = async {
                let answer = client.node(node).await?.call(&request, newest).await?;
                match error_code(answer.error_code) {
                    ErrorCode::None => Ok(answer),
                    code => Err(ClientError::Server { api: FetchRequest::API, code }),
                }
            };
            Done::Fetched { node, answer: answer.await }
        });
    }

    async fn handle_answer(
        &mut self,
        node: NodeId,
        answer: Result<FetchResponse, ClientError>,
    ) -> Result<(), Ended> {
        let asked: Vec<PartitionIndex> = self
            .positions
            .iter_mut()
            .filter(|(_, position)| position.asked == Some(node))
            .map(|(index, position)| {
                position.asked = None;
                *index
            })
            .collect();
        match answer {
            Ok(answer) => {
                for partition in answer.responses.into_iter().flat_map(|topic| topic.partitions) {
                    self.handle_partition(partition).await?;
                }
                Ok(())
            }
            Err(error) => {
                for index in asked {
                    self.handle_failure(index, error.clone()).await?;
                }
                Ok(())
            }
        }
    }

    async fn handle_partition(&mut self, data: PartitionData) -> Result<(), Ended> {
        let index = PartitionIndex(data.partition_index);
        let Some(position) = self.positions.get_mut(&index) else { return Ok(()) };
        let code = error_code(data.error_code);
        let partition = TopicPartition { topic: self.topic.clone(), partition: index };
        if code != ErrorCode::None {
            let error = ClientError::Topic { subject: partition.to_string(), code, message: None };
            if code == ErrorCode::OffsetOutOfRange && self.config.offset_reset == OffsetReset::Earliest {
                tracing::warn!(%partition, offset = %position.offset, "offset does not exist, going on at the earliest");
                self.spawn_reset(index);
                return Ok(());
            }
            return self.handle_failure(index, error).await;
        }
        position.failures = 0;
        let Some(Records::Bytes(batches)) = data.records.filter(|records| !records.is_empty()) else {
            return Ok(());
        };
        let from = position.offset;
        let next = match next_position(&partition, from, &batches) {
            Ok(Some(next)) => next.max(from),
            // A part of one batch: brokers of today send the first batch whole.
            Ok(None) => return Ok(()),
            Err(error) => return self.fail(error).await,
        };
        position.offset = next;
        let aborted = (self.config.isolation_level == IsolationLevel::ReadCommitted).then(|| {
            let aborted = data.aborted_transactions.unwrap_or_default();
            AbortedTransactions::new(
                aborted.iter().map(|one| (ProducerId(one.producer_id), Offset(one.first_offset))),
            )
        });
        let records = PartitionRecords {
            partition,
            position: from,
            next_position: next,
            high_watermark: Offset(data.high_watermark),
            batches,
            aborted,
            check_crcs: self.config.check_crcs,
        };
        self.output.send(Ok(records)).await.map_err(|_| Ended)
    }

    /// Tries again later what may heal, after a look at who leads; hands the rest to the application.
    async fn handle_failure(&mut self, index: PartitionIndex, error: ClientError) -> Result<(), Ended> {
        if !error.is_retriable() {
            return self.fail(error).await;
        }
        tracing::debug!(partition = %index, %error, "fetch is tried again");
        if let Some(position) = self.positions.get_mut(&index) {
            position.failures += 1;
            position.not_before = Some(Instant::now() + self.client.config().backoff(position.failures));
        }
        self.refresh();
        Ok(())
    }

    async fn fail(&mut self, error: ClientError) -> Result<(), Ended> {
        // Whether the application still listens makes no difference: it is over.
        let _ = self.output.send(Err(error)).await;
        Err(Ended)
    }

    fn refresh(&mut self) {
        if std::mem::replace(&mut self.refreshing, true) {
            return;
        }
        let (client, topic) = (self.client.clone(), self.topic.clone());
        self.calls.spawn(async move {
            if let Err(error) = client.refresh(&[topic], AutoCreate::Forbidden).await {
                tracing::debug!(%error, "the cluster does not answer");
                tokio::time::sleep(client.config().retry_backoff).await;
            }
            Done::Refreshed
        });
    }

    fn spawn_reset(&mut self, partition: PartitionIndex) {
        if let Some(position) = self.positions.get_mut(&partition) {
            // Nobody is asked; this only keeps the partition from being fetched meanwhile.
            position.asked = Some(NodeId::NONE);
        }
        let (client, topic, isolation) =
            (self.client.clone(), self.topic.clone(), self.config.isolation_level);
        self.calls.spawn(async move {
            let found = list_offsets(&client, &topic, &[partition], OffsetSpec::Earliest, isolation).await;
            let offset =
                found.and_then(|offsets| offsets.get(&partition).copied().ok_or(ClientError::Closed));
            Done::Reset { partition, offset }
        });
    }

    async fn handle_reset(
        &mut self,
        partition: PartitionIndex,
        offset: Result<Offset, ClientError>,
    ) -> Result<(), Ended> {
        match offset {
            Ok(offset) => {
                self.positions.insert(partition, Position::at(offset));
                Ok(())
            }
            Err(error) => self.fail(error).await,
        }
    }
}
