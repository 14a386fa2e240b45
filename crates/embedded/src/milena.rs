//! The node as its program holds it.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use broker::group_coordinator::{GroupReply, GroupRequest};
use client::{ClientConfig, NetworkClient};
use handlers::Handlers;
use io::Clock;
use node::NodeError;
use tokio::runtime;
use tokio::sync::oneshot;

use crate::Builder;
use crate::host::{self, run_on};
use crate::script::{Api, Rules, Script};
use crate::virtual_time::VirtualTime;

/// A node at work. [`Milena::stop`] ends it; dropping it does so too, and waits for its thread.
#[derive(Debug)]
pub struct Milena {
    running: Running,
    /// Dropped or sent: the node stops.
    stop: Option<oneshot::Sender<()>>,
    end: oneshot::Receiver<Result<(), NodeError>>,
    /// `None` once it is taken down.
    home: Option<Home>,
}

/// What a node that serves tells its holder.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) bootstrap: String,
    pub(crate) handlers: Handlers,
    pub(crate) runtime: runtime::Handle,
    /// For others: where time is virtual, it is set when time has moved.
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
    /// Of a node with virtual time on a thread of its own.
    pub(crate) time: Option<VirtualTime>,
}

/// Why a group was not rebalanced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebalanceError {
    /// The node knows no classic group of this id that has members.
    #[error("there is no classic group of this id that has members")]
    NoMembers,
    /// `__consumer_offsets` is not there yet, or is being loaded.
    #[error("the group's coordinator is not at work")]
    NoCoordinator,
}

/// Where a node lives.
#[derive(Debug)]
pub(crate) enum Home {
    Thread(thread::JoinHandle<()>),
    Task,
}

impl Milena {
    /// A node to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        running: Running,
        stop: oneshot::Sender<()>,
        end: oneshot::Receiver<Result<(), NodeError>>,
        home: Home,
    ) -> Self {
        Self { running, stop: Some(stop), end, home: Some(home) }
    }

    /// host:port for `bootstrap.servers`.
    pub fn bootstrap(&self) -> &str {
        &self.running.bootstrap
    }

    /// The id of its cluster, which is a new one for fresh data.
    pub fn cluster_id(&self) -> &str {
        self.running.handlers.broker.cluster_id()
    }

    /// A client of it, for a producer, a consumer or an admin of crate [`client`]. Must be called within a runtime.
    pub fn client(&self, client_id: &str) -> NetworkClient {
        NetworkClient::new(ClientConfig::new(vec![self.running.bootstrap.clone()], client_id))
    }

    /// Moves the time of a node with [`Builder::virtual_clock`]. Everything that falls due in this span happens in its
    /// order, each at its own time: retention, sessions that end, groups that expire, fetches that have waited long
    /// enough. Returns when it has happened. Answers may still be on their way to clients.
    ///
    /// On the caller's runtime ([`Builder::start_on_this_runtime`]) this is a sleep, which takes no time where the
    /// runtime's time is paused.
    ///
    /// # Panics
    /// When the node's time is not virtual, or the node has ended.
    pub async fn advance(&self, span: Duration) {
        match (&self.running.time, &self.home) {
            (Some(time), _) => {
                let time = time.clone();
                let now_ms = run_on(&self.running.runtime, async move { time.advance(span).await }).await;
                self.running.clock.set_ms(now_ms);
            }
            (None, Some(Home::Task)) => tokio::time::sleep(span).await,
            (None, _) => panic!("only a node with a virtual clock lets its time be moved"),
        }
    }

    /// Begins a rule of what goes wrong with such requests.
    pub fn on(&self, api: Api) -> Script {
        Script::new(self.running.rules.clone(), api)
    }

    /// Fences the idempotent producers that have written to this topic, as if another instance of each had begun with the
    /// next epoch: what they send in theirs, to whatever topic, is answered with INVALID_PRODUCER_EPOCH. Returns how many
    /// there are.
    pub fn fence_producers(&self, topic: &str) -> usize {
        let partitions = self.running.handlers.broker.partitions().all();
        let of_topic = partitions.into_iter().filter(|it| *it.name().topic == *topic);
        let producers = of_topic.flat_map(|partition| partition.log().producers());
        let mut fenced = BTreeSet::new();
        for producer in producers {
            self.running.rules.fences.raise(producer.producer_id, producer.producer_epoch);
            fenced.insert(producer.producer_id);
        }
        fenced.len()
    }

    /// Has the members of a classic group join anew, as if one of them had asked for it. They learn of it by their next
    /// heartbeats.
    ///
    /// # Errors
    /// See [`RebalanceError`].
    pub async fn rebalance(&self, group_id: &str) -> Result<(), RebalanceError> {
        let (broker, group_id) = (self.running.handlers.broker.clone(), group_id.to_owned());
        let replied = run_on(&self.running.runtime, async move {
            broker.ask_group(&group_id, GroupRequest::Rebalance { group_id: group_id.clone() }).reply().await
        });
        match replied.await {
            Ok(GroupReply::Rebalance(Ok(()))) => Ok(()),
            Ok(GroupReply::Rebalance(Err(_))) => Err(RebalanceError::NoMembers),
            _ => Err(RebalanceError::NoCoordinator),
        }
    }

    /// The wall clock that the node lives by, for clients that shall live by it too.
    pub fn clock(&self) -> Clock {
        self.running.clock.clone()
    }

    /// Stops the node cleanly, as SIGTERM stops the binary: what was begun is answered, data is closed and marked. When
    /// this returns nothing of it is left but the data, where that was to be kept.
    ///
    /// # Errors
    /// Why it had failed before it was told to stop.
    pub async fn stop(mut self) -> Result<(), NodeError> {
        drop(self.stop.take());
        let ended = (&mut self.end).await;
        if let Some(Home::Thread(thread)) = self.home.take() {
            match thread.join() {
                Ok(()) => {}
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        // Without a word its runtime is gone, and the node with it.
        ended.unwrap_or(Ok(()))
    }
}

impl Drop for Milena {
    /// Stops the node cleanly. On a thread of its own it is gone when this returns; on the caller's runtime it ends as
    /// soon as the runtime lets it.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Home::Thread(thread)) = self.home.take() {
            host::join(thread);
        }
    }
}
