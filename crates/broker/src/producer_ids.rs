//! Producer ids for idempotent producers: given from a block that the controller allots (KIP-730).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Mutex;
use types::ProducerId;

/// A range of producer ids that is this broker's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdBlock {
    /// The first id.
    pub first: ProducerId,
    /// How many ids.
    pub length: i32,
}

/// The controller allots no block now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no block of producer ids: {reason}")]
pub struct ProducerIdsError {
    /// What the controller said.
    pub reason: String,
}

/// Asks the controller for the next block.
pub type AllotBlock = Arc<
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<ProducerIdBlock, ProducerIdsError>> + Send>> + Send + Sync,
>;

/// Gives producer ids, each once.
pub struct ProducerIds {
    allot: AllotBlock,
    /// What is left of the block; asking for the next one happens under the lock, so that one request asks for all.
    left: Mutex<ProducerIdBlock>,
}

impl ProducerIds {
    /// Ids from blocks that `allot` gets.
    pub fn new(allot: AllotBlock) -> Self {
        Self { allot, left: Mutex::new(ProducerIdBlock { first: ProducerId(0), length: 0 }) }
    }

    /// The next id.
    ///
    /// # Errors
    /// When the block is used up and the controller allots no other now.
    pub async fn next(&self) -> Result<ProducerId, ProducerIdsError> {
        let mut left = self.left.lock().await;
        if left.length == 0 {
            *left = (self.allot)().await?;
        }
        let next = left.first;
        left.first = ProducerId(next.0 + 1);
        left.length -= 1;
        Ok(next)
    }
}

impl std::fmt::Debug for ProducerIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProducerIds").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn every_id_is_given_once_across_blocks() {
        let next_block = Arc::new(AtomicI64::new(0));
        let ids = ProducerIds::new(Arc::new(move || {
            let first = ProducerId(next_block.fetch_add(10, Ordering::Relaxed));
            Box::pin(async move { Ok(ProducerIdBlock { first, length: 2 }) })
        }));
        let mut given = Vec::new();
        for _ in 0..5 {
            given.push(ids.next().await.expect("allotted").0);
        }
        assert_eq!(given, [0, 1, 10, 11, 20]);
    }

    #[tokio::test]
    async fn a_refusal_of_the_controller_is_passed_on_and_forgotten() {
        let asked = Arc::new(AtomicI64::new(0));
        let ids = ProducerIds::new(Arc::new(move || {
            let is_first = asked.fetch_add(1, Ordering::Relaxed) == 0;
            Box::pin(async move {
                if is_first {
                    return Err(ProducerIdsError { reason: "not now".to_owned() });
                }
                Ok(ProducerIdBlock { first: ProducerId(7), length: 1 })
            })
        }));
        assert!(ids.next().await.is_err());
        assert_eq!(ids.next().await, Ok(ProducerId(7)));
    }
}
