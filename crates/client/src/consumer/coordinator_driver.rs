//! The task that asks the group's coordinator: requests are written in the order they were decided on, on a connection
//! that nobody else uses, and answered whenever they are.

use std::sync::Arc;
use std::time::Duration;

use protocol::messages::offset_commit_request::OffsetCommitRequest;
use protocol::messages::offset_fetch_request::OffsetFetchRequest;
use tokio::sync::mpsc;

use crate::broker_connection::BrokerConnection;
use crate::call::Call;
use crate::consumer::machine::{CoordinatorCall, Event};
use crate::consumer::topic_ids::TopicIds;
use crate::error::ClientError;
use crate::network_client::NetworkClient;

/// A call for the coordinator at this address.
pub(super) type Order = (String, CoordinatorCall);

/// Runs until the orders end.
pub(super) async fn run(
    client: NetworkClient,
    mut orders: mpsc::UnboundedReceiver<Order>,
    events: mpsc::UnboundedSender<Event>,
) {
    let lane = Lane { patience: client.config().request_timeout, client, events };
    while let Some((address, call)) = orders.recv().await {
        lane.carry_out(&address, call).await;
    }
}

struct Lane {
    client: NetworkClient,
    patience: Duration,
    events: mpsc::UnboundedSender<Event>,
}

impl Lane {
    async fn carry_out(&self, address: &str, call: CoordinatorCall) {
        let connection = self.client.connection(address).await;
        match call {
            CoordinatorCall::Join { attempt, request, patience } => {
                let told = move |answer| Event::Joined { attempt, answer };
                self.send(connection, &request, newest(&request), patience, told).await;
            }
            CoordinatorCall::Sync { attempt, request, patience } => {
                let told = move |answer| Event::Synced { attempt, answer };
                self.send(connection, &request, newest(&request), patience, told).await;
            }
            CoordinatorCall::Heartbeat { attempt, request } => {
                let told = move |answer| Event::Heartbeat { attempt, answer };
                self.send(connection, &request, newest(&request), self.patience, told).await;
            }
            CoordinatorCall::Leave(request) => {
                self.send(connection, &request, newest(&request), self.patience, |_| Event::Left).await;
            }
            CoordinatorCall::ConsumerHeartbeat { attempt, request } => {
                let told = move |answer| Event::ConsumerHeartbeat { attempt, answer };
                self.send(connection, &request, newest(&request), self.patience, told).await;
            }
            CoordinatorCall::ConsumerLeave(request) => {
                self.send(connection, &request, newest(&request), self.patience, |_| Event::Left).await;
            }
            CoordinatorCall::Commit { id, mut request } => {
                let ids = TopicIds::of_commit(&mut request, &self.client.snapshot());
                let newest = ids.newest(OffsetCommitRequest::MAX_VERSION);
                let told = move |answer: Result<_, _>| Event::Committed {
                    id,
                    answer: answer.map(|answer| ids.name_commit(answer)),
                };
                self.send(connection, &request, newest, self.patience, told).await;
            }
            CoordinatorCall::CommittedOffsets { id, asked, mut request } => {
                let ids = TopicIds::of_fetch(&mut request, &self.client.snapshot());
                let newest = ids.newest(OffsetFetchRequest::MAX_VERSION);
                let told = move |answer: Result<_, _>| Event::CommittedOffsets {
                    id,
                    asked,
                    answer: answer.map(|answer| ids.name_fetch(answer)),
                };
                self.send(connection, &request, newest, self.patience, told).await;
            }
        }
    }

    /// Writes the request, and has its answer told whenever it comes.
    async fn send<R: Call + 'static>(
        &self,
        connection: Result<Arc<BrokerConnection>, ClientError>,
        request: &R,
        newest: i16,
        patience: Duration,
        told: impl FnOnce(Result<R::Answer, ClientError>) -> Event + Send + 'static,
    ) {
        let begun = match connection {
            Ok(connection) => connection.begin(request, newest, patience).await,
            Err(error) => Err(error),
        };
        let events = self.events.clone();
        match begun {
            // Whether the consumer still listens makes no difference.
            Err(error) => drop(events.send(told(Err(error)))),
            Ok(answer) => {
                tokio::spawn(async move {
                    let answer = answer.await;
                    drop(events.send(told(answer)));
                });
            }
        }
    }
}

fn newest<R: Call>(_: &R) -> i16 {
    R::MAX_VERSION
}
