//! What waits at a partition, and what keeps it from going on.

use std::fmt;

use super::Explanation;
use crate::{NodeId, Offset, ProducerEpoch, ProducerId};

/// A client whose request waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitingClient {
    /// What it calls itself.
    pub client_id: Option<String>,
    /// Its address as Kafka writes it, such as `/127.0.0.1`; a slash alone on a stream that is no socket.
    pub client_host: String,
}

impl fmt::Display for WaitingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.client_id {
            Some(client_id) => write!(f, "client {client_id}")?,
            None => f.write_str("a client without id")?,
        }
        write!(f, " at {}", self.client_host)
    }
}

/// A Fetch request that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingFetch {
    /// Whose it is.
    pub client: WaitingClient,
    /// Where it reads next.
    pub fetch_offset: Offset,
    /// Up to where it sees: the high watermark, or the last stable offset with read_committed; exclusive.
    pub visible_end: Offset,
    /// Bytes of all its partitions together that are worth answering.
    pub min_bytes: usize,
    /// Since when it waits.
    pub waited_ms: i64,
    /// Until it is answered with what there is (`fetch.max.wait.ms`).
    pub left_ms: i64,
}

/// The oldest transaction that is open at a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// Whose it is.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// Its first record.
    pub first_offset: Offset,
    /// First offset that read_committed consumers do not see.
    pub last_stable: Offset,
    /// First offset that nobody sees.
    pub high_watermark: Offset,
    /// Milliseconds since the producer wrote, by its own clock.
    pub silent_ms: i64,
    /// Open transactions beside it.
    pub others: usize,
}

impl fmt::Display for OpenTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { producer_id, producer_epoch, first_offset, silent_ms, .. } = self;
        let Self { last_stable, high_watermark, .. } = self;
        write!(
            f,
            "producer id {producer_id} (epoch {producer_epoch}) wrote first at offset {first_offset} and last {silent_ms} ms \
             ago; last stable offset {last_stable}, high watermark {high_watermark}"
        )
    }
}

/// What waits at a partition, or holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionWait {
    /// Nobody leads it.
    NoLeader {
        /// All replicas.
        replicas: Vec<NodeId>,
        /// Those that may lead.
        in_sync: Vec<NodeId>,
    },
    /// Its leader is still opening the log.
    LogOpening {
        /// The leader.
        node: NodeId,
    },
    /// Its leader could not open the log.
    LogNotOpened {
        /// The leader.
        node: NodeId,
        /// Why.
        reason: String,
    },
    /// Its leader could not make the log, and tries again.
    LogNotMade {
        /// The leader.
        node: NodeId,
        /// Why.
        reason: String,
    },
    /// A write failed half way; the log takes nothing more.
    LogFailed {
        /// The leader.
        node: NodeId,
    },
    /// Producers with acks=all are refused.
    TooFewInSync {
        /// Replicas in sync.
        in_sync: usize,
        /// How many are asked for: min(`min.insync.replicas`, replicas).
        needed: usize,
    },
    /// What is appended is not flushed, and the topic commits only what is.
    NotFlushed {
        /// First offset that is not committed.
        high_watermark: Offset,
        /// First offset that is not flushed.
        flushed: Offset,
        /// Where the next record goes.
        log_end: Offset,
    },
    /// What is appended is not known to be at every replica in sync.
    NotReplicated {
        /// First offset that is not committed.
        high_watermark: Offset,
        /// Where the next record goes.
        log_end: Offset,
        /// The replicas in sync.
        in_sync: Vec<NodeId>,
    },
    /// The oldest open transaction holds the last stable offset.
    OpenTransaction(OpenTransaction),
    /// The log cannot be compacted any more.
    NotCleaned {
        /// First offset that no cleaning has reached.
        first_dirty: Offset,
    },
    /// A producer with acks=all waits until its records are committed.
    ProduceNotCommitted {
        /// Whose request it is.
        client: WaitingClient,
        /// The high watermark has to reach this.
        end: Offset,
        /// Since when it waits.
        waited_ms: i64,
        /// Until it is told that time is up.
        left_ms: i64,
    },
    /// A producer waits until its records are flushed (`flush.messages`).
    ProduceNotFlushed {
        /// Whose request it is.
        client: WaitingClient,
        /// The log has to be flushed up to this.
        end: Offset,
        /// Since when it waits.
        waited_ms: i64,
        /// Until it is told that time is up.
        left_ms: i64,
    },
    /// A consumer has read everything, and waits for more.
    FetchAtEnd(WaitingFetch),
    /// A read_committed consumer has read everything before an open transaction.
    FetchBehindTransaction(WaitingFetch),
    /// A consumer asked for more bytes at once than there are.
    FetchBelowMinBytes(WaitingFetch),
}

