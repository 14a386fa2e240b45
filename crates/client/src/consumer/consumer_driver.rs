//! The task behind a consumer: carries out what the [machine](super::machine) wants, and tells it what came of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::messages::list_offsets_request::ListOffsetsRequest;
use protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderEpochRequest;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use types::{NodeId, TopicName};

use crate::call::Call;
use crate::consumer::assignor::{Offered, OfferedTopic};
use crate::consumer::coordinator_driver::{self, Order};
use crate::consumer::machine::{ConsumerMachine, Effect, Event, MetadataAnswer, MetadataWanted, Now};
use crate::error::ClientError;
use crate::network_client::{AutoCreate, NetworkClient};

/// What the task and the consumer's calls share.
pub(super) struct Shared {
    machine: Mutex<ConsumerMachine>,
    /// Rung when the application changed something.
    pub(super) for_driver: Notify,
    /// Changes when there may be something for the application.
    pub(super) for_application: watch::Sender<()>,
}

impl Shared {
    pub(super) fn new(machine: ConsumerMachine) -> Self {
        Self {
            machine: Mutex::new(machine),
            for_driver: Notify::new(),
            for_application: watch::Sender::new(()),
        }
    }

    pub(super) fn machine(&self) -> MutexGuard<'_, ConsumerMachine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// State of the task; dropped with it, and what is under way with it.
pub(super) struct ConsumerDriver {
    shared: Arc<Shared>,
    client: NetworkClient,
    clock: io::Clock,
    allows_auto_create: AutoCreate,
    calls: JoinSet<Event>,
    orders: mpsc::UnboundedSender<Order>,
    answers: mpsc::UnboundedReceiver<Event>,
    lane: JoinSet<()>,
}

impl ConsumerDriver {
    pub(super) fn new(
        shared: Arc<Shared>,
        client: NetworkClient,
        clock: io::Clock,
        allows_auto_create: AutoCreate,
    ) -> Self {
        let (orders, received) = mpsc::unbounded_channel();
        let (events, answers) = mpsc::unbounded_channel();
        let mut lane = JoinSet::new();
        // What takes long there, a join above all, must not hold up what is read.
        lane.spawn(coordinator_driver::run(client.with_own_connections(), received, events));
        Self { shared, client, clock, allows_auto_create, calls: JoinSet::new(), orders, answers, lane }
    }

    /// Runs until it is aborted.
    pub(super) async fn run(mut self) {
        loop {
            let wake_at = self.advance();
            let outcomes = self.shared.machine().take_outcomes();
            outcomes.into_iter().for_each(|tell| tell());
            self.shared.for_application.send_replace(());
            let sleep = async {
                match wake_at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                biased;
                Some(answer) = self.answers.recv() => Some(answer),
                Some(done) = self.calls.join_next() => match done {
                    Ok(event) => Some(event),
                    Err(error) => return ended(error),
                },
                Some(Err(error)) = self.lane.join_next() => return ended(error),
                () = self.shared.for_driver.notified() => None,
                () = sleep => None,
            };
            if let Some(event) = event {
                self.shared.machine().handle(event, Instant::now());
            }
        }
    }

    fn advance(&mut self) -> Option<Instant> {
        let metadata = self.client.snapshot();
        let now = Now { at: Instant::now(), wall_ms: self.clock.now_ms() };
        let shared = Arc::clone(&self.shared);
        let mut machine = shared.machine();
        let wake_at = machine.advance(now, &metadata);
        while let Some(effect) = machine.poll_effect() {
            self.carry_out(effect);
        }
        wake_at
    }

    fn carry_out(&mut self, effect: Effect) {
        let client = self.client.clone();
        let auto_create = self.allows_auto_create;
        match effect {
            Effect::Coordinator { address, call } => {
                // The other end lives as long as this task.
                let _ = self.orders.send((address, call));
            }
            Effect::Metadata(wanted) => {
                self.calls
                    .spawn(async move { Event::Metadata(metadata(&client, wanted, auto_create).await) });
            }
            Effect::FindCoordinator(request) => {
                self.calls.spawn(async move { Event::Coordinator(client.call_any(&request).await) });
            }
            Effect::GroupTopics { attempt, topics } => {
                self.calls.spawn(async move {
                    Event::GroupTopics { attempt, answer: group_topics(&client, &topics, auto_create).await }
                });
            }
            Effect::Offsets { node, asked, request } => {
                self.calls.spawn(async move {
                    let answer = call_node(&client, node, &request, ListOffsetsRequest::MAX_VERSION).await;
                    Event::Offsets { asked, answer }
                });
            }
            Effect::Epochs { node, asked, request } => {
                self.calls.spawn(async move {
                    let newest = OffsetForLeaderEpochRequest::MAX_VERSION;
                    Event::Epochs { asked, answer: call_node(&client, node, &request, newest).await }
                });
            }
            Effect::Fetch { node, round, asked, names, request, newest } => {
                self.calls.spawn(async move {
                    let answer = call_node(&client, node, &request, newest).await;
                    Event::Fetched { node, round, asked, names, answer }
                });
            }
        }
    }
}

async fn call_node<R: Call>(
    client: &NetworkClient,
    node: NodeId,
    request: &R,
    newest: i16,
) -> Result<R::Answer, ClientError> {
    client.node(node).await?.call(request, newest).await
}

async fn metadata(
    client: &NetworkClient,
    wanted: MetadataWanted,
    auto_create: AutoCreate,
) -> Result<MetadataAnswer, ClientError> {
    match wanted {
        MetadataWanted::All => {
            Ok(MetadataAnswer { all: Some(client.refresh_all().await?), errors: Vec::new() })
        }
        MetadataWanted::Ids(ids) => Ok(MetadataAnswer { all: None, errors: client.refresh_ids(&ids).await? }),
        MetadataWanted::Topics(topics) => {
            let errors = client.refresh_topics(&topics, auto_create).await?;
            Ok(MetadataAnswer { all: None, errors })
        }
    }
}

/// The partitions that the topics of a group have; topics that are not there are left out.
async fn group_topics(
    client: &NetworkClient,
    topics: &[TopicName],
    auto_create: AutoCreate,
) -> Result<Offered, ClientError> {
    let absent = client.refresh_topics(topics, auto_create).await?;
    let metadata = client.snapshot();
    let known = topics.iter().filter(|topic| !absent.iter().any(|(name, _)| name == *topic));
    let offered = known.filter_map(|topic| {
        let known = metadata.topics.get(topic)?;
        Some((topic.clone(), OfferedTopic::from(&**known)))
    });
    Ok(offered.collect())
}

/// Nobody aborts a call: it panicked, or the runtime ends and this task with it.
fn ended(error: tokio::task::JoinError) {
    if let Ok(panic) = error.try_into_panic() {
        std::panic::resume_unwind(panic);
    }
}
