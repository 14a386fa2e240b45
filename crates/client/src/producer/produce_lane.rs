//! The task that writes to one broker: requests are written in the order they were decided on, and answered whenever they
//! are.

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use types::NodeId;

use crate::error::ClientError;
use crate::network_client::NetworkClient;
use crate::producer::in_flight::SealedBatch;
use crate::producer::produce_call::{self, Answers, Terms};

/// A request to be written.
pub(super) struct ProduceOrder {
    pub(super) id: u64,
    pub(super) batches: Vec<SealedBatch>,
    pub(super) terms: Terms,
}

/// What became of a request; no answer comes with `acks=0`.
pub(super) struct Produced {
    pub(super) node: NodeId,
    pub(super) id: u64,
    pub(super) answer: Result<Option<Answers>, ClientError>,
}

/// Runs until the orders end. At most `max.in.flight.requests.per.connection` of them are given before one is answered.
///
/// # Panics
/// With what waits for an answer: its batches would have no outcome.
pub(super) async fn run(
    client: NetworkClient,
    node: NodeId,
    mut orders: mpsc::UnboundedReceiver<ProduceOrder>,
    answered: mpsc::UnboundedSender<Produced>,
) {
    let mut waiting = JoinSet::new();
    loop {
        let order = tokio::select! {
            biased;
            Some(waited) = waiting.join_next() => {
                surface(waited);
                continue;
            }
            order = orders.recv() => order,
        };
        let Some(ProduceOrder { id, batches, terms }) = order else { return };
        let begun = produce_call::begin(&client, node, &terms, batches).await;
        let answered = answered.clone();
        // Whether the producer still listens makes no difference.
        match begun {
            Ok(Some(answer)) => drop(waiting.spawn(async move {
                let answer = answer.await.map(Some);
                let _ = answered.send(Produced { node, id, answer });
            })),
            Ok(None) => drop(answered.send(Produced { node, id, answer: Ok(None) })),
            Err(error) => drop(answered.send(Produced { node, id, answer: Err(error) })),
        }
    }
}

/// A panic of a task goes on in whoever waits for it. One that was aborted ended with its runtime.
pub(super) fn surface(ended: Result<(), JoinError>) {
    if let Err(Ok(panic)) = ended.map_err(JoinError::try_into_panic) {
        std::panic::resume_unwind(panic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "as the test wants it")]
    async fn a_panic_goes_on_in_whoever_waits() {
        let mut tasks: JoinSet<()> = JoinSet::new();
        tasks.spawn(async { panic!("as the test wants it") });
        surface(tasks.join_next().await.expect("one was spawned"));
    }
}
