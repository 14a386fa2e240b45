//! Random and mutated bytes: nothing panics, the walks agree, what is accepted is sound.

use std::sync::LazyLock;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use record::compression::{Inflater, Wrapping};
use record::validate::{AppendOrigin, AppendRules, TargetCompression, validate_and_assign};
use record::{
    AnyHeader, BatchBuilder, BatchHeader, BatchOptions, Batches, Codec, Compression, HEADER_SIZE, Header,
    HeaderRef, Limits, Record, RecordBatch, TimestampType, control_batch,
};
use types::{LeaderEpoch, Offset};

const LIMITS: Limits = Limits { record_bytes_max: 1 << 20, zstd_window_log_max: 23 };

fn rules(target: TargetCompression) -> AppendRules {
    AppendRules {
        origin: AppendOrigin::Client,
        leader_epoch: LeaderEpoch(3),
        now_ms: 1_700_000_000_000,
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: i64::MAX,
        compression: target,
        compacted: false,
        batch_bytes_max: Some(1 << 20),
        limits: LIMITS,
    }
}

fn bytes_of(size: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..size).prop_map(Bytes::from)
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let header = (bytes_of(10), option::of(bytes_of(10))).prop_map(|(key, value)| Header { key, value });
    let record =
        (1..4i64, -1..i64::MAX / 2, option::of(bytes_of(50)), option::of(bytes_of(3000)), vec(header, 0..4));
    vec(record, 1..20).prop_map(|parts| {
        let mut offset = Offset(-1);
        let place = |(step, timestamp, key, value, headers)| {
            offset = offset.plus(step);
            Record { offset, timestamp, key, value, headers }
        };
        parts.into_iter().map(place).collect()
    })
}

fn codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(Codec::ALL.to_vec())
}

fn build(codec: Codec, records: &[Record]) -> Bytes {
    let options = BatchOptions { compression: Compression::of(codec), ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options).expect("default levels exist");
    let mut foretold = HEADER_SIZE;
    for record in records {
        let headers: Vec<_> =
            record.headers.iter().map(|h| HeaderRef { key: &h.key, value: h.value.as_deref() }).collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        let delta = record.timestamp - records[0].timestamp;
        foretold += BatchBuilder::record_size(delta, record.offset.0 as i32, key, value, &headers);
        builder.append_at(record.offset, record.timestamp, key, value, &headers).expect("offsets rise");
        assert_eq!(builder.uncompressed_size(), foretold);
    }
    builder.build().expect("plain").expect("not empty")
}

/// Reads a buffer in every way there is; the ways must agree.
fn read_all(buffer: Bytes) {
    let _ = AnyHeader::parse(&buffer);
    let _ = control_batch::parse_key(&buffer);
    let _ = control_batch::EndTxnMarker::decode(&buffer);
    for batch in Batches::new(buffer) {
        let Ok(batch) = batch else { continue };
        let _ = batch.verify_crc();
        let _ = batch.base_offset(LIMITS);
        let mut lent = Vec::new();
        let lent_whole = batch.records(LIMITS).and_then(|mut records| {
            while let Some(record) = records.next()? {
                lent.push(record.to_record());
            }
            Ok(())
        });
        let record::AnyBatch::Batch(batch) = batch else { continue };
        let owned: Result<Vec<_>, _> = batch.owned_records(LIMITS).and_then(Iterator::collect);
        assert_eq!(owned.is_ok(), lent_whole.is_ok());
        if let Ok(owned) = owned {
            assert_eq!(owned, lent);
            let summaries: Result<Vec<_>, _> = batch.summaries(LIMITS).and_then(Iterator::collect);
            let summaries = summaries.expect("what is read whole can be measured");
            assert_eq!(summaries.len(), owned.len());
            for (summary, record) in summaries.iter().zip(&owned) {
                assert_eq!((summary.offset, summary.timestamp), (record.offset, record.timestamp));
                assert_eq!(summary.key_size.map(|n| n as usize), record.key.as_ref().map(Bytes::len));
                assert_eq!(summary.value_size.map(|n| n as usize), record.value.as_ref().map(Bytes::len));
            }
        }
    }
}

