//! The settings of transactions.

/// What the broker's configuration says about transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionSettings {
    /// `transaction.max.timeout.ms`: no client may ask for a longer timeout.
    pub timeout_ms_max: i32,
    /// `transactional.id.expiration.ms`: how long a transactional id without transaction is kept.
    pub expiration_ms: i64,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`, at least 1.
    pub abort_timed_out_interval_ms: i64,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`, at least 1.
    pub remove_expired_interval_ms: i64,
    /// `transaction.two.phase.commit.enable` (KIP-939).
    pub has_two_phase_commit: bool,
}