impl From<&PartitionWait> for Explanation {
    fn from(wait: &PartitionWait) -> Self {
        match wait {
            PartitionWait::NoLeader { replicas, in_sync } => Self::of(
                "partition.no-leader",
                "nobody leads the partition",
                format!("replicas: {}; in sync: {}", nodes(replicas), nodes(in_sync)),
                "the start of a replica that is in sync, or an unclean election",
            ),
            PartitionWait::LogOpening { node } => Self::of(
                "partition.log-opening",
                "the leader is opening the log",
                format!("node {node} leads, and does not serve it yet"),
                "the end of the recovery, which reads what was not flushed before a crash",
            ),
            PartitionWait::LogNotOpened { node, reason } => Self::of(
                "partition.log-not-opened",
                "the leader could not open the log",
                reason.clone(),
                &format!("the next start of node {node}, once the files can be read"),
            ),
            PartitionWait::LogNotMade { node, reason } => Self::of(
                "partition.log-not-made",
                "the leader could not make the log",
                reason.clone(),
                &format!("node {node}, which tries again every second, once its disk takes it"),
            ),
            PartitionWait::LogFailed { node } => Self::of(
                "partition.log-failed",
                "a write failed half way, so the log takes nothing more",
                format!("the log of node {node} tells of it"),
                &format!("the next start of node {node}, which recovers the log"),
            ),
            PartitionWait::TooFewInSync { in_sync, needed } => Self::of(
                "partition.too-few-in-sync",
                "producers with acks=all are refused",
                format!("{in_sync} replicas are in sync, min.insync.replicas asks for {needed}"),
                "a replica that catches up",
            ),
            PartitionWait::NotFlushed { high_watermark, flushed, log_end } => Self::of(
                "partition.not-flushed",
                "records are not committed before they are flushed (flush.messages=1)",
                format!("high watermark {high_watermark}, flushed up to {flushed}, log end {log_end}"),
                "the flush",
            ),
            PartitionWait::NotReplicated { high_watermark, log_end, in_sync } => Self::of(
                "partition.not-replicated",
                "records are not committed before every replica in sync has them",
                format!("high watermark {high_watermark}, log end {log_end}, in sync: {}", nodes(in_sync)),
                "the replicas' fetches, or the end of their membership in the ISR",
            ),
            PartitionWait::OpenTransaction(transaction) => {
                let mut explanation = Self::of(
                    "partition.open-transaction",
                    "read_committed consumers wait for the end of a transaction",
                    transaction.to_string(),
                    "its commit or its abort",
                );
                if transaction.others > 0 {
                    explanation.evidence.push(format!("open transactions beside it: {}", transaction.others));
                }
                explanation
            }
            PartitionWait::NotCleaned { first_dirty } => Self::of(
                "partition.not-cleaned",
                "the log cannot be compacted",
                format!("a cleaning failed for good; dirty from offset {first_dirty} on"),
                "the next start of the node; its log tells what is wrong",
            ),
            PartitionWait::ProduceNotCommitted { client, end, waited_ms, left_ms } => Self::of(
                "partition.produce-not-committed",
                "a producer with acks=all waits until its records are committed",
                format!("{client} has waited for {waited_ms} ms"),
                &format!("the high watermark at {end}"),
            )
            .within(*left_ms),
            PartitionWait::ProduceNotFlushed { client, end, waited_ms, left_ms } => Self::of(
                "partition.produce-not-flushed",
                "a producer waits until its records are flushed (flush.messages)",
                format!("{client} has waited for {waited_ms} ms"),
                &format!("the flush up to {end}"),
            )
            .within(*left_ms),
            PartitionWait::FetchAtEnd(fetch) => Self::of(
                "partition.fetch-at-end",
                "a consumer waits for new records",
                reader(fetch),
                "an append that is committed",
            )
            .within(fetch.left_ms),
            PartitionWait::FetchBehindTransaction(fetch) => Self::of(
                "partition.fetch-behind-transaction",
                "a read_committed consumer waits for the end of a transaction",
                reader(fetch),
                "the commit or abort of the oldest open transaction",
            )
            .within(fetch.left_ms),
            PartitionWait::FetchBelowMinBytes(fetch) => Self::of(
                "partition.fetch-below-min-bytes",
                "a consumer waits for more bytes than there are (fetch.min.bytes)",
                format!("{}; it asks for {} bytes at least", reader(fetch), fetch.min_bytes),
                "appends of as many bytes",
            )
            .within(fetch.left_ms),
        }
    }
}

