//! The leader's checks, case by case; `golden_validator.rs` holds them against the oracle's own.

use bytes::Bytes;
use record::validate::{
    AppendOrigin, AppendRules, InvalidBatch, REJECTED_MAX, RejectedRecord, Rejection, RejectionKind,
    TargetCompression, ValidateError, single_batch, single_produced_batch, validate, validate_and_assign,
};
use record::{
    BatchBuilder, BatchHeader, BatchOptions, Codec, Compression, HEADER_SIZE, Limits, RecordBatch,
    TimestampType,
};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

const NOW: i64 = 1_700_000_000_000;

fn rules() -> AppendRules {
    AppendRules {
        origin: AppendOrigin::Client,
        leader_epoch: LeaderEpoch(5),
        now_ms: NOW,
        timestamp_type: TimestampType::CreateTime,
        timestamp_before_max_ms: i64::MAX,
        timestamp_after_max_ms: 3_600_000,
        compression: TargetCompression::Producer,
        compacted: false,
        batch_bytes_max: Some(1 << 20),
        limits: Limits::default(),
    }
}

fn build(options: BatchOptions, timestamps: &[i64]) -> Bytes {
    let mut builder = BatchBuilder::new(options).expect("default levels exist");
    for (index, timestamp) in timestamps.iter().enumerate() {
        let key = (index % 2 == 0).then_some(&b"key"[..]);
        builder.append(*timestamp, key, Some(b"value"), &[]).expect("offsets rise");
    }
    builder.build().expect("complete producer state").expect("not empty")
}

fn plain(codec: Codec) -> Bytes {
    build(
        BatchOptions { compression: Compression::of(codec), ..BatchOptions::default() },
        &[NOW, NOW + 7, NOW + 3],
    )
}

/// A batch whose header was changed, the checksum put right.
fn with_header(bytes: &Bytes, change: impl FnOnce(&mut BatchHeader)) -> Bytes {
    let mut header = BatchHeader::parse(bytes).expect("a header");
    change(&mut header);
    header.crc = header.compute_crc(&bytes[HEADER_SIZE..]);
    [&header.to_bytes()[..], &bytes[HEADER_SIZE..]].concat().into()
}

#[test]
fn an_accepted_batch_keeps_its_body_and_checksum_and_gets_its_place() {
    for codec in Codec::ALL {
        let sent = plain(codec);
        let appended = validate_and_assign(sent.clone(), &rules(), Offset(1000)).expect("accepted");
        assert!(!appended.rebuilt);
        assert_eq!(appended.body.as_ptr(), sent[HEADER_SIZE..].as_ptr(), "the body is not copied");
        let batch = RecordBatch::new(appended.to_bytes()).expect("one batch");
        batch.verify_crc().expect("offset and epoch are outside the checksum");
        assert_eq!(batch.bytes()[17..], sent[17..]);
        assert_eq!(batch.header().base_offset, Offset(1000));
        assert_eq!(batch.header().last_offset(), Offset(1002));
        assert_eq!(batch.header().partition_leader_epoch, LeaderEpoch(5));
        assert_eq!(appended.offset_of_max_timestamp, Some(Offset(1001)));
        assert_eq!(appended.chunks().concat(), appended.to_bytes());
    }
}

#[test]
fn the_append_time_replaces_timestamps_without_touching_the_body() {
    let rules = AppendRules { timestamp_type: TimestampType::LogAppendTime, now_ms: NOW + 500, ..rules() };
    let sent = plain(Codec::Lz4);
    let appended = validate_and_assign(sent.clone(), &rules, Offset(10)).expect("accepted");
    let batch = RecordBatch::new(appended.to_bytes()).expect("one batch");
    batch.verify_crc().expect("made anew");
    assert_eq!(batch.body(), &sent[HEADER_SIZE..]);
    assert_eq!(batch.header().max_timestamp, NOW + 500);
    assert_eq!(appended.offset_of_max_timestamp, Some(Offset(10)));
    let times: Vec<_> =
        batch.summaries(Limits::default()).expect("opens").map(|r| r.expect("reads").timestamp).collect();
    assert_eq!(times, [NOW + 500; 3]);
}

