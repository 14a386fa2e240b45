//! What a transactional id waits for.

use super::Explanation;
use crate::{ProducerEpoch, ProducerId, TopicPartition};

/// Partitions that are told one by one; the rest is counted.
const PARTITIONS_TOLD_MAX: usize = 20;

/// What a transaction waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionWait {
    /// Its coordinator reads the log.
    Loading,
    /// What its coordinator wrote is not committed yet, and answers of the coordinator wait for that; perhaps those of
    /// other transactional ids beside it.
    NotCommitted {
        /// The partition of the internal topic that holds the transactional id.
        partition: TopicPartition,
        /// Answers that wait.
        replies: usize,
    },
    /// It is open: nobody has said how it ends.
    Open {
        /// Whose it is.
        producer: (ProducerId, ProducerEpoch),
        /// For how long it has been open, as far as is known.
        open_for_ms: i64,
        /// What is in it.
        partitions: Vec<TopicPartition>,
        /// Until it is aborted for taking too long; `None` where an outer coordinator decides (KIP-939).
        left_ms: Option<i64>,
    },
    /// It is decided, and its markers are not all written: readers that want committed records alone do not get beyond it.
    MarkersNotWritten {
        /// Whether it was committed, else aborted.
        is_committed: bool,
        /// Since when it is decided, or its coordinator knows of it.
        decided_for_ms: i64,
        /// Whether they are being written, else they wait for their turn.
        is_being_written: bool,
        /// Where a marker is missing.
        partitions: Vec<TopicPartition>,
    },
}

impl From<&TransactionWait> for Explanation {
    fn from(wait: &TransactionWait) -> Self {
        match wait {
            TransactionWait::Loading => Self {
                code: "transaction.loading".into(),
                cause: "the coordinator is reading its log".to_owned(),
                evidence: Vec::new(),
                freed_by: "the end of the log".to_owned(),
                left_ms: None,
            },
            TransactionWait::NotCommitted { partition, replies } => Self::of(
                "transaction.not-committed",
                "what the coordinator wrote is not committed",
                format!("answers of transactional ids in {partition} that wait for it: {replies}"),
                &format!("the high watermark of {partition} (`milena why partition {partition}`)"),
            ),
            TransactionWait::Open { producer: (id, epoch), open_for_ms, partitions, left_ms } => {
                let evidence = format!("producer {id}, epoch {epoch}, has had it open for {open_for_ms} ms");
                let freed_by =
                    "its producer's commit or abort, or the next producer of this transactional id";
                let mut told = Self::of(
                    "transaction.open",
                    "nobody has said how the transaction ends",
                    evidence,
                    freed_by,
                );
                told.evidence.extend(in_partitions("in it", partitions));
                Self { left_ms: *left_ms, ..told }
            }
            TransactionWait::MarkersNotWritten {
                is_committed,
                decided_for_ms,
                is_being_written,
                partitions,
            } => {
                let decision = if *is_committed { "commit" } else { "abort" };
                let progress = if *is_being_written { "are being written" } else { "wait for their turn" };
                let evidence = format!("{decision} was decided {decided_for_ms} ms ago, markers {progress}");
                let mut told = Self::of(
                    "transaction.markers-not-written",
                    "the transaction is decided, and partitions do not have its marker",
                    evidence,
                    "the leaders of these partitions (`milena why partition`)",
                );
                told.evidence.extend(in_partitions("no marker", partitions));
                told
            }
        }
    }
}

fn in_partitions(what: &str, partitions: &[TopicPartition]) -> Vec<String> {
    let mut told: Vec<String> =
        partitions.iter().take(PARTITIONS_TOLD_MAX).map(|partition| format!("{what}: {partition}")).collect();
    if let Some(others) = partitions.len().checked_sub(PARTITIONS_TOLD_MAX).filter(|others| *others > 0) {
        told.push(format!("partitions beside them: {others}"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(count: i32) -> Vec<TopicPartition> {
        (0..count).map(|index| TopicPartition::new("t", index)).collect()
    }

    #[test]
    fn an_open_transaction_is_told_with_its_producer_and_its_timeout() {
        let wait = TransactionWait::Open {
            producer: (ProducerId(7), ProducerEpoch(3)),
            open_for_ms: 500,
            partitions: partitions(1),
            left_ms: Some(59_500),
        };
        let text = Explanation::from(&wait).to_string();
        let expected = "nobody has said how the transaction ends [transaction.open]\n  \
                        seen: producer 7, epoch 3, has had it open for 500 ms\n  seen: in it: t-0\n  \
                        freed by: its producer's commit or abort, or the next producer of this transactional id, \
                        or in 59500 ms";
        assert_eq!(text, expected);
    }

    #[test]
    fn of_many_partitions_some_are_told_and_the_others_counted() {
        let evidence = |count| {
            let wait = TransactionWait::MarkersNotWritten {
                is_committed: true,
                decided_for_ms: 9,
                is_being_written: false,
                partitions: partitions(count),
            };
            Explanation::from(&wait).evidence
        };
        assert_eq!(
            evidence(1),
            ["commit was decided 9 ms ago, markers wait for their turn", "no marker: t-0"]
        );
        assert_eq!(evidence(20).len(), 21);
        assert_eq!(evidence(25).last().map(String::as_str), Some("partitions beside them: 5"));
    }
}
