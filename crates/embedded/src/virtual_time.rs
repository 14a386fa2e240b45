//! Time that stands still until it is moved.
//!
//! tokio's paused clock jumps to the next timer as soon as its runtime has nothing else to do, but for as long as work
//! runs on its blocking threads. So a blocking thread that waits holds time still, and letting it go for the length of a
//! sleep has everything that falls into that span happen in its order, each timer at its own time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use io::{Blocking, Clock};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Told each time a runtime has nothing left to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParkSignal {
    parks: Arc<Notify>,
}

impl ParkSignal {
    /// Called by the runtime's thread before it waits.
    pub(crate) fn parked(&self) {
        self.parks.notify_waiters();
    }
}

/// The time of a runtime of its own; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct VirtualTime {
    parks: ParkSignal,
    hold: Arc<Mutex<Hold>>,
    /// One moves time at a time.
    moving: Arc<tokio::sync::Mutex<()>>,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Hold {
    /// While it lives, a thread waits for it, and time stands still.
    still: Option<mpsc::Sender<()>>,
    /// Time is not held any more.
    is_over: bool,
}

impl VirtualTime {
    /// The time that `clock` follows. Must be called within the runtime.
    pub(crate) fn new(parks: ParkSignal, clock: Clock) -> Self {
        Self { parks, hold: Arc::default(), moving: Arc::default(), clock }
    }

    /// Has time stand still. Must be called within the runtime.
    pub(crate) fn freeze(&self) {
        let mut hold = lock(&self.hold);
        if hold.is_over {
            return;
        }
        let (still, ended) = mpsc::channel::<()>();
        // Time stands still from this call on, not only once the thread is there.
        drop(Blocking::Threads.spawn(move || ended.recv()));
        hold.still = Some(still);
    }

    /// Lets time go for good.
    pub(crate) fn let_go(&self) {
        let mut hold = lock(&self.hold);
        *hold = Hold { still: None, is_over: true };
    }

    /// Moves time by `span`. Returns when all that fell due has happened, and the wall clock as it is then. Must be called
    /// within the runtime.
    pub(crate) async fn advance(&self, span: Duration) -> i64 {
        let _moving = self.moving.lock().await;
        let mut until = Box::pin(sleep_until(Instant::now() + span));
        // The sleep has its place among the timers before time may go on, which it therefore ends in time.
        std::future::poll_fn(|context| {
            let _ = until.as_mut().poll(context);
            std::task::Poll::Ready(())
        })
        .await;
        lock(&self.hold).still = None;
        until.await;
        self.freeze();
        self.parks.parks.notified().await;
        self.clock.now_ms()
    }
}

fn lock(hold: &Mutex<Hold>) -> MutexGuard<'_, Hold> {
    hold.lock().unwrap_or_else(PoisonError::into_inner)
}
