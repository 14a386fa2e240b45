//! `milena log dump`: a line for each batch of a `.log` file, or for each record, with every checksum checked.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use record::{AnyBatch, AnyHeader, Limits, PREFIX_SIZE};

use crate::commands::record_format::RecordFormat;
use crate::failure::Failure;

/// The file's name stands for the topic, its directory's number for the partition.
const RECORD: &str = "  %o\\t%T\\tkey %K\\tvalue %S\\theaders %H\\n";

/// Options of `milena log dump`.
#[derive(Args, Clone, Debug)]
pub struct DumpArguments {
    /// The .log files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Show the records of each batch too.
    #[arg(short, long)]
    pub records: bool,

    /// Show nothing but records, each like this; the letters are those of milena consume.
    #[arg(short, long, value_parser = RecordFormat::parse)]
    pub format: Option<RecordFormat>,
}

pub(crate) fn dump(arguments: &DumpArguments) -> Result<(), Failure> {
    let mut output = BufWriter::new(io::stdout().lock());
    let failures = arguments.files.iter().filter_map(|path| {
        let dumped = dump_file(path, arguments, &mut output);
        dumped.err().map(|failure| failure.about(path.display()))
    });
    // A damaged file does not hide the others.
    let failures: Vec<Failure> = failures.collect();
    output.flush().map_err(|error| Failure::output(&error))?;
    Failure::of_all(failures)
}

fn dump_file(path: &Path, arguments: &DumpArguments, output: &mut impl Write) -> Result<(), Failure> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Failure::not_found("log-file", error),
        _ => Failure::runtime("log-file", error),
    };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let size = file.get_ref().metadata().map_err(unreadable)?.len();
    let directory = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let (topic, partition) = directory.rsplit_once('-').unwrap_or((&directory, ""));
    let partition = partition.parse().unwrap_or(-1);
    let format = match (&arguments.format, arguments.records) {
        (Some(format), _) => Some(format.clone()),
        (None, true) => Some(RecordFormat::parse(RECORD).expect("its letters mean something")),
        (None, false) => None,
    };
    let mut position: u64 = 0;
    while position < size {
        let damaged = |reason: &dyn std::fmt::Display| {
            Failure::runtime("log-damaged", format!("damaged at byte {position}: {reason}"))
        };
        let mut bytes = vec![0; PREFIX_SIZE];
        file.read_exact(&mut bytes).map_err(|error| damaged(&error))?;
        let declared = i32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        let batch_size = u64::try_from(declared).map_or(0, |length| length + 12);
        // Also bounds what is allocated: by the file itself.
        if batch_size < PREFIX_SIZE as u64 || batch_size > size - position {
            return Err(damaged(&format!(
                "a batch of {batch_size} bytes, where {} are left",
                size - position
            )));
        }
        bytes.resize(batch_size as usize, 0);
        file.read_exact(&mut bytes[PREFIX_SIZE..]).map_err(unreadable)?;
        let batch = AnyBatch::new(bytes.into()).map_err(|error| damaged(&error))?;
        if arguments.format.is_none() {
            write_batch(output, position, &batch).map_err(|error| Failure::output(&error))?;
        }
        batch.verify_crc().map_err(|error| damaged(&error))?;
        if let Some(format) = &format {
            let mut records = batch.records(Limits::default()).map_err(|error| damaged(&error))?;
            while let Some(record) = records.next().map_err(|error| damaged(&error))? {
                format.write(output, topic, partition, &record).map_err(|error| Failure::output(&error))?;
            }
        }
        position += batch_size;
    }
    Ok(())
}

fn write_batch(output: &mut impl Write, position: u64, batch: &AnyBatch) -> io::Result<()> {
    let size = batch.size();
    match batch.header() {
        AnyHeader::Batch(header) => {
            let codec = header
                .attributes
                .codec()
                .map_or("unknown".to_owned(), |codec| format!("{codec:?}").to_lowercase());
            write!(
                output,
                "offsets {}-{} at {position}: {} records, {size} bytes, {codec}, epoch {}, time {}",
                header.base_offset,
                header.last_offset(),
                header.count,
                header.partition_leader_epoch,
                header.max_timestamp
            )?;
            if header.has_producer_id() {
                let (id, epoch) = (header.producer_id, header.producer_epoch);
                write!(output, ", producer {id} epoch {epoch} sequence {}", header.base_sequence)?;
            }
            for (is_so, word) in [
                (header.attributes.is_transactional(), ", transactional"),
                (header.attributes.is_control(), ", control"),
            ] {
                output.write_all(if is_so { word.as_bytes() } else { b"" })?;
            }
            writeln!(output)
        }
        AnyHeader::Legacy(header) => {
            let (magic, time) = (header.magic, header.timestamp);
            writeln!(
                output,
                "offset {} at {position}: magic {magic}, {size} bytes, time {time}",
                header.offset
            )
        }
    }
}
