//! `milena produce TOPIC`: the lines of standard input, a record each.

use std::collections::VecDeque;
use std::time::Duration;

use clap::{Args, ValueEnum};
use client::ClientError;
use client::producer::{Acks, Codec, Compression, Delivery, Producer, ProducerConfig, ProducerRecord};
use types::PartitionIndex;

use super::arguments::ClusterArguments;
use super::{connect, lines};
use crate::command_line::LogArguments;
use crate::failure::Failure;
use crate::logging;

/// Records of a batch, uncompressed; fits into a topic's default `max.message.bytes` with all around it.
const BATCH_SIZE: usize = 1_000_000;

/// Throughput over latency: whoever pipes a file in does not watch single lines.
const LINGER: Duration = Duration::from_millis(20);

/// Options of `milena produce`.
#[derive(Args, Clone, Debug)]
pub struct ProduceArguments {
    /// The topic; created with the brokers' defaults where they do so.
    pub topic: String,

    /// How to reach the cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// Split each line at the first of these into key and value; \t is a tab. A line without one, or with nothing
    /// before it, has no key.
    #[arg(short = 'K', long, value_name = "TEXT")]
    pub key_separator: Option<String>,

    /// Send everything to this partition [default: by key, else wherever it suits].
    #[arg(long, value_name = "NUMBER")]
    pub partition: Option<i32>,

    /// all: acknowledged by every in-sync replica, and written once however often it is sent; 1: by the leader.
    #[arg(long, default_value = "all")]
    pub acks: AcksArgument,

    /// How batches are compressed.
    #[arg(short = 'z', long, default_value = "none")]
    pub compression: CompressionArgument,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// See [`ProduceArguments::acks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum AcksArgument {
    All,
    #[value(name = "1")]
    Leader,
}

/// The codecs of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum CompressionArgument {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

pub(crate) fn produce(arguments: &ProduceArguments) -> Result<(), Failure> {
    logging::start(&arguments.log, "warn")?;
    let separator = arguments.key_separator.as_deref().map(connect::unescape);
    if separator.as_ref().is_some_and(Vec::is_empty) {
        return Err(Failure::usage(
            "key-separator",
            "the key separator is empty: give at least one character",
        ));
    }
    connect::runtime()?.block_on(send_lines(arguments, separator.as_deref()))
}

async fn send_lines(arguments: &ProduceArguments, separator: Option<&[u8]>) -> Result<(), Failure> {
    let config = ProducerConfig {
        acks: match arguments.acks {
            AcksArgument::All => Acks::All,
            AcksArgument::Leader => Acks::Leader,
        },
        compression: compression(arguments.compression),
        batch_size: BATCH_SIZE,
        linger: LINGER,
        ..ProducerConfig::default()
    };
    let line_max = config.max_request_size;
    let entropy = io::Entropy::from_system()
        .map_err(|error| Failure::runtime("randomness", format!("no random numbers: {error}")))?;
    let client = connect::client(&arguments.cluster, "milena-produce");
    let producer = Producer::new(client, config, io::Clock::System, entropy);
    let mut chunks = lines::read_in_thread(std::io::stdin(), line_max)
        .map_err(|error| Failure::runtime("threads", format!("cannot start a thread: {error}")))?;

    let mut under_way = UnderWay::default();
    let mut line_number = 0;
    while let Some(chunk) = chunks.recv().await {
        let chunk =
            chunk.map_err(|error| Failure::runtime("input", format!("after line {line_number}: {error}")))?;
        for line in lines::split(&chunk) {
            line_number += 1;
            let (key, value) = key_and_value(line, separator);
            let record = ProducerRecord {
                topic: &arguments.topic,
                partition: arguments.partition.map(PartitionIndex),
                key,
                value: Some(value),
                ..ProducerRecord::default()
            };
            let delivery = producer.send(record).await.map_err(|error| at_line(line_number, &error))?;
            under_way.push(line_number, delivery).await?;
        }
    }
    producer.flush().await;
    under_way.finish().await?;
    producer.close().await;
    Ok(())
}

/// `key SEPARATOR value`; a line without separator, or with nothing before it, has no key.
fn key_and_value<'a>(line: &'a [u8], separator: Option<&[u8]>) -> (Option<&'a [u8]>, &'a [u8]) {
    let Some(separator) = separator else { return (None, line) };
    match line.windows(separator.len()).position(|window| window == separator) {
        Some(0) => (None, &line[separator.len()..]),
        Some(at) => (Some(&line[..at]), &line[at + separator.len()..]),
        None => (None, line),
    }
}

/// Deliveries whose outcome is not known yet, one for each batch, with the batch's first line.
#[derive(Default)]
struct UnderWay {
    batches: VecDeque<(u64, Delivery)>,
}

impl UnderWay {
    /// Adds a record, and fails if one before it has failed.
    async fn push(&mut self, line: u64, delivery: Delivery) -> Result<(), Failure> {
        // Records of several partitions alternate: look back over as many as are likely to be open.
        let is_known =
            self.batches.iter().rev().take(64).any(|(_, known)| known.shares_batch_with(&delivery));
        if is_known {
            return Ok(());
        }
        self.batches.push_back((line, delivery));
        while let Some((line, delivery)) = self.batches.pop_front_if(|(_, delivery)| delivery.is_done()) {
            delivery.wait().await.map_err(|error| at_line(line, &error))?;
        }
        Ok(())
    }

    async fn finish(self) -> Result<(), Failure> {
        for (line, delivery) in self.batches {
            delivery.wait().await.map_err(|error| at_line(line, &error))?;
        }
        Ok(())
    }
}

/// What went wrong with a line and perhaps with others after it.
fn at_line(line: u64, error: &ClientError) -> Failure {
    connect::failure(error).about(format!("line {line}, and perhaps others after it, was not acknowledged"))
}

fn compression(argument: CompressionArgument) -> Compression {
    Compression::of(match argument {
        CompressionArgument::None => Codec::None,
        CompressionArgument::Gzip => Codec::Gzip,
        CompressionArgument::Snappy => Codec::Snappy,
        CompressionArgument::Lz4 => Codec::Lz4,
        CompressionArgument::Zstd => Codec::Zstd,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_at_the_first_separator() {
        let check = |line: &'static str, separator: Option<&'static str>, key: Option<&str>, value: &str| {
            let found = key_and_value(line.as_bytes(), separator.map(str::as_bytes));
            assert_eq!(found, (key.map(str::as_bytes), value.as_bytes()), "{line:?} at {separator:?}");
        };
        check("a:b:c", Some(":"), Some("a"), "b:c");
        check("a::b", Some("::"), Some("a"), "b");
        check("a:b", None, None, "a:b");
        check("ab", Some(":"), None, "ab");
        check(":b", Some(":"), None, "b");
        check("a:", Some(":"), Some("a"), "");
        check("", Some(":"), None, "");
    }
}
