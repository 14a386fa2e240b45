//! `milena consume TOPIC`: the records of a topic on standard output, a line each.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;

use client::admin::{OffsetSpec, list_offsets};
use client::consumer::{Consumer, ConsumerConfig, IsolationLevel, OffsetReset, PartitionRecords};
use client::{AutoCreate, ClientError, NetworkClient};
use types::{Offset, PartitionIndex, TopicPartition};

use crate::command_line::{ConsumeArguments, OffsetArgument};
use crate::failure::Failure;
use crate::{cluster, logging};

/// Bytes that are collected before they are written.
const OUTPUT_BUFFER: usize = 64 << 10;

pub(crate) fn consume(arguments: &ConsumeArguments) -> Result<(), Failure> {
    logging::start(&arguments.log, "warn")?;
    let mut printer = Printer {
        output: BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock()),
        key_separator: arguments.print_key.then(|| cluster::unescape(&arguments.key_separator)),
        left: arguments.count.unwrap_or(u64::MAX),
    };
    match cluster::runtime()?.block_on(print_records(arguments, &mut printer)) {
        Err(Stop::Failed(failure)) => Err(failure),
        // Whoever read our output has seen enough.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is still buffered has no reader: it must not be tried again when the printer is dropped.
            let _ = printer.output.into_parts();
            Ok(())
        }
        Err(Stop::Output(error)) => {
            let _ = printer.output.into_parts();
            Err(Failure::runtime("output", format!("cannot write the output: {error}")))
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
        Self::Failed(cluster::failure(&error))
    }
}

async fn print_records<W: Write>(arguments: &ConsumeArguments, printer: &mut Printer<W>) -> Result<(), Stop> {
    let isolation_level = match arguments.read_committed {
        true => IsolationLevel::ReadCommitted,
        false => IsolationLevel::ReadUncommitted,
    };
    let client = cluster::client(&arguments.cluster, "milena-consume");
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
    };
    if let Some(ends) = &mut ends {
        ends.retain(|index, end| positions.get(index).is_some_and(|position| position < end));
    }
    let config = ConsumerConfig {
        isolation_level,
        offset_reset: match start {
            OffsetArgument::At(_) => OffsetReset::Fail,
            OffsetArgument::Beginning | OffsetArgument::End => OffsetReset::Earliest,
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
    list_offsets(client, topic, partitions, spec, isolation_level).await
}

/// Turns records into lines.
struct Printer<W: Write> {
    output: BufWriter<W>,
    /// Given: keys are printed, followed by this.
    key_separator: Option<Vec<u8>>,
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
            match self.print_record(record.key, record.value) {
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
