//! Batches as text, in the format of `conformance/golden-records/GoldenRecords.java`, which explains it.

use std::fmt::Write;

use bytes::Bytes;
use record::{AnyBatch, Batches, Limits, RecordView, TimestampType};

/// The bytes both sides can make without storing them.
pub fn pattern(size: usize) -> Vec<u8> {
    (0..size as u32).map(|i| (i * 7 + i / 1000) as u8).collect()
}

/// Every batch of a buffer and its records, one line each; checksums verified on the way.
pub fn list(buffer: &Bytes) -> String {
    let mut out = String::new();
    for batch in Batches::new(buffer.clone()) {
        let batch = batch.expect("a whole batch");
        batch.verify_crc().expect("the checksum fits");
        list_batch(&batch, &mut out).expect("strings take all");
        let mut records = batch.records(Limits::default()).expect("opens");
        while let Some(record) = records.next().expect("reads") {
            list_record(&record, &mut out).expect("strings take all");
        }
    }
    out
}

fn list_batch(batch: &AnyBatch, out: &mut String) -> std::fmt::Result {
    let base = batch.base_offset(Limits::default()).expect("reads");
    let timestamp_type = match batch {
        AnyBatch::Batch(batch) => Some(batch.header().attributes.timestamp_type()),
        AnyBatch::Legacy(batch) => batch.header().timestamp_type(),
    };
    let timestamp_type = match timestamp_type {
        None => "NoTimestampType",
        Some(TimestampType::CreateTime) => "CreateTime",
        Some(TimestampType::LogAppendTime) => "LogAppendTime",
    };
    let codec = match batch {
        AnyBatch::Batch(batch) => batch.codec(),
        AnyBatch::Legacy(batch) => batch.header().codec(),
    };
    write!(out, "batch magic={} base={base} last={}", batch.header().magic(), batch.last_offset())?;
    write!(out, " max={} type={timestamp_type}", batch.max_timestamp())?;
    write!(out, " codec={} size={}", codec.expect("a known codec").name(), batch.size())?;
    let AnyBatch::Batch(batch) = batch else {
        return writeln!(
            out,
            " producer=-1 epoch=-1 sequence=-1..-1 transactional=false control=false leader=-1 horizon=- count=-"
        );
    };
    let header = batch.header();
    write!(out, " producer={} epoch={}", header.producer_id, header.producer_epoch)?;
    write!(out, " sequence={}..{}", header.base_sequence, header.last_sequence())?;
    let attributes = header.attributes;
    write!(out, " transactional={} control={}", attributes.is_transactional(), attributes.is_control())?;
    let horizon = header.delete_horizon_ms().map_or("-".to_owned(), |ms| ms.to_string());
    writeln!(out, " leader={} horizon={horizon} count={}", header.partition_leader_epoch, header.count)
}

fn list_record(record: &RecordView<'_>, out: &mut String) -> std::fmt::Result {
    write!(out, "record {} {}", record.offset, record.timestamp)?;
    write!(out, " {} {}", field(record.key), field(record.value))?;
    for header in record.headers.iter() {
        write!(out, " {}={}", field(Some(header.key)), field(header.value))?;
    }
    writeln!(out)
}

fn field(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => "-".to_owned(),
        Some([]) => ".".to_owned(),
        Some(bytes) if bytes.len() > 1000 && bytes.len() <= 200_000 && bytes == pattern(bytes.len()) => {
            format!("@{}", bytes.len())
        }
        Some(bytes) => hex(bytes),
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("strings take all");
        out
    })
}
