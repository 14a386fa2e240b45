//! A buffer of batches: every way of reading it agrees, and what the validator accepts is sound.
//!
//! The first byte chooses the target codec and whether the checksum of the first batch is put right, without which
//! the fuzzer would never get past it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use record::validate::{AppendOrigin, AppendRules, TargetCompression, validate_and_assign};
use record::{
    AnyBatch, BatchHeader, Batches, Codec, Compression, HEADER_SIZE, Limits, RecordBatch, TimestampType,
};
use types::{LeaderEpoch, Offset};

const LIMITS: Limits = Limits { record_bytes_max: 1 << 20, zstd_window_log_max: 23 };

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    let mut bytes = data.to_vec();
    if choice & 0x80 != 0 {
        seal(&mut bytes);
    }
    let bytes = Bytes::from(bytes);
    read_all(bytes.clone());
    let target = Codec::from_id(choice & 7).map(|codec| TargetCompression::Fixed(Compression::of(codec)));
    let timestamp_type =
        if choice & 0x40 == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime };
    append(bytes, target.unwrap_or(TargetCompression::Producer), timestamp_type);
});

fn seal(bytes: &mut [u8]) {
    let Ok(mut header) = BatchHeader::parse(bytes) else { return };
    if let Some(body) = bytes.get(HEADER_SIZE..header.size()) {
        header.crc = header.compute_crc(body);
        bytes[..HEADER_SIZE].copy_from_slice(&header.to_bytes());
    }
}

fn read_all(buffer: Bytes) {
    for batch in Batches::new(buffer) {
        let Ok(batch) = batch else { continue };
        let mut lent = Vec::new();
        let whole = batch.records(LIMITS).and_then(|mut records| {
            while let Some(record) = records.next()? {
                lent.push(record.to_record());
            }
            Ok(())
        });
        let AnyBatch::Batch(batch) = batch else { continue };
        let owned: Result<Vec<_>, _> = batch.owned_records(LIMITS).and_then(Iterator::collect);
        assert_eq!(owned.is_ok(), whole.is_ok());
        if let Ok(owned) = owned {
            assert_eq!(owned, lent);
            let measured = batch.summaries(LIMITS).expect("opens").map(|summary| summary.expect("was read"));
            assert!(
                measured.map(|s| (s.offset, s.timestamp)).eq(owned.iter().map(|r| (r.offset, r.timestamp)))
            );
        }
    }
}

fn append(records: Bytes, compression: TargetCompression, timestamp_type: TimestampType) {
    let rules = AppendRules {
        origin: AppendOrigin::Client,
        leader_epoch: LeaderEpoch(3),
        now_ms: 1_700_000_000_000,
        timestamp_type,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: i64::MAX,
        compression,
        compacted: false,
        batch_bytes_max: Some(1 << 20),
        limits: LIMITS,
    };
    let Ok(appended) = validate_and_assign(records, &rules, Offset(500)) else { return };
    let batch = RecordBatch::new(appended.to_bytes()).expect("one batch");
    batch.verify_crc().expect("sealed");
    let mut expect = Offset(500);
    for summary in batch.summaries(LIMITS).expect("opens") {
        assert_eq!(summary.expect("was accepted").offset, expect);
        expect = expect.plus(1);
    }
    assert_eq!(batch.header().next_offset(), expect);
    assert_eq!(batch.header().attributes.timestamp_type(), timestamp_type);
}
