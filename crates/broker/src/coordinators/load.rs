//! Reading a partition's log into a fresh shard.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};

use ::log::{ReadError, ReadRequest, ReadUpTo};
use coordinator::Shard;
use coordinator::runtime::LoadNumber;
use record::Batches;
use types::Offset;

use super::batches::{self, ReplayError};
use super::{Coordinator, Slot};

/// Logs that are read at the same time.
const LOADS_MAX: usize = 4;

/// Loads that wait for their turn.
pub(super) struct LoadQueue<S: Shard> {
    waiting: VecDeque<(Arc<Slot<S>>, LoadNumber)>,
    workers: usize,
}

impl<S: Shard> Default for LoadQueue<S> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), workers: 0 }
    }
}

/// Why a log was not loaded.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Disk(#[from] std::io::Error),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("the log ends inside a batch at offset {0}")]
    CutShort(Offset),
    /// Something newer took its place.
    #[error("not wanted any more")]
    Unwanted,
}

impl<S> Coordinator<S>
where
    S: Shard + Send + 'static,
    S::Request: Send,
    S::Reply: Send,
{
    /// Begins to load a shard, now or when its turn comes.
    pub(super) fn begin_load(self: &Arc<Self>, slot: &Arc<Slot<S>>, number: LoadNumber) {
        let mut queue = self.load_queue();
        queue.waiting.push_back((slot.clone(), number));
        if queue.workers < LOADS_MAX {
            queue.workers += 1;
            let coordinator = self.clone();
            self.blocking.spawn(move || coordinator.work_off_loads());
        }
    }

    fn work_off_loads(self: Arc<Self>) {
        loop {
            let next = {
                let mut queue = self.load_queue();
                let next = queue.waiting.pop_front();
                if next.is_none() {
                    queue.workers -= 1;
                }
                next
            };
            let Some((slot, number)) = next else { return };
            self.load(&slot, number);
        }
    }

    fn load(self: &Arc<Self>, slot: &Arc<Slot<S>>, number: LoadNumber) {
        let loaded = self.read(slot, number);
        let partition = &slot.partition;
        let mut state = slot.lock();
        match loaded {
            Ok((shard, end)) => {
                tracing::debug!(partition = %partition.name(), %end, "coordinator loaded");
                state.runtime.committed(partition.log().high_watermark());
                state.runtime.loaded(number, shard, end, self.now());
                self.loaded.send_modify(|count| *count += 1);
            }
            Err(LoadError::Unwanted) => {}
            Err(error) => {
                tracing::error!(partition = %partition.name(), %error, "coordinator not loaded, its clients are refused");
                state.runtime.load_failed(number);
            }
        }
        self.perform(slot, &mut state, None);
        for request in std::mem::take(&mut state.deferred) {
            let token = state.next_token();
            state.runtime.request(token, request, self.now());
            let _ = self.perform(slot, &mut state, Some(token));
        }
    }

    /// Replays the whole log into a fresh shard and returns the log's end with it.
    fn read(&self, slot: &Slot<S>, number: LoadNumber) -> Result<(S, Offset), LoadError> {
        let log = slot.partition.log();
        let mut shard = (self.new_shard)();
        let mut from = log.log_start_offset();
        while from < log.log_end_offset() {
            if !slot.lock().runtime.is_wanted(number) {
                return Err(LoadError::Unwanted);
            }
            let slice = log.read(ReadRequest {
                from,
                bytes_max: self.settings.load_bytes,
                up_to: ReadUpTo::LogEnd,
                whole_first_batch: true,
            })?;
            let region = slice.region.ok_or(LoadError::CutShort(from))?;
            let before = from;
            for batch in Batches::new(region.read()?) {
                let batch = batch.map_err(ReplayError::from)?;
                batches::replay(&mut shard, &batch)?;
                from = batch.last_offset().plus(1);
            }
            if from <= before {
                return Err(LoadError::CutShort(from));
            }
        }
        Ok((shard, from))
    }

    fn load_queue(&self) -> MutexGuard<'_, LoadQueue<S>> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
