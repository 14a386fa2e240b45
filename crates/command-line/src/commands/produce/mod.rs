//! `milena produce TOPIC`: the lines of standard input or of files, a record each.

mod input;
mod line;
mod lines;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use client::producer::{Delivery, Producer, ProducerConfig, ProducerRecord};
use client::{AutoCreate, ClientError};
use indicatif::ProgressBar;
use types::PartitionIndex;

use self::input::Input;
use self::line::LineFormat;
use super::arguments::ClusterArguments;
use super::delivery_arguments::DeliveryArguments;
use super::under_way::UnderWay;
use super::{completion, connect, datetime, key_value};
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
    #[arg(add = completion::topics())]
    pub topic: String,

    /// Files with the lines, one after the other; - is standard input [default: standard input].
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// How to reach the cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// Split each line at the first of these into key and value; \t is a tab. A line without one, or with nothing
    /// before it, has no key.
    #[arg(short = 'K', long, value_name = "TEXT")]
    pub key_separator: Option<String>,

    /// Take each line for an object as milena consume --json prints it: key, value, headers and timestamp count.
    #[arg(short = 'J', long, conflicts_with_all = ["key_separator", "tombstones"])]
    pub json: bool,

    /// Take an empty value for null, which deletes its key from a compacted topic.
    #[arg(short = 'Z', long)]
    pub tombstones: bool,

    /// Give every record this header; may be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME=VALUE", value_parser = key_value::parse)]
    pub headers: Vec<(String, String)>,

    /// Give every record this timestamp: milliseconds since 1970, or such as 2026-11-21T15:00:00Z [default: now].
    #[arg(long, value_name = "TIME", value_parser = datetime::parse_ms)]
    pub timestamp: Option<i64>,

    /// Send everything to this partition [default: by key, else wherever it suits].
    #[arg(long, value_name = "NUMBER")]
    pub partition: Option<i32>,

    /// How records are acknowledged and packed.
    #[command(flatten)]
    pub delivery: DeliveryArguments,

    /// Read everything and say how many records would be sent, and send nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
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
    let format =
        LineFormat { is_json: arguments.json, key_separator: separator, empty_is_null: arguments.tombstones };
    let input = Input::open(&arguments.files)?;
    connect::block_on(&connect::runtime()?, async {
        match arguments.dry_run {
            true => count_lines(arguments, &format, input).await,
            false => send_lines(arguments, &format, input).await,
        }
    })
}

async fn send_lines(arguments: &ProduceArguments, format: &LineFormat, input: Input) -> Result<(), Failure> {
    let config = ProducerConfig {
        acks: arguments.delivery.acks(),
        compression: arguments.delivery.compression(),
        batch_size: BATCH_SIZE,
        linger: LINGER,
        ..ProducerConfig::default()
    };
    let line_max = config.max_request_size;
    let client = connect::client(&arguments.cluster, "milena-produce")?;
    let producer = Producer::new(client, config, io::Clock::System, connect::entropy()?);
    let bar = input::progress(input.size);
    let mut under_way = UnderWay::new();
    let mut lines = Lines::read(input, line_max, bar)?;
    while let Some(chunk) = lines.next_chunk().await? {
        for line in lines::split(&chunk) {
            let number = lines.count_one();
            let read = match format.read(line) {
                Ok(read) => read,
                Err(error) => {
                    // What stands before it is sent all the same: whoever mends the line goes on there.
                    producer.flush().await;
                    finish(under_way).await?;
                    return Err(unusable(number, &error));
                }
            };
            let record = ProducerRecord {
                topic: &arguments.topic,
                partition: arguments.partition.map(PartitionIndex),
                key: read.key.as_deref(),
                value: read.value.as_deref(),
                headers: &read.headers(&arguments.headers),
                timestamp: read.timestamp.or(arguments.timestamp),
            };
            let delivery = producer.send(record).await.map_err(|error| at_line(number, &error))?;
            note_sent(&mut under_way, number, delivery).await?;
        }
    }
    producer.flush().await;
    finish(under_way).await?;
    producer.close().await;
    Ok(())
}

/// `--dry-run`: the topic has to be there, and every line is read.
async fn count_lines(arguments: &ProduceArguments, format: &LineFormat, input: Input) -> Result<(), Failure> {
    let client = connect::client(&arguments.cluster, "milena-produce")?;
    let admin = client::admin::Admin::new(client.clone());
    if let Err(error) = client.topic(&arguments.topic, AutoCreate::Forbidden).await {
        return Err(super::missing::explain(&admin, &error).await);
    }
    let bar = input::progress(input.size);
    let mut lines = Lines::read(input, ProducerConfig::default().max_request_size, bar)?;
    while let Some(chunk) = lines.next_chunk().await? {
        for line in lines::split(&chunk) {
            let number = lines.count_one();
            format.read(line).map_err(|error| unusable(number, &error))?;
        }
    }
    lines.bar.finish_and_clear();
    eprintln!("{} records would be sent to {}", lines.count, arguments.topic);
    Ok(())
}

/// The lines of the input, counted, with a bar that shows how far they are.
struct Lines {
    chunks: tokio::sync::mpsc::Receiver<lines::Chunk>,
    count: u64,
    bar: ProgressBar,
}

impl Lines {
    fn read(input: Input, line_max: usize, bar: ProgressBar) -> Result<Self, Failure> {
        let chunks = lines::read_in_thread(input, line_max)
            .map_err(|error| Failure::runtime("threads", format!("cannot start a thread: {error}")))?;
        Ok(Self { chunks, count: 0, bar })
    }

    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(chunk) = self.chunks.recv().await else { return Ok(None) };
        let count = self.count;
        let chunk =
            chunk.map_err(|error| Failure::runtime("input", format!("after line {count}: {error}")))?;
        self.bar.inc(chunk.len() as u64);
        self.bar.set_message(format!("{count} records"));
        Ok(Some(chunk))
    }

    /// The number of the next line, from 1.
    fn count_one(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn unusable(line: u64, reason: &str) -> Failure {
    Failure::usage("input", format!("line {line} is no record: {reason}"))
}

/// Remembers the first line of each batch, and fails if one before has failed.
async fn note_sent(under_way: &mut UnderWay<u64>, line: u64, delivery: Delivery) -> Result<(), Failure> {
    if under_way.batch_of(&delivery).is_some() {
        return Ok(());
    }
    under_way.push(line, delivery);
    while let Some(batch) = under_way.pop_done() {
        finish_one(batch).await?;
    }
    Ok(())
}

async fn finish(under_way: UnderWay<u64>) -> Result<(), Failure> {
    for batch in under_way.into_rest() {
        finish_one(batch).await?;
    }
    Ok(())
}

async fn finish_one((line, delivery): (u64, Delivery)) -> Result<(), Failure> {
    delivery.wait_for_batch().await.map_err(|error| at_line(line, &error))
}

/// What went wrong with a line and perhaps with others after it.
fn at_line(line: u64, error: &ClientError) -> Failure {
    connect::failure(error).about(format!("line {line}, and perhaps others after it, was not acknowledged"))
}