#[test]
fn a_wrong_largest_timestamp_in_the_header_is_put_right() {
    let sent = with_header(&plain(Codec::None), |header| header.max_timestamp = NOW + 99);
    let appended = validate_and_assign(sent, &rules(), Offset(0)).expect("accepted");
    assert_eq!(appended.header.max_timestamp, NOW + 7);
    RecordBatch::new(appended.to_bytes()).expect("one batch").verify_crc().expect("made anew");
}

#[test]
fn bits_without_meaning_stay_until_the_header_is_rewritten() {
    let sent = with_header(&plain(Codec::None), |header| header.attributes.0 |= 0x0180);
    let appended = validate_and_assign(sent.clone(), &rules(), Offset(0)).expect("accepted");
    assert_eq!(appended.header.attributes.0, 0x0180);
    let rules = AppendRules { timestamp_type: TimestampType::LogAppendTime, ..rules() };
    let appended = validate_and_assign(sent, &rules, Offset(0)).expect("accepted");
    assert_eq!(appended.header.attributes.0, 0x08);
}

#[test]
fn the_topics_codec_wins() {
    for source in Codec::ALL {
        for target in Codec::ALL {
            let options = BatchOptions {
                compression: Compression::of(source),
                producer_id: ProducerId(9),
                producer_epoch: ProducerEpoch(2),
                base_sequence: Sequence(40),
                transactional: true,
                ..BatchOptions::default()
            };
            let sent = build(options, &[NOW, NOW + 7, -1]);
            let rules =
                AppendRules { compression: TargetCompression::Fixed(Compression::of(target)), ..rules() };
            let appended = validate_and_assign(sent.clone(), &rules, Offset(77)).expect("accepted");
            assert_eq!(appended.rebuilt, source != target);
            let batch = RecordBatch::new(appended.to_bytes()).expect("one batch");
            batch.verify_crc().expect("sealed");
            assert_eq!(batch.codec(), Ok(target));
            let sent = RecordBatch::new(sent).expect("one batch");
            let expect: Vec<_> =
                sent.owned_records(Limits::default()).expect("opens").map(|r| r.expect("reads")).collect();
            let got: Vec<_> =
                batch.owned_records(Limits::default()).expect("opens").map(|r| r.expect("reads")).collect();
            assert_eq!(got.len(), 3);
            for (got, expect) in got.iter().zip(&expect) {
                assert_eq!(got.offset.0, expect.offset.0 + 77);
                assert_eq!(
                    (got.timestamp, &got.key, &got.value),
                    (expect.timestamp, &expect.key, &expect.value)
                );
            }
            let header = batch.header();
            assert_eq!((header.producer_id, header.producer_epoch), (ProducerId(9), ProducerEpoch(2)));
            assert_eq!(header.base_sequence, Sequence(40));
            assert!(header.attributes.is_transactional());
            assert_eq!((header.max_timestamp, appended.offset_of_max_timestamp), (NOW + 7, Some(Offset(78))));
        }
    }
}