/// Validates, and reads back what was accepted.
fn append(records: Bytes, rules: &AppendRules) {
    let Ok(appended) = validate_and_assign(records, rules, Offset(500)) else { return };
    let batch = RecordBatch::new(appended.to_bytes()).expect("one batch");
    batch.verify_crc().expect("sealed");
    let header = batch.header();
    assert_eq!((header.base_offset, header.partition_leader_epoch), (Offset(500), LeaderEpoch(3)));
    let mut expect = Offset(500);
    for summary in batch.summaries(LIMITS).expect("opens") {
        let summary = summary.expect("was accepted");
        assert_eq!(summary.offset, expect);
        assert!(summary.timestamp <= header.max_timestamp);
        expect = expect.plus(1);
    }
    assert_eq!(header.next_offset(), expect);
    assert!(batch.bytes().len() <= 1 << 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_never_panic(bytes in bytes_of(400)) {
        read_all(bytes.clone());
        append(bytes, &rules(TargetCompression::Producer));
    }

    #[test]
    fn random_bodies_never_panic(body in bytes_of(400), codec in codec(), count in 0..20i32) {
        let empty = build(Codec::None, &[Record { offset: Offset(0), timestamp: 0, key: None, value: None, headers: vec![] }]);
        let mut header = BatchHeader::parse(&empty).expect("a header");
        header.attributes = header.attributes.with_codec(codec);
        (header.count, header.last_offset_delta) = (count, count - 1);
        header.length = (HEADER_SIZE - 12 + body.len()) as i32;
        header.crc = header.compute_crc(&body);
        let bytes: Bytes = [&header.to_bytes()[..], &body].concat().into();
        read_all(bytes.clone());
        append(bytes, &rules(TargetCompression::Producer));
    }

    #[test]
    fn random_streams_never_panic(bytes in bytes_of(2000), codec in codec(), v0 in any::<bool>()) {
        let wrapping = if v0 { Wrapping::MessageV0 } else { Wrapping::Batch };
        if let Ok(inflater) = Inflater::new(codec, &bytes, wrapping, LIMITS) {
            // Whether it ends well or not, it ends.
            let _ = std::io::copy(&mut std::io::Read::take(inflater, 1 << 24), &mut std::io::sink());
        }
    }

    #[test]
    fn what_is_built_is_read_back(records in records(), codec in codec()) {
        let bytes = build(codec, &records);
        let batch = RecordBatch::new(bytes.clone()).expect("one batch");
        batch.verify_crc().expect("sealed");
        let owned: Vec<_> = batch.owned_records(LIMITS).expect("opens").collect::<Result<_, _>>().expect("reads");
        prop_assert_eq!(owned, records);
        read_all(bytes);
    }

    #[test]
    fn mutated_batches_never_panic_and_what_is_accepted_is_sound(
        records in records(),
        codec in codec(),
        target in codec(),
        mutations in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        sealed in any::<bool>(),
    ) {
        let mut bytes = build(codec, &records).to_vec();
        // The header would have to agree with the numbering to get far.
        let count = records.len() as i32;
        bytes[23..27].copy_from_slice(&(count - 1).to_be_bytes());
        for (at, value) in mutations {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if sealed && let Ok(mut header) = BatchHeader::parse(&bytes) {
            header.crc = header.compute_crc(&bytes[HEADER_SIZE..]);
            bytes[..HEADER_SIZE].copy_from_slice(&header.to_bytes());
        }
        let bytes = Bytes::from(bytes);
        read_all(bytes.clone());
        append(bytes.clone(), &rules(TargetCompression::Producer));
        append(bytes, &rules(TargetCompression::Fixed(Compression::of(target))));
    }

    #[test]
    fn mutated_batches_of_the_oracle_never_panic(
        which in any::<prop::sample::Index>(),
        mutations in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = which.get(&GOLDEN).to_vec();
        for (at, value) in mutations {
            let at = at.index(bytes.len().min(300));
            bytes[at] = value;
        }
        read_all(bytes.into());
    }
}

/// The small buffers among the oracle's, from `testdata`.
static GOLDEN: LazyLock<Vec<Bytes>> = LazyLock::new(golden);

fn golden() -> Vec<Bytes> {
    let mut text = String::new();
    let compressed = &include_bytes!("../testdata/batches.txt.gz")[..];
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(compressed), &mut text)
        .expect("checked in whole");
    let hexes = text.lines().filter_map(|line| line.strip_prefix("bytes ")).filter(|hex| hex.len() < 4000);
    let byte = |hex: &str, at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    hexes.map(|hex| (0..hex.len()).step_by(2).map(|at| byte(hex, at)).collect()).collect()
}
