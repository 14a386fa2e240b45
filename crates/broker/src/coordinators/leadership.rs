//! Which shards there are: one for each partition of the topic that this broker leads.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};

use coordinator::runtime::Runtime;
use coordinator::{Shard, Token};

use super::{Coordinator, Slot, SlotState};
use crate::partition::Partition;

impl<S> Coordinator<S>
where
    S: Shard + Send + 'static,
    S::Request: Send,
    S::Reply: Send,
{
    /// Follows a change of a partition's leadership; partitions of other topics are none of its business. The one task
    /// that applies metadata calls this, after the partition itself has followed.
    pub(crate) fn follow(self: &Arc<Self>, partition: &Arc<Partition>) {
        if *partition.name().topic != *self.topic {
            return;
        }
        let slot = self.slot_of(partition);
        let leader_epoch = partition.led_epoch();
        let mut state = slot.lock();
        if state.leader_epoch == leader_epoch {
            return;
        }
        state.leader_epoch = leader_epoch;
        match leader_epoch {
            Some(epoch) => state.runtime.lead(epoch),
            None => state.runtime.unload(),
        }
        self.perform(&slot, &mut state, None);
    }

    /// The partition is not hosted here any more.
    pub(crate) fn forget(self: &Arc<Self>, partition: &Partition) {
        if *partition.name().topic != *self.topic {
            return;
        }
        let index = partition.id().partition;
        let removed = {
            let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
            match slots.get(&index) {
                Some(slot) if slot.partition.id() == partition.id() => slots.remove(&index),
                _ => None,
            }
        };
        if let Some(slot) = removed {
            self.unload(&slot);
        }
    }

    /// Drops every shard: the node stops. Whoever waits is told to look for another coordinator.
    pub fn unload_all(self: &Arc<Self>) {
        let all = std::mem::take(&mut *self.slots.write().unwrap_or_else(PoisonError::into_inner));
        for slot in all.values() {
            self.unload(slot);
        }
    }

    fn unload(self: &Arc<Self>, slot: &Arc<Slot<S>>) {
        let mut state = slot.lock();
        state.leader_epoch = None;
        state.deferred.clear();
        state.runtime.unload();
        self.perform(slot, &mut state, None);
    }

    /// The place of this partition's shard. A topic made anew under the name gets places of its own.
    fn slot_of(self: &Arc<Self>, partition: &Arc<Partition>) -> Arc<Slot<S>> {
        let index = partition.id().partition;
        if let Some(slot) = self.slot(index) {
            if slot.partition.id() == partition.id() {
                return slot;
            }
            self.unload(&slot);
        }
        let slot = Arc::new(Slot {
            partition: partition.clone(),
            deadline_ms: AtomicI64::new(i64::MAX),
            state: Mutex::new(SlotState {
                runtime: Runtime::new(self.settings.write_timeout_ms),
                leader_epoch: None,
                waiting: hashbrown::HashMap::default(),
                last_token: Token(0),
                deferred: Vec::new(),
                guard: None,
                is_flushing: false,
            }),
        });
        self.slots.write().unwrap_or_else(PoisonError::into_inner).insert(index, slot.clone());
        slot
    }
}
