//! A disk in memory: it outlives its node, and fails when it is told to.

use io::Entropy;
use io::disk::SimulatedDisk;

/// A data directory in memory. Clones share it; a node that is given one finds what the last one left.
///
/// One node at a time: what a second one finds is locked.
#[derive(Clone, Debug)]
pub struct EphemeralDisk {
    disk: SimulatedDisk,
}

impl Default for EphemeralDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl EphemeralDisk {
    /// An empty one.
    pub fn new() -> Self {
        Self { disk: SimulatedDisk::default() }
    }

    /// Lets `bytes` more bytes be written, then is full; `None` gives it room again.
    pub fn set_bytes_left(&self, bytes: Option<u64>) {
        self.disk.set_bytes_left(bytes);
    }

    /// Lets `syncs` more syncs succeed, then fails each with an input/output error; `None` mends it. A node counts a
    /// directory whose sync failed as lost until it starts anew, as Kafka does.
    pub fn set_syncs_left(&self, syncs: Option<u64>) {
        self.disk.set_syncs_left(syncs);
    }

    /// Cuts the power: what was not synced is gone, but for a part that `seed` draws, whose last bytes may be torn. To be
    /// called when no node runs on the disk; the next one recovers from what is left.
    pub fn cut_power(&self, seed: u64) {
        self.disk.crash(&Entropy::from_seed(seed));
    }

    pub(crate) fn simulated(&self) -> &SimulatedDisk {
        &self.disk
    }
}
