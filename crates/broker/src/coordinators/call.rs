//! Asking a shard.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

use coordinator::{Now, Shard, Token, Unavailable};
use tokio::sync::oneshot;
use types::PartitionIndex;

use super::{Coordinator, ShardReply, Slot, SlotState};

/// What came of asking.
#[must_use]
pub enum Called<S: Shard> {
    /// The reply.
    Now(ShardReply<S>),
    /// It comes later. All effects of the request have happened.
    Later(Parked<S>),
}

impl<S: Shard> Called<S> {
    /// The reply, now or later.
    pub async fn reply(self) -> ShardReply<S> {
        match self {
            Self::Now(reply) => reply,
            Self::Later(parked) => parked.await,
        }
    }
}

/// What a look at a shard showed.
#[derive(Debug)]
pub struct Looked<T> {
    /// What the looker saw.
    pub seen: T,
    /// Replies of the shard that wait until what it wrote is committed.
    pub held: usize,
}

/// A request that waits for its reply. Dropping it lets the shard forget who asked.
pub struct Parked<S: Shard> {
    slot: Arc<Slot<S>>,
    token: Token,
    reply: oneshot::Receiver<ShardReply<S>>,
    is_over: bool,
}

impl<S: Shard> Future for Parked<S> {
    type Output = ShardReply<S>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.reply).poll(context);
        polled.map(|reply| {
            self.is_over = true;
            // A runtime replies to every token; the sender goes without one only where its slot is dropped.
            reply.unwrap_or(Err(Unavailable::NotCoordinator))
        })
    }
}

impl<S: Shard> Drop for Parked<S> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut state = self.slot.lock();
            state.waiting.remove(&self.token);
            state.runtime.forget(self.token);
        }
    }
}

impl<S> Coordinator<S>
where
    S: Shard + Send + 'static,
    S::Request: Send,
    S::Reply: Send,
{
    /// Asks the shard of a partition.
    pub fn call(self: &Arc<Self>, partition: PartitionIndex, request: S::Request) -> Called<S> {
        match self.slot(partition) {
            Some(slot) => self.call_slot(&slot, request),
            None => Called::Now(Err(Unavailable::NotCoordinator)),
        }
    }

    /// Looks at the shard of a partition as it stands: also at what is not committed, which replies would wait for.
    ///
    /// # Errors
    /// `Loading`, `NotCoordinator`.
    pub fn look<T>(
        &self,
        partition: PartitionIndex,
        look: impl FnOnce(&S, Now) -> T,
    ) -> Result<Looked<T>, Unavailable> {
        let slot = self.slot(partition).ok_or(Unavailable::NotCoordinator)?;
        let state = slot.lock();
        if state.runtime.is_loading() {
            return Err(Unavailable::Loading);
        }
        let shard = state.runtime.shard().ok_or(Unavailable::NotCoordinator)?;
        Ok(Looked { seen: look(shard, self.now()), held: state.runtime.held() })
    }

    /// Asks every shard here, in the order of the partitions.
    pub fn call_all(self: &Arc<Self>, request: impl Fn() -> S::Request) -> Vec<Called<S>> {
        self.slots().iter().map(|slot| self.call_slot(slot, request())).collect()
    }

    /// Tells every shard something that must not be missed: a shard that is being loaded hears it afterwards.
    pub fn tell_all(self: &Arc<Self>, request: impl Fn() -> S::Request) {
        for slot in self.slots() {
            let mut state = slot.lock();
            if state.runtime.is_loading() {
                state.deferred.push(request());
                continue;
            }
            let token = state.next_token();
            state.runtime.request(token, request(), self.now());
            let _ = self.perform(&slot, &mut state, Some(token));
        }
    }

    fn call_slot(self: &Arc<Self>, slot: &Arc<Slot<S>>, request: S::Request) -> Called<S> {
        let mut state = slot.lock();
        let token = state.next_token();
        state.runtime.request(token, request, self.now());
        self.called(slot, state, token)
    }

    /// Carries out what a request asks for, and finds its reply or parks it.
    pub(super) fn called(
        self: &Arc<Self>,
        slot: &Arc<Slot<S>>,
        mut state: MutexGuard<'_, SlotState<S>>,
        token: Token,
    ) -> Called<S> {
        let replied = self.perform(slot, &mut state, Some(token));
        state.guard = None;
        if let Some(reply) = replied {
            return Called::Now(reply);
        }
        let (sender, reply) = oneshot::channel();
        state.waiting.insert(token, sender);
        Called::Later(Parked { slot: slot.clone(), token, reply, is_over: false })
    }
}
