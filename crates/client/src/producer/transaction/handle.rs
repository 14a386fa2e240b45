//! The machine between the sender, which drives it, and the application's calls, which wait for it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::TransactionMachine;

/// The machine's lock is a leaf: no other is taken while it is held, and nobody gets hold of it. Queues are locked before it
/// where records are appended.
pub(in crate::producer) struct Transactions {
    machine: Mutex<TransactionMachine>,
    /// Changes whenever the machine did.
    changes: watch::Sender<()>,
}

impl Transactions {
    pub(in crate::producer) fn new(machine: TransactionMachine) -> Self {
        Self { machine: Mutex::new(machine), changes: watch::Sender::new(()) }
    }

    /// For whoever changes nothing that somebody waits for.
    pub(in crate::producer) fn look<T>(&self, look: impl FnOnce(&mut TransactionMachine) -> T) -> T {
        look(&mut self.machine.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes it, and has those look who wait.
    pub(in crate::producer) fn change<T>(&self, change: impl FnOnce(&mut TransactionMachine) -> T) -> T {
        let changed = self.look(change);
        self.changes.send_replace(());
        changed
    }

    /// Waits until it shows what is looked for.
    pub(super) async fn until<T>(&self, look: impl Fn(&TransactionMachine) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(seen) = self.look(|machine| look(machine)) {
                return seen;
            }
            // The other end lives in `self`.
            drop(changes.changed().await);
        }
    }
}
