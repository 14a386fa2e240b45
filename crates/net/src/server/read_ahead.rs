//! Ranges of files that are not in memory are brought there by a few threads, so that the threads that serve the
//! network never wait for a disk.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use ::io::{Blocking, FileRegion};
use tokio::sync::Semaphore;

/// Ranges brought into memory at a time, over all connections; the others wait for their turn.
const AT_ONCE: usize = 4;

/// Where cold ranges are read; clones share its turns.
#[derive(Clone, Debug)]
pub(super) struct ReadAhead {
    turns: Arc<Semaphore>,
    blocking: Blocking,
}

/// Ready when the range is in memory. Dropping it frees its turn, at the latest when the reading of it ends.
pub(super) type Reading = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

impl ReadAhead {
    pub(super) fn new(blocking: Blocking) -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), blocking }
    }

    /// Whether anything is being read now.
    pub(super) fn is_busy(&self) -> bool {
        self.turns.available_permits() < AT_ONCE
    }

    /// Brings a range into memory, which had better be no longer than a step of writing it.
    pub(super) fn begin(&self, region: FileRegion) -> Reading {
        let Self { turns, blocking } = self.clone();
        Box::pin(async move {
            let turn = turns.acquire_owned().await.expect("the semaphore is never closed");
            let read = move || {
                let result = region.file.fill(region.position, region.length);
                drop(turn);
                result
            };
            blocking.run(read).await
        })
    }
}
