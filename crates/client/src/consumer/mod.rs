//! Kafka's consumer: subscribed to topics as a member of a group, of the classic or the consumer protocol (KIP-848), or
//! assigned partitions by hand.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//! use client::consumer::{Consumer, ConsumerConfig, OffsetReset};
//! use client::{ClientConfig, NetworkClient};
//!
//! # async fn example() -> Result<(), client::ClientError> {
//! let client = NetworkClient::new(ClientConfig::new(vec!["localhost:9092".to_owned()], "example"));
//! let config = ConsumerConfig::of_group("readers").auto_offset_reset(OffsetReset::Earliest);
//! let consumer = Consumer::new(&client, config);
//! consumer.subscribe(["orders"])?;
//! for _ in 0..100 {
//!     let records = consumer.poll().await?;
//!     records.for_each(|record| {
//!         println!("{} {}: {:?}", records.partition, record.offset, record.value);
//!         ControlFlow::<()>::Continue(())
//!     })?;
//! }
//! consumer.close().await
//! # }
//! ```
//!
//! [`Consumer::poll`] hands out what one fetch brought of one partition, at most `max.poll.records` at once, and everything else happens around it, as in
//! Kafka's consumer: the rebalance listener is called in it, and a member that does not come back within
//! `max.poll.interval.ms` gives its partitions up. Heartbeats, fetching and the search for the coordinator go on in a task
//! of the present runtime.

mod aborted_transactions;
mod assignment;
mod assignor;
mod committing;
mod config;
mod consumer_driver;
mod consumer_protocol;
mod coordinator_driver;
mod group_metadata;
mod interceptor;
mod listener;
mod machine;
mod offset_lookup;
mod partition_records;
mod record_stream;
mod seeking;
mod topic_ids;

use std::sync::Arc;
use std::time::Duration;

use protocol::messages::fetch_request::FetchRequest;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use types::Uuid;

use crate::error::ClientError;
use crate::network_client::{AutoCreate, NetworkClient};
use consumer_driver::{ConsumerDriver, Shared};
use listener::Nobody;
use machine::{CallbackKind, ConsumerMachine, Handed};

pub use assignor::Assignor;
pub use committing::Offsets;
pub use config::{ConsumerConfig, GroupProtocol, IsolationLevel, OffsetReset};
pub use group_metadata::ConsumerGroupMetadata;
pub use interceptor::ConsumerInterceptor;
pub use listener::{Callback, RebalanceListener};
pub use machine::OffsetAndMetadata;
pub use offset_lookup::OffsetAndTimestamp;
pub use partition_records::{ConsumerRecord, PartitionRecords};
pub use record_stream::RecordStream;

/// How long [`Consumer::close`] waits for the coordinator (KIP-102).
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads partitions. Records of a partition come in the order of its log; partitions come as they are answered.
///
/// One task polls at a time; everything else may be called from anywhere. Dropping a consumer without
/// [`close`](Self::close) ends its task at once: the group learns of it when the session ends.
pub struct Consumer {
    shared: Arc<Shared>,
    client: NetworkClient,
    config: Arc<ConsumerConfig>,
    /// Held while a callback runs, and by whoever polls.
    listener: tokio::sync::Mutex<Box<dyn RebalanceListener>>,
    task: JoinHandle<()>,
}

impl Consumer {
    /// A consumer that reads nothing yet. Its task runs on the present runtime, with connections of its own.
    pub fn new(client: &NetworkClient, config: ConsumerConfig) -> Self {
        Self::with_clock(client, config, io::Clock::System)
    }

    /// As [`Self::new`], with a clock for `auto.offset.reset=by_duration`.
    pub fn with_clock(client: &NetworkClient, config: ConsumerConfig, clock: io::Clock) -> Self {
        let client = client.with_own_connections();
        let config = Arc::new(config);
        // Without randomness it has none, which brokers refuse.
        let member_id = match config.group_protocol {
            GroupProtocol::Classic => None,
            GroupProtocol::Consumer => io::Entropy::from_system().ok(),
        };
        let member_id = member_id.map(|entropy| Uuid::from_bytes(entropy.bytes16()).to_string());
        let machine = ConsumerMachine::with_member_id(
            Arc::clone(&config),
            client.config().clone(),
            member_id.unwrap_or_default(),
            Instant::now(),
        );
        let shared = Arc::new(Shared::new(machine));
        let auto_create =
            if config.allow_auto_create_topics { AutoCreate::Allowed } else { AutoCreate::Forbidden };
        let driver = ConsumerDriver::new(Arc::clone(&shared), client.clone(), clock, auto_create);
        let task = tokio::spawn(driver.run());
        Self { shared, client, config, listener: tokio::sync::Mutex::new(Box::new(Nobody)), task }
    }

