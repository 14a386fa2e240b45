//! The one task that lets the time of all shards pass. It sleeps until the earliest deadline; an idle coordinator costs
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use coordinator::Shard;
use tokio::sync::Notify;

use super::Coordinator;

/// Until when the task sleeps.
#[derive(Debug)]
pub(super) struct Timer {
    /// In uptime; `i64::MAX` while it looks at the shards, so that no earlier deadline is missed.
    sleeps_until_ms: AtomicI64,
    earlier_deadline: Notify,
}

impl Default for Timer {
    fn default() -> Self {
        Self { sleeps_until_ms: AtomicI64::new(i64::MAX), earlier_deadline: Notify::new() }
    }
}

impl Timer {
    /// Makes sure that the task looks at the shards by then.
    pub(super) fn wake_by(&self, deadline_ms: i64) {
        if deadline_ms < self.sleeps_until_ms.load(Ordering::SeqCst) {
            self.earlier_deadline.notify_one();
        }
    }
}

impl<S> Coordinator<S>
where
    S: Shard + Send + 'static,
    S::Request: Send,
    S::Reply: Send,
{
    /// Lets time pass until dropped.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.timer.sleeps_until_ms.store(i64::MAX, Ordering::SeqCst);
            let earlier = self.timer.earlier_deadline.notified();
            let next_ms = self.pass_time();
            self.timer.sleeps_until_ms.store(next_ms, Ordering::SeqCst);
            if next_ms == i64::MAX {
                earlier.await;
                continue;
            }
            // A deadline that stays in the past would keep the task from ever resting.
            let left_ms = next_ms.saturating_sub(self.now().uptime_ms).max(1);
            let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(1));
            tokio::select! {
                biased;
                () = earlier => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }

    /// Tells every shard whose deadline has come, and returns the next one.
    fn pass_time(self: &Arc<Self>) -> i64 {
        let mut next_ms = i64::MAX;
        for slot in self.slots() {
            let now = self.now();
            if slot.deadline_ms.load(Ordering::SeqCst) <= now.uptime_ms {
                let mut state = slot.lock();
                state.runtime.timeout(now);
                self.perform(&slot, &mut state, None);
            }
            next_ms = next_ms.min(slot.deadline_ms.load(Ordering::SeqCst));
        }
        next_ms
    }
}
