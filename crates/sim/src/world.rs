//! What a run shares: the node's ports, the book of promises, the trace, the first promise that was broken.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use handlers::Handlers;
use io::disk::SimulatedDisk;
use io::{Blocking, Clock, Disk, Entropy};
use net::CloseReason;
use net::server::Server;
use node::Environment;
use tokio::io::DuplexStream;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::book::Book;
use crate::invariants::Violation;
use crate::plan::Plan;
use crate::run::Counts;
use crate::trace::Trace;
use crate::wire::Lost;

/// The wall clock when a run begins.
const BEGIN_MS: i64 = 1_795_253_500_000;

/// Shared by everything in a run.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) disk: SimulatedDisk,
    pub(crate) clock: Clock,
    /// The node's randomness, and the power cut's.
    pub(crate) entropy: Entropy,
    pub(crate) trace: Trace,
    pub(crate) book: RefCell<Book>,
    pub(crate) counts: RefCell<Counts>,
    /// Told when a promise was broken.
    pub(crate) broken: Notify,
    violation: RefCell<Option<Violation>>,
    /// Where clients connect, while a node serves.
    door: RefCell<Option<Door>>,
    is_disk_at_fault: Cell<bool>,
    /// Nothing goes wrong any more, and clients do nothing rash.
    is_calm: Cell<bool>,
    /// When the second life began and each one after that, as `now` tells it.
    births: RefCell<Vec<Duration>>,
    /// When the life began that is going on, as its runtime tells it.
    origin: Cell<Option<Instant>>,
}

/// A node's side of the simulated network.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) server: Server,
    pub(crate) handlers: Arc<Handlers>,
}

impl World {
    pub(crate) fn new(plan: Plan, entropy: Entropy) -> Self {
        Self {
            plan,
            disk: SimulatedDisk::default(),
            clock: Clock::simulated(BEGIN_MS),
            entropy,
            trace: Trace::new(),
            book: RefCell::default(),
            counts: RefCell::default(),
            broken: Notify::new(),
            violation: RefCell::default(),
            door: RefCell::default(),
            is_disk_at_fault: Cell::new(false),
            is_calm: Cell::new(false),
            births: RefCell::default(),
            origin: Cell::new(None),
        }
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment {
            disk: Disk::Simulated(self.disk.clone()),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            blocking: Blocking::Inline,
        }
    }

    /// Notes a broken promise; the first one stands and ends the run.
    pub(crate) fn fail(&self, violation: Violation) {
        self.trace.line("broken", &violation.to_string());
        self.violation.borrow_mut().get_or_insert(violation);
        self.broken.notify_one();
    }

    /// [`World::fail`], where there is something to note.
    pub(crate) fn check(&self, result: Result<(), Violation>) {
        if let Err(violation) = result {
            self.fail(violation);
        }
    }

    pub(crate) fn take_violation(&self) -> Option<Violation> {
        self.violation.borrow_mut().take()
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.violation.borrow().is_some()
    }

    /// Whether the disk fails, or did in this life.
    pub(crate) fn is_disk_at_fault(&self) -> bool {
        self.is_disk_at_fault.get()
    }

    pub(crate) fn set_disk_at_fault(&self, is_at_fault: bool) {
        self.is_disk_at_fault.set(is_at_fault);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.get()
    }

    pub(crate) fn calm_down(&self) {
        self.is_calm.set(true);
    }

    /// A life begins. Must be called within its runtime.
    pub(crate) fn begin_life(&self) {
        self.origin.set(Some(Instant::now()));
    }

    /// The runtime that told the time is about to go.
    pub(crate) fn end_life(&self) {
        let now = self.now();
        self.births.borrow_mut().push(now);
        self.origin.set(None);
    }

    /// Simulated time that nodes have lived, this one among them.
    pub(crate) fn now(&self) -> Duration {
        let before = self.births.borrow().last().copied().unwrap_or_default();
        before + self.origin.get().map_or(Duration::ZERO, |origin| origin.elapsed())
    }

    /// When the second life began, and each one after that.
    pub(crate) fn births(&self) -> Vec<Duration> {
        self.births.borrow().clone()
    }

    pub(crate) fn set_door(&self, door: Option<Door>) {
        *self.door.borrow_mut() = door;
    }

    /// Has the node serve its end of a new connection.
    pub(crate) fn serve(self: &std::rc::Rc<Self>, stream: DuplexStream) -> Result<(), Lost> {
        let Door { server, handlers } = self.door.borrow().clone().ok_or(Lost)?;
        let world = self.clone();
        self.counts.borrow_mut().connections += 1;
        tokio::task::spawn_local(async move {
            match server.serve_stream(stream, "PLAINTEXT", None, handlers).await {
                CloseReason::PeerClosed | CloseReason::Shutdown | CloseReason::Io(_) => {}
                reason @ CloseReason::Refused { .. } => world.trace.line("node", &reason.to_string()),
                reason => world.fail(Violation::new("connections_end_for_a_reason", reason.to_string())),
            }
        });
        Ok(())
    }
}
