//! A few kilobytes that inflate to a gigabyte cost time, not memory.
//!
//! The process's own peak is what is measured, because zstd allocates behind Rust's back; so this file holds one test
//! and nothing else runs beside it.

use std::io::Write;

use bytes::Bytes;
use record::compression::Deflater;
use record::validate::{AppendOrigin, AppendRules, TargetCompression, ValidateError, validate};
use record::{
    Attributes, BatchHeader, Codec, Compression, HEADER_SIZE, Limits, RecordBatch, RecordError, TimestampType,
};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

const MIB: usize = 1 << 20;

/// A batch of one record whose value is `size` zeros.
fn bomb(codec: Codec, size: usize) -> RecordBatch {
    // No timestamp delta, no offset delta, a null key, the value, no headers.
    let mut record = vec![0, 0, 0, 1];
    put_varint(&mut record, size);
    let mut head = Vec::new();
    put_varint(&mut head, record.len() + size + 1);
    head.extend_from_slice(&record);

    let mut out = Deflater::new(Compression::of(codec), vec![0; HEADER_SIZE]).expect("default levels exist");
    out.write_all(&head).expect("vectors take all");
    for _ in 0..size / MIB {
        out.write_all(&[0; MIB]).expect("vectors take all");
    }
    out.write_all(&[0]).expect("vectors take all");
    sealed(codec, out.finish().expect("vectors take all"))
}

/// The header for one record put before a body that leaves room for it.
fn sealed(codec: Codec, mut bytes: Vec<u8>) -> RecordBatch {
    let mut header = BatchHeader {
        base_offset: Offset(0),
        length: (bytes.len() - 12) as i32,
        partition_leader_epoch: LeaderEpoch::NONE,
        crc: 0,
        attributes: Attributes::default().with_codec(codec),
        last_offset_delta: 0,
        base_timestamp: 0,
        max_timestamp: 0,
        producer_id: ProducerId::NONE,
        producer_epoch: ProducerEpoch::NONE,
        base_sequence: Sequence::NONE,
        count: 1,
    };
    header.crc = header.compute_crc(&bytes[HEADER_SIZE..]);
    bytes[..HEADER_SIZE].copy_from_slice(&header.to_bytes());
    RecordBatch::new(Bytes::from(bytes)).expect("one batch")
}

fn put_varint(out: &mut Vec<u8>, value: usize) {
    let mut raw = value as u64 * 2;
    while raw >= 0x80 {
        out.push(raw as u8 | 0x80);
        raw >>= 7;
    }
    out.push(raw as u8);
}

/// The largest resident memory of this process so far, in MiB.
fn peak_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says so");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux says so");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<usize>().ok()).expect("a number of KiB") / 1024
}

#[test]
fn a_gigabyte_of_zeros_in_a_small_body_costs_bounded_memory() {
    let rules = AppendRules {
        origin: AppendOrigin::Client,
        leader_epoch: LeaderEpoch(0),
        now_ms: 0,
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: i64::MAX,
        compression: TargetCompression::Producer,
        compacted: false,
        batch_bytes_max: Some(64 * MIB),
        limits: Limits { record_bytes_max: 8 * MIB, ..Limits::default() },
    };
    let before = peak_mib();
    for (codec, size) in [(Codec::Zstd, 1024), (Codec::Gzip, 256), (Codec::Lz4, 256), (Codec::Snappy, 256)] {
        let batch = bomb(codec, size * MIB);
        println!("{}: {size} MiB in {} bytes", codec.name(), batch.bytes().len());
        // A legal batch of any ratio passes.
        let validated = validate(&batch, &rules).expect("legal");
        assert_eq!(validated.header().count, 1);
        // Held whole it is not, where the caller does not want to.
        let error = batch.owned_records(rules.limits).expect("opens").find_map(Result::err);
        assert!(matches!(error, Some(RecordError::TooLarge { .. })), "{error:?}");
        // Nor is it written out before it is found too large.
        let stored = TargetCompression::Fixed(Compression::None);
        let rules = AppendRules { compression: stored, ..rules };
        assert!(matches!(
            validate(&batch, &rules),
            Err(ValidateError::Records(RecordError::TooLarge { .. }))
        ));
    }

    // Raw snappy in one block, as C clients send it.
    let mut record = vec![0, 0, 0, 1];
    put_varint(&mut record, 64 * MIB);
    let mut plain = Vec::new();
    put_varint(&mut plain, record.len() + 64 * MIB + 1);
    plain.extend_from_slice(&record);
    let raw = raw_snappy_of_zeros(&plain, 64 * MIB + 1);
    let batch = sealed(Codec::Snappy, [&[0; HEADER_SIZE][..], &raw].concat());
    validate(&batch, &rules).expect("legal");

    let grown = peak_mib() - before;
    assert!(grown < 48, "grew by {grown} MiB");
}

/// One snappy block of a literal and then zeros, made by hand: the library would need all of them at once.
fn raw_snappy_of_zeros(literal: &[u8], zeros: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut size = literal.len() + zeros;
    while size >= 0x80 {
        out.push(size as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
    out.push((literal.len() as u8) << 2);
    out.extend_from_slice(literal);
    out.push(0);
    // Copies of up to 64 bytes, one back.
    let mut left = zeros - 1;
    while left > 0 {
        let step = left.min(64);
        out.extend_from_slice(&[(step as u8 - 1) << 2 | 2, 1, 0]);
        left -= step;
    }
    out
}