fn reader(fetch: &WaitingFetch) -> String {
    let WaitingFetch { client, fetch_offset, visible_end, waited_ms, .. } = fetch;
    format!("{client} is at offset {fetch_offset}, sees up to {visible_end}, has waited for {waited_ms} ms")
}

fn nodes(nodes: &[NodeId]) -> String {
    match nodes {
        [] => "none".to_owned(),
        nodes => nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(wait: &PartitionWait, expected: &str) {
        assert_eq!(Explanation::from(wait).to_string(), expected);
    }

    #[test]
    fn a_transaction_is_named_by_its_producer_and_its_first_offset() {
        let wait = PartitionWait::OpenTransaction(OpenTransaction {
            producer_id: ProducerId(7),
            producer_epoch: ProducerEpoch(2),
            first_offset: Offset(12),
            last_stable: Offset(12),
            high_watermark: Offset(15),
            silent_ms: 300,
            others: 1,
        });
        check(
            &wait,
            "read_committed consumers wait for the end of a transaction [partition.open-transaction]\n  seen: producer id 7 \
             (epoch 2) wrote first at offset 12 and last 300 ms ago; last stable offset 12, high watermark 15\n  seen: open \
             transactions beside it: 1\n  freed by: its commit or its abort",
        );
    }

    #[test]
    fn a_fetch_is_told_with_its_client_and_its_place() {
        let client =
            WaitingClient { client_id: Some("rdkafka".to_owned()), client_host: "/10.0.0.7".to_owned() };
        let fetch = WaitingFetch {
            client,
            fetch_offset: Offset(3),
            visible_end: Offset(3),
            min_bytes: 1,
            waited_ms: 20,
            left_ms: 480,
        };
        check(
            &PartitionWait::FetchAtEnd(fetch),
            "a consumer waits for new records [partition.fetch-at-end]\n  seen: client rdkafka at /10.0.0.7 is at offset 3, \
             sees up to 3, has waited for 20 ms\n  freed by: an append that is committed, or in 480 ms",
        );
    }

    #[test]
    fn a_producer_is_told_with_what_it_waits_for() {
        let client = WaitingClient { client_id: None, client_host: "/10.0.0.7".to_owned() };
        let wait = PartitionWait::ProduceNotCommitted { client, end: Offset(5), waited_ms: 1, left_ms: 9 };
        check(
            &wait,
            "a producer with acks=all waits until its records are committed [partition.produce-not-committed]\n  seen: a \
             client without id at /10.0.0.7 has waited for 1 ms\n  freed by: the high watermark at 5, or in 9 ms",
        );
    }

    #[test]
    fn a_partition_without_leader_names_who_may_lead() {
        let wait = PartitionWait::NoLeader { replicas: vec![NodeId(1), NodeId(2)], in_sync: Vec::new() };
        check(
            &wait,
            "nobody leads the partition [partition.no-leader]\n  seen: replicas: 1, 2; in sync: none\n  freed by: the start \
             of a replica that is in sync, or an unclean election",
        );
    }
}
