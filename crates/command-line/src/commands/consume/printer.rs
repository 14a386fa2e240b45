//! Records on standard output.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::ops::ControlFlow;

use client::ClientError;
use client::consumer::PartitionRecords;
use record::RecordView;
use types::{Offset, TopicPartition};

use crate::commands::record_format::RecordFormat;
use crate::commands::{connect, record_json};
use crate::failure::Failure;

/// Bytes that are collected before they are written.
const OUTPUT_BUFFER: usize = 64 << 10;

/// How a record becomes a line.
#[derive(Clone, Debug)]
pub(super) enum Layout {
    /// Its value; before it the key and this, where it is given.
    Value { key_separator: Option<Vec<u8>> },
    /// As the format says.
    Format(RecordFormat),
    /// An object.
    Json,
}

/// Why printing ended early.
pub(super) enum Stop {
    /// What was asked for cannot be done.
    Failed(Failure),
    /// The output takes no more.
    Output(io::Error),
    /// Somebody did not even wait for the goodbye.
    Interrupted,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        Self::Failed(connect::failure(&error))
    }
}

/// Turns records into lines.
pub(super) struct Printer {
    output: BufWriter<StdoutLock<'static>>,
    layout: Layout,
    /// Records that may still be printed.
    left: u64,
}

impl Printer {
    /// Prints at most `count` records.
    pub(super) fn new(layout: Layout, count: Option<u64>) -> Self {
        let output = BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock());
        Self { output, layout, left: count.unwrap_or(u64::MAX) }
    }

    /// Whether as many records are printed as were asked for.
    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }

    /// Prints the records before `end`, and everything reaches the reader. Answers with the offset to go on at.
    pub(super) fn print(&mut self, records: &PartitionRecords, end: Offset) -> Result<Offset, Stop> {
        let TopicPartition { topic, partition } = &records.partition;
        let mut next = records.next_position;
        let stopped = records.for_each(|record| {
            if record.offset >= end || self.left == 0 {
                next = record.offset;
                return ControlFlow::Break(Ok(()));
            }
            self.left -= 1;
            let printed = match &self.layout {
                Layout::Format(format) => format.write(&mut self.output, topic, partition.0, &record),
                Layout::Json => record_json::write(&mut self.output, topic, partition.0, &record),
                Layout::Value { key_separator } => {
                    write_value(&mut self.output, key_separator.as_deref(), &record)
                }
            };
            match printed {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(Err(error)),
            }
        })?;
        if let ControlFlow::Break(Err(error)) = stopped {
            return Err(Stop::Output(error));
        }
        self.output.flush().map_err(Stop::Output)?;
        Ok(next)
    }

    /// What is still buffered has no reader: it must not be tried again when this is dropped.
    pub(super) fn give_up(self) {
        let _ = self.output.into_parts();
    }
}

fn write_value(
    output: &mut impl Write,
    key_separator: Option<&[u8]>,
    record: &RecordView<'_>,
) -> io::Result<()> {
    if let Some(separator) = key_separator {
        output.write_all(record.key.unwrap_or_default())?;
        output.write_all(separator)?;
    }
    output.write_all(record.value.unwrap_or_default())?;
    output.write_all(b"\n")
}
