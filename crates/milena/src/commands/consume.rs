//! `milena consume TOPIC`: the records of a topic on standard output, a line each.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

use clap::Args;
use client::admin::{Admin, OffsetSpec};
use client::consumer::{Consumer, ConsumerConfig, IsolationLevel, OffsetReset, PartitionRecords};
use client::{AutoCreate, ClientError, NetworkClient};
use types::{Offset, PartitionIndex, TopicPartition};

use super::arguments::ClusterArguments;
use super::connect;
use super::offset_argument::OffsetArgument;
use super::record_format::RecordFormat;
use crate::command_line::LogArguments;
use crate::failure::Failure;
use crate::logging;

/// Bytes that are collected before they are written.
const OUTPUT_BUFFER: usize = 64 << 10;

/// Options of `milena consume`.
#[derive(Args, Clone, Debug)]
pub struct ConsumeArguments {
    /// The topic.
    pub topic: String,

    /// How to reach the cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// Begin at the first record there is; the same as --offset beginning.
    #[arg(long, conflicts_with = "offset")]
    pub from_beginning: bool,

    /// Where to begin: beginning, end, a number, -NUMBER from the end, or @TIME, which is milliseconds since 1970 or such as
    /// 2026-11-21T15:00:00Z [default: end].
    #[arg(short, long, allow_hyphen_values = true)]
    pub offset: Option<OffsetArgument>,

    /// Read this partition only; may be repeated.
    #[arg(long = "partition", value_name = "NUMBER")]
    pub partitions: Vec<i32>,

    /// Stop at what is the end now, instead of waiting for more.
    #[arg(short, long)]
    pub exit_at_end: bool,

    /// Stop after this many records.
    #[arg(short, long, value_name = "NUMBER")]
    pub count: Option<u64>,

    /// Print each record's key and the separator before its value; nothing stands for no key.
    #[arg(long)]
    pub print_key: bool,

    /// What stands between key and value; \t is a tab.
    #[arg(short = 'K', long, value_name = "TEXT", default_value = "\\t")]
    pub key_separator: String,

    /// Print each record like this: %s value, %k key, %t topic, %p partition, %o offset, %T timestamp, %h headers, %S and %K
    /// bytes of value and key; \n and \t as elsewhere.
    #[arg(short, long, conflicts_with_all = ["print_key", "key_separator"], value_parser = RecordFormat::parse)]
    pub format: Option<RecordFormat>,

    /// See committed transactions only.
    #[arg(long)]
    pub read_committed: bool,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

pub(crate) fn consume(arguments: &ConsumeArguments) -> Result<(), Failure> {
    logging::start(&arguments.log, "warn")?;
    let mut printer = Printer {
        output: BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock()),
        key_separator: arguments.print_key.then(|| connect::unescape(&arguments.key_separator)),
        format: arguments.format.clone(),
        left: arguments.count.unwrap_or(u64::MAX),
    };
    match connect::runtime()?.block_on(print_records(arguments, &mut printer)) {
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Output(error)) => {
            // What is still buffered has no reader: it must not be tried again when the printer is dropped.
            let _ = printer.output.into_parts();
            Err(Failure::output(&error))
        }
        Ok(()) => Ok(()),
    }
}

/// Why printing ended early.
enum Stop {
    Failed(Failure),
    Output(io::Error),
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        Self::Failed(connect::failure(&error))
    }
}

