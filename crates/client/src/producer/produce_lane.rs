//! The task that writes to one broker: requests are written in the order they were decided on, and answered whenever they
//! are.

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use types::NodeId;

use crate::error::ClientError;
use crate::network_client::NetworkClient;
use crate::producer::Acks;
use crate::producer::batch::ProducerBatch;
use crate::producer::produce_call::{self, Answers};

/// What became of a request; no answer comes with `acks=0`.
pub(super) struct Produced {
    pub(super) node: NodeId,
    pub(super) batches: Vec<ProducerBatch>,
    pub(super) answer: Result<Option<Answers>, ClientError>,
}

/// Runs until the orders end. At most `max.in.flight.requests.per.connection` of them are given before one is answered.
pub(super) async fn run(
    client: NetworkClient,
    node: NodeId,
    acks: Acks,
    mut orders: mpsc::UnboundedReceiver<Vec<ProducerBatch>>,
    answered: mpsc::UnboundedSender<Produced>,
) {
    let mut waiting = JoinSet::new();
    while let Some(batches) = orders.recv().await {
        while waiting.try_join_next().is_some() {}
        let begun = produce_call::begin(&client, node, acks, &batches).await;
        let answered = answered.clone();
        // Whether the producer still listens makes no difference.
        match begun {
            Ok(Some(answer)) => drop(waiting.spawn(async move {
                let answer = answer.await.map(Some);
                let _ = answered.send(Produced { node, batches, answer });
            })),
            Ok(None) => drop(answered.send(Produced { node, batches, answer: Ok(None) })),
            Err(error) => drop(answered.send(Produced { node, batches, answer: Err(error) })),
        }
    }
}
