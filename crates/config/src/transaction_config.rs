//! The settings of transactions.

use crate::node_values::NodeValues;

/// Transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name, but for the dots")]
pub struct TransactionConfig {
    pub add_partitions_to_txn_retry_backoff_max_ms: i32,
    pub add_partitions_to_txn_retry_backoff_ms: i32,
    pub transaction_abort_timed_out_transaction_cleanup_interval_ms: i32,
    pub transaction_max_timeout_ms: i32,
    pub transaction_partition_verification_enable: bool,
    pub transaction_remove_expired_transaction_cleanup_interval_ms: i32,
    pub transaction_state_log_load_buffer_size: i32,
    pub transaction_state_log_min_isr: i32,
    pub transaction_state_log_num_partitions: i32,
    pub transaction_state_log_replication_factor: i16,
    pub transaction_state_log_segment_bytes: i32,
    pub transaction_two_phase_commit_enable: bool,
    pub transactional_id_expiration_ms: i32,
}

pub(crate) fn transactions(values: &NodeValues) -> TransactionConfig {
    TransactionConfig {
        add_partitions_to_txn_retry_backoff_max_ms: values.int("add.partitions.to.txn.retry.backoff.max.ms"),
        add_partitions_to_txn_retry_backoff_ms: values.int("add.partitions.to.txn.retry.backoff.ms"),
        transaction_abort_timed_out_transaction_cleanup_interval_ms: values
            .int("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
        transaction_max_timeout_ms: values.int("transaction.max.timeout.ms"),
        transaction_partition_verification_enable: values
            .boolean("transaction.partition.verification.enable"),
        transaction_remove_expired_transaction_cleanup_interval_ms: values
            .int("transaction.remove.expired.transaction.cleanup.interval.ms"),
        transaction_state_log_load_buffer_size: values.int("transaction.state.log.load.buffer.size"),
        transaction_state_log_min_isr: values.int("transaction.state.log.min.isr"),
        transaction_state_log_num_partitions: values.int("transaction.state.log.num.partitions"),
        transaction_state_log_replication_factor: i16::try_from(
            values.int("transaction.state.log.replication.factor"),
        )
        .expect("a SHORT key was checked for 16 bits"),
        transaction_state_log_segment_bytes: values.int("transaction.state.log.segment.bytes"),
        transaction_two_phase_commit_enable: values.boolean("transaction.two.phase.commit.enable"),
        transactional_id_expiration_ms: values.int("transactional.id.expiration.ms"),
    }
}
