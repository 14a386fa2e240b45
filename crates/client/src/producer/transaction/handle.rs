//! The machine between the sender, which drives it, and the application's calls, which wait for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::TransactionMachine;

/// The machine's lock is a leaf: no other is taken while it is held.
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
    pub(in crate::producer) fn lock(&self) -> MutexGuard<'_, TransactionMachine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes it, and has those look who wait.
    pub(in crate::producer) fn change<T>(&self, change: impl FnOnce(&mut TransactionMachine) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changes.send_replace(());
        changed
    }

    /// Waits until it shows what is looked for.
    pub(super) async fn until<T>(&self, look: impl Fn(&TransactionMachine) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(seen) = look(&self.lock()) {
                return seen;
            }
            // The other end lives in `self`.
            drop(changes.changed().await);
        }
    }
}
