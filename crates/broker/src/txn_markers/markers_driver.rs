//! The task that serves every shard of the coordinator of transactions, while it answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::due;
use crate::Broker;

/// Writes markers until dropped.
pub async fn run(broker: Arc<Broker>) {
    let mut loaded = broker.transactions().loaded();
    let mut served = BTreeSet::new();
    let mut tasks = JoinSet::new();
    loop {
        loaded.mark_unchanged();
        for shard in broker.transactions().active() {
            if served.insert(shard) {
                tasks.spawn(due::serve(broker.clone(), shard));
            }
        }
        tokio::select! {
            biased;
            // The sender lives as long as the broker.
            _ = loaded.changed() => {}
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                match ended {
                    Ok(shard) => drop(served.remove(&shard)),
                    // Which one it was is not known: none is left without a task for it.
                    Err(panic) => {
                        tracing::error!(%panic, "markers of transactions were not written");
                        tasks.shutdown().await;
                        served.clear();
                    }
                }
            }
        }
    }
}
