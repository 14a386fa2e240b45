//! Proof that the transaction coordinator knows of a transaction before its first records are appended (KIP-890).

use types::ProducerEpoch;

/// Handed out before the coordinator is asked; shown with the first append of the transaction. Unique within the
/// partition, so that a marker written in between makes it worthless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VerificationGuard(pub(super) u64);

/// One producer between the question to the coordinator and its first append.
#[derive(Clone, Debug)]
pub(super) struct Verification {
    pub(super) guard: VerificationGuard,
    pub(super) created_ms: i64,
    pub(super) epoch: ProducerEpoch,
    /// Smallest sequence that asked: a later batch must not overtake it.
    pub(super) lowest_sequence: i32,
    /// Whether the client bumps its epoch with each transaction (transaction version 2).
    pub(super) supports_epoch_bump: bool,
}

impl Verification {
    pub(super) fn new(
        guard: VerificationGuard,
        epoch: ProducerEpoch,
        sequence: i32,
        supports_epoch_bump: bool,
        created_ms: i64,
    ) -> Self {
        Self { guard, created_ms, epoch, lowest_sequence: sequence, supports_epoch_bump }
    }

    pub(super) fn saw(&mut self, epoch: ProducerEpoch, sequence: i32) {
        if epoch > self.epoch {
            self.epoch = epoch;
            self.lowest_sequence = sequence;
        } else if epoch == self.epoch {
            self.lowest_sequence = self.lowest_sequence.min(sequence);
        }
    }
}
