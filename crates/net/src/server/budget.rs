//! A bound on the bytes of requests in flight, over all connections.
//!
//! A frame pays for its buffer as the buffer grows, and gives everything back when its request has taken effect. So
//! that frames which each hold a part and wait for the rest cannot wait for each other, one frame at a time may go on
//! without paying: the bound is exceeded by at most one request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes that all connections share.
#[derive(Clone)]
pub(super) struct RequestBudget {
    bytes: Arc<Semaphore>,
    /// One permit: whoever has it need not pay.
    overdraft: Arc<Semaphore>,
}

/// What one frame has paid; given back when dropped.
#[derive(Default)]
pub(super) struct Lease {
    paid: Option<OwnedSemaphorePermit>,
    overdraft: Option<OwnedSemaphorePermit>,
    waiting: Option<Pin<Box<dyn Future<Output = Grant> + Send>>>,
}

enum Grant {
    Paid(OwnedSemaphorePermit),
    Overdraft(OwnedSemaphorePermit),
}

impl RequestBudget {
    pub(super) fn new(bytes: usize) -> Self {
        let bytes = bytes.min(Semaphore::MAX_PERMITS);
        Self { bytes: Arc::new(Semaphore::new(bytes)), overdraft: Arc::new(Semaphore::new(1)) }
    }

    /// Bytes nobody has taken.
    #[cfg(test)]
    pub(super) fn available(&self) -> usize {
        self.bytes.available_permits()
    }

    async fn grant(self, bytes: u32) -> Grant {
        const OPEN: &str = "the semaphores of a budget are never closed";
        tokio::select! {
            biased;
            paid = self.bytes.acquire_many_owned(bytes) => Grant::Paid(paid.expect(OPEN)),
            overdraft = self.overdraft.acquire_owned() => Grant::Overdraft(overdraft.expect(OPEN)),
        }
    }
}

impl Lease {
    /// Waits until `bytes` in all are paid for, or need not be.
    pub(super) fn poll_raise(
        &mut self,
        budget: &RequestBudget,
        bytes: usize,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let paid = self.paid.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if bytes <= paid || self.overdraft.is_some() {
            return Poll::Ready(());
        }
        let more = u32::try_from(bytes - paid).unwrap_or(u32::MAX);
        if self.waiting.is_none()
            && let Ok(paid) = budget.bytes.clone().try_acquire_many_owned(more)
        {
            self.add(paid);
            return Poll::Ready(());
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(budget.clone().grant(more)));
        let grant = ready!(waiting.as_mut().poll(context));
        self.waiting = None;
        match grant {
            Grant::Paid(paid) => self.add(paid),
            Grant::Overdraft(permit) => self.overdraft = Some(permit),
        }
        Poll::Ready(())
    }

    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.paid {
            Some(paid) => paid.merge(more),
            None => self.paid = Some(more),
        }
    }
}