    /// Its settings.
    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    /// The next batches of some partition; waits until there are any. May be dropped at any time, such as by a timeout:
    /// nothing is lost.
    ///
    /// # Errors
    /// `NotSubscribed`; what the application has to know of a partition, such as `NoOffset` or that it may not be read (it
    /// is tried again by the next polls); and what ends a membership for good, such as FENCED_INSTANCE_ID, at every poll.
    pub async fn poll(&self) -> Result<PartitionRecords, ClientError> {
        let _polling = Polling::begin(&self.shared);
        let mut changes = self.shared.for_application.subscribe();
        loop {
            let (handed, has_news) = {
                let mut machine = self.shared.machine();
                (machine.for_poll(Instant::now()), machine.take_news())
            };
            if has_news {
                self.shared.for_driver.notify_one();
            }
            match handed {
                Handed::Callback(callback) => self.call_back(callback).await,
                Handed::Records(records) => {
                    let interceptors = &self.config.interceptors;
                    interceptors.iter().for_each(|interceptor| interceptor.on_consume(&records));
                    return Ok(records);
                }
                Handed::Error(error) => return Err(error),
                // The other end lives in `self`.
                Handed::Nothing => drop(changes.changed().await),
            }
        }
    }

    /// What the polls from now on bring, as a stream that does not end; an error does not end it either.
    pub const fn stream(&self) -> RecordStream<'_> {
        RecordStream::new(self)
    }

    async fn call_back(&self, callback: machine::Callback) {
        {
            let mut listener = self.listener.lock().await;
            match callback.kind {
                CallbackKind::Assigned => listener.assigned(self, &callback.partitions).await,
                CallbackKind::Revoked => listener.revoked(self, &callback.partitions).await,
                CallbackKind::Lost => listener.lost(self, &callback.partitions).await,
            }
        }
        self.shared.machine().callback_done();
        self.shared.for_driver.notify_one();
    }

    /// Commits what was handed out (with `enable.auto.commit`), gives up its partitions, leaves the group, and ends. A
    /// static member stays in the group until its session ends (KIP-345).
    ///
    /// # Errors
    /// When the last commit failed; the consumer is closed all the same.
    pub async fn close(self) -> Result<(), ClientError> {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        let committed = match self.config.commits_by_itself() {
            true => self.commit_sync_until(self.positions(), deadline).await,
            false => Ok(()),
        };
        let _ = tokio::time::timeout_at(deadline, async {
            self.give_everything_up("the consumer was closed").await;
            self.close_fetch_sessions().await;
        })
        .await;
        committed
    }

    /// Brokers need not remember what was read (KIP-227). They are told on connections of their own: on those there are, a
    /// fetch may wait for records.
    async fn close_fetch_sessions(&self) {
        let requests = self.shared.machine().close_fetch_sessions();
        let client = self.client.with_own_connections();
        for (node, request) in requests {
            let closed = async { client.node(node).await?.call(&request, FetchRequest::MAX_VERSION).await };
            if let Err(error) = closed.await {
                tracing::debug!(%node, %error, "the fetch session is left to the broker");
            }
        }
    }

    /// Calls back, leaves, and waits until the coordinator knows.
    async fn give_everything_up(&self, why: &str) {
        self.shared.machine().begin_leaving();
        loop {
            let callback = match self.shared.machine().for_poll(Instant::now()) {
                Handed::Callback(callback) => callback,
                Handed::Records(_) | Handed::Error(_) | Handed::Nothing => break,
            };
            self.call_back(callback).await;
        }
        let mut changes = self.shared.for_application.subscribe();
        self.shared.machine().leave(why, Instant::now());
        self.shared.for_driver.notify_one();
        while !self.shared.machine().has_left() {
            drop(changes.changed().await);
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// While one lives, the application waits for records.
struct Polling<'a>(&'a Shared);

impl<'a> Polling<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.machine().poll_began(Instant::now());
        Self(shared)
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.machine().poll_ended(Instant::now());
    }
}