#[test]
fn records_that_are_not_numbered_one_by_one_are_renumbered() {
    for codec in [Codec::None, Codec::Gzip] {
        let options = BatchOptions { compression: Compression::of(codec), ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(options).expect("default levels exist");
        for offset in [0, 2, 5] {
            builder.append_at(Offset(offset), NOW, None, Some(b"v"), &[]).expect("offsets rise");
        }
        let sent = builder.build().expect("plain").expect("not empty");
        let sent = with_header(&sent, |header| header.last_offset_delta = 2);
        let appended = validate_and_assign(sent, &rules(), Offset(50)).expect("accepted");
        assert!(appended.rebuilt);
        let batch = RecordBatch::new(appended.to_bytes()).expect("one batch");
        let offsets: Vec<_> =
            batch.summaries(Limits::default()).expect("opens").map(|r| r.expect("reads").offset).collect();
        assert_eq!(offsets, [Offset(50), Offset(51), Offset(52)]);
    }
}

fn refused(records: Bytes, rules: &AppendRules) -> ValidateError {
    validate_and_assign(records, rules, Offset(0)).expect_err("refused")
}

fn check_invalid(records: Bytes, rules: &AppendRules, expect: InvalidBatch) {
    match refused(records, rules) {
        ValidateError::Batch(error) => assert_eq!(error, expect),
        other => panic!("{other:?} instead of {expect:?}"),
    }
}

#[test]
fn batches_that_break_a_rule_are_refused() {
    let sent = plain(Codec::None);
    check_invalid(Bytes::new(), &rules(), InvalidBatch::None);
    check_invalid(sent.slice(..sent.len() - 1), &rules(), InvalidBatch::None);
    check_invalid([&sent[..], &sent[..]].concat().into(), &rules(), InvalidBatch::Several);
    let offset = with_header(&sent, |header| header.base_offset = Offset(3));
    check_invalid(offset, &rules(), InvalidBatch::BaseOffset { base_offset: Offset(3) });
    for (count, last_offset_delta) in [(0, -1), (0, 0), (3, 3), (2, 2), (-1, 2), (3, -1), (1, i32::MAX)] {
        let wrong = with_header(&sent, |header| {
            (header.count, header.last_offset_delta) = (count, last_offset_delta)
        });
        check_invalid(wrong, &rules(), InvalidBatch::Count { count, last_offset_delta });
    }
    let control = with_header(&sent, |header| header.attributes = header.attributes.with_control(true));
    check_invalid(control.clone(), &rules(), InvalidBatch::Control);
    let coordinator = AppendRules { origin: AppendOrigin::Coordinator, ..rules() };
    validate_and_assign(control, &coordinator, Offset(0)).expect("coordinators may");
    let idempotent = with_header(&sent, |header| header.producer_id = ProducerId(8));
    let (base_sequence, producer_id) = (Sequence(-1), ProducerId(8));
    check_invalid(idempotent, &rules(), InvalidBatch::Sequence { base_sequence, producer_id });
    let raft = AppendRules { origin: AppendOrigin::RaftLeader, ..rules() };
    let (batch, leader) = (LeaderEpoch(-1), LeaderEpoch(5));
    check_invalid(sent, &raft, InvalidBatch::Epoch { batch, leader });
}

#[test]
fn a_partial_second_batch_is_dropped() {
    let sent = plain(Codec::None);
    let records: Bytes = [&sent[..], &sent[..40]].concat().into();
    assert_eq!(single_batch(records).expect("one batch").bytes(), &sent);
}

#[test]
fn broken_bytes_are_told_apart_from_broken_rules() {
    let sent = plain(Codec::None);
    let mut flipped = sent.to_vec();
    flipped[HEADER_SIZE + 3] ^= 0x40;
    assert!(matches!(refused(flipped.into(), &rules()), ValidateError::Corrupt(_)));
    // More and fewer records than declared.
    for count in [2, 4] {
        let wrong =
            with_header(&sent, |header| (header.count, header.last_offset_delta) = (count, count - 1));
        assert!(matches!(refused(wrong, &rules()), ValidateError::Records(_)), "{count}");
    }
    let unknown = with_header(&sent, |header| header.attributes.0 |= 7);
    assert!(matches!(refused(unknown, &rules()), ValidateError::Records(_)));
    let garbage = with_header(&sent, |header| header.attributes = header.attributes.with_codec(Codec::Gzip));
    assert!(matches!(refused(garbage, &rules()), ValidateError::Records(_)));
}

#[test]
fn sizes_are_held_against_the_limit_before_and_after_recompression() {
    let sent = plain(Codec::None);
    let rules = AppendRules { batch_bytes_max: Some(sent.len() - 1), ..rules() };
    assert!(
        matches!(refused(sent.clone(), &rules), ValidateError::TooLarge { size, .. } if size == sent.len())
    );

    let mut builder = BatchBuilder::new(BatchOptions {
        compression: Compression::of(Codec::Zstd),
        ..BatchOptions::default()
    })
    .expect("default levels exist");
    for _ in 0..1000 {
        builder.append(NOW, None, Some(&[0; 10_000]), &[]).expect("offsets rise");
    }
    let small = builder.build().expect("plain").expect("not empty");
    assert!(small.len() < 100_000);
    let rules = AppendRules {
        batch_bytes_max: Some(100_000),
        compression: TargetCompression::Fixed(Compression::None),
        ..rules
    };
    match refused(small, &rules) {
        ValidateError::TooLarge { size, limit: 100_000 } => {
            assert!(size < 200_000, "stopped early, not at {size}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn zstd_is_refused_before_produce_version_7() {
    let sent = plain(Codec::Zstd);
    assert!(matches!(
        single_produced_batch(sent.clone(), 6),
        Err(ValidateError::ZstdTooEarly { version: 6 })
    ));
    single_produced_batch(sent, 7).expect("accepted");
}

fn rejected(records: Bytes, rules: &AppendRules) -> (RejectionKind, Vec<RejectedRecord>) {
    match refused(records, rules) {
        ValidateError::Rejected(rejected) => (rejected.kind(), rejected.records),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_bad_record_is_named() {
    let compacted = AppendRules { compacted: true, ..rules() };
    for target in [TargetCompression::Producer, TargetCompression::Fixed(Compression::of(Codec::Snappy))] {
        let rules = AppendRules { compression: target, ..compacted };
        let got = rejected(plain(Codec::None), &rules);
        assert_eq!(
            got,
            (RejectionKind::Record, vec![RejectedRecord { batch_index: 1, reason: Rejection::NoKey }])
        );
    }

    let bounded = AppendRules { timestamp_before_max_ms: 100, timestamp_after_max_ms: 50, ..compacted };
    let sent = build(BatchOptions::default(), &[NOW - 100, NOW, NOW - 101, NOW, NOW + 51, NOW, -1]);
    let (kind, records) = rejected(sent, &bounded);
    assert_eq!(kind, RejectionKind::Timestamp);
    let out = |timestamp| Rejection::Timestamp { timestamp, earliest: NOW - 100, latest: NOW + 50 };
    let expect = [
        (1, Rejection::NoKey),
        (2, out(NOW - 101)),
        (3, Rejection::NoKey),
        (4, out(NOW + 51)),
        (5, Rejection::NoKey),
    ];
    assert_eq!(records, expect.map(|(batch_index, reason)| RejectedRecord { batch_index, reason }));
}

#[test]
fn a_batch_of_nothing_but_bad_records_names_a_bounded_number() {
    let mut builder = BatchBuilder::new(BatchOptions {
        compression: Compression::of(Codec::Zstd),
        ..BatchOptions::default()
    })
    .expect("default levels exist");
    for _ in 0..50_000 {
        builder.append(NOW, None, None, &[]).expect("offsets rise");
    }
    let sent = builder.build().expect("plain").expect("not empty");
    let (_, records) = rejected(sent, &AppendRules { compacted: true, ..rules() });
    assert_eq!(records.len(), REJECTED_MAX);
}

#[test]
fn a_producer_that_claims_the_append_time_is_refused_only_where_the_oracle_does() {
    let options = BatchOptions {
        timestamp_type: TimestampType::LogAppendTime,
        log_append_time: NOW,
        ..BatchOptions::default()
    };
    let sent = build(options, &[NOW - 5, NOW - 4]);
    // A topic of CreateTime takes the claimed time as the records' own.
    let appended = validate_and_assign(sent.clone(), &rules(), Offset(0)).expect("accepted");
    assert_eq!(appended.header.attributes.timestamp_type(), TimestampType::CreateTime);
    assert_eq!(appended.header.max_timestamp, NOW);
    let (kind, records) =
        rejected(sent, &AppendRules { timestamp_type: TimestampType::LogAppendTime, ..rules() });
    assert_eq!((kind, records.len()), (RejectionKind::Timestamp, 2));
    assert_eq!(records[0].reason, Rejection::LogAppendTime);
}

#[test]
fn validation_needs_no_offset() {
    let batch = single_batch(plain(Codec::Gzip)).expect("one batch");
    let validated = validate(&batch, &rules()).expect("accepted");
    let first = validated.clone().assign(Offset(1), LeaderEpoch(1));
    let second = validated.assign(Offset(2), LeaderEpoch(2));
    assert_eq!(first.header.crc, second.header.crc);
    assert_eq!(
        (second.header.base_offset, second.header.partition_leader_epoch),
        (Offset(2), LeaderEpoch(2))
    );
}