async fn print_records<W: Write>(arguments: &ConsumeArguments, printer: &mut Printer<W>) -> Result<(), Stop> {
    let isolation_level = match arguments.read_committed {
        true => IsolationLevel::ReadCommitted,
        false => IsolationLevel::ReadUncommitted,
    };
    let client = connect::client(&arguments.cluster, "milena-consume");
    let topic = client.topic(&arguments.topic, AutoCreate::Forbidden).await?;
    let partitions: Vec<PartitionIndex> = match arguments.partitions.as_slice() {
        [] => topic.partitions.iter().map(|partition| partition.index).collect(),
        named => named.iter().copied().map(PartitionIndex).collect(),
    };
    let offsets = |spec| offsets(&client, &arguments.topic, &partitions, spec, isolation_level);
    let start = match arguments.offset {
        Some(offset) => offset,
        None if arguments.from_beginning => OffsetArgument::Beginning,
        None => OffsetArgument::End,
    };
    // Asked for before the start, so that the start is not behind it.
    let mut ends = if arguments.exit_at_end { Some(offsets(OffsetSpec::Latest).await?) } else { None };
    let positions = match start {
        OffsetArgument::Beginning => offsets(OffsetSpec::Earliest).await?,
        OffsetArgument::End => offsets(OffsetSpec::Latest).await?,
        OffsetArgument::At(offset) => {
            // Also finds out whether the partitions exist.
            offsets(OffsetSpec::Earliest).await?.into_keys().map(|index| (index, Offset(offset))).collect()
        }
        OffsetArgument::BeforeEnd(count) => {
            let (first, mut found) =
                (offsets(OffsetSpec::Earliest).await?, offsets(OffsetSpec::Latest).await?);
            for (index, offset) in &mut found {
                let first = first.get(index).map_or(0, |first| first.0);
                *offset = Offset(offset.0.saturating_sub(count).max(first));
            }
            found
        }
        OffsetArgument::Time(ms) => {
            at_time(&client, &arguments.topic, &partitions, ms, isolation_level).await?
        }
    };
    if let Some(ends) = &mut ends {
        ends.retain(|index, end| positions.get(index).is_some_and(|position| position < end));
    }
    let config = ConsumerConfig {
        isolation_level,
        offset_reset: match start {
            OffsetArgument::At(_) => OffsetReset::Fail,
            _ => OffsetReset::Earliest,
        },
        ..ConsumerConfig::default()
    };
    let is_over = |ends: &Option<BTreeMap<PartitionIndex, Offset>>, printer: &Printer<W>| {
        ends.as_ref().is_some_and(BTreeMap::is_empty) || printer.left == 0
    };
    let consumer = Consumer::new(&client, config);
    let of_topic = |(index, offset)| (TopicPartition { topic: topic.name.clone(), partition: index }, offset);
    consumer.assign_at(positions.into_iter().map(of_topic))?;
    while !is_over(&ends, printer) {
        let records = consumer.poll().await?;
        let index = records.partition.partition;
        let end = match &ends {
            None => Offset(i64::MAX),
            Some(ends) => match ends.get(&index) {
                Some(end) => *end,
                None => continue,
            },
        };
        printer.print(&records, end)?;
        if let Some(ends) = ends.as_mut().filter(|_| records.next_position >= end) {
            ends.remove(&index);
        }
    }
    Ok(())
}

async fn offsets(
    client: &NetworkClient,
    topic: &str,
    partitions: &[PartitionIndex],
    spec: OffsetSpec,
    isolation_level: IsolationLevel,
) -> Result<BTreeMap<PartitionIndex, Offset>, ClientError> {
    let specs = partitions.iter().map(|index| (TopicPartition::new(topic, *index), spec));
    let found = Admin::new(client.clone()).list_offsets(&specs.collect(), isolation_level).await?;
    let mut offsets = BTreeMap::new();
    for (partition, listed) in found {
        // There is none where every record is older than the time.
        if let Some(offset) = listed?.offset {
            offsets.insert(partition.partition, offset);
        }
    }
    Ok(offsets)
}

/// The first offsets at or after a time; the ends where every record is older.
async fn at_time(
    client: &NetworkClient,
    topic: &str,
    partitions: &[PartitionIndex],
    ms: i64,
    isolation_level: IsolationLevel,
) -> Result<BTreeMap<PartitionIndex, Offset>, ClientError> {
    let mut positions = offsets(client, topic, partitions, OffsetSpec::Latest, isolation_level).await?;
    positions.extend(offsets(client, topic, partitions, OffsetSpec::Timestamp(ms), isolation_level).await?);
    Ok(positions)
}

/// Turns records into lines.
struct Printer<W: Write> {
    output: BufWriter<W>,
    /// Given: keys are printed, followed by this.
    key_separator: Option<Vec<u8>>,
    /// Given: it says all.
    format: Option<RecordFormat>,
    /// Records that may still be printed.
    left: u64,
}

impl<W: Write> Printer<W> {
    /// Prints the records before `end`, and everything reaches the reader.
    fn print(&mut self, records: &PartitionRecords, end: Offset) -> Result<(), Stop> {
        let stopped = records.for_each(|record| {
            if record.offset >= end || self.left == 0 {
                return ControlFlow::Break(Ok(()));
            }
            self.left -= 1;
            let printed = match &self.format {
                Some(format) => {
                    let TopicPartition { topic, partition } = &records.partition;
                    format.write(&mut self.output, topic, partition.0, &record)
                }
                None => self.print_record(record.key, record.value),
            };
            match printed {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(Err(error)),
            }
        })?;
        match stopped {
            ControlFlow::Break(Err(error)) => Err(Stop::Output(error)),
            ControlFlow::Break(Ok(())) | ControlFlow::Continue(()) => {
                self.output.flush().map_err(Stop::Output)
            }
        }
    }

    fn print_record(&mut self, key: Option<&[u8]>, value: Option<&[u8]>) -> io::Result<()> {
        if let Some(separator) = &self.key_separator {
            self.output.write_all(key.unwrap_or_default())?;
            self.output.write_all(separator)?;
        }
        self.output.write_all(value.unwrap_or_default())?;
        self.output.write_all(b"\n")
    }
}
