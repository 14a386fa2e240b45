//! What the builder writes, the walks read back: all codecs, nulls, headers, large records.

use bytes::Bytes;
use record::{
    AnyBatch, BatchBuilder, BatchError, BatchOptions, Batches, Codec, Compression, ControlRecordType, Header,
    HeaderRef, Limits, Record, RecordBatch, RecordError, control_batch,
};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

fn sample() -> Vec<Record> {
    let large: Vec<u8> = (0..300_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    let header = |key: &'static str, value: Option<&'static [u8]>| Header {
        key: Bytes::from_static(key.as_bytes()),
        value: value.map(Bytes::from_static),
    };
    let record =
        |delta: i64, key: Option<&'static [u8]>, value: Option<Bytes>, headers: Vec<Header>| Record {
            offset: Offset(100 + delta),
            timestamp: 1_700_000_000_000 - delta * 3,
            key: key.map(Bytes::from_static),
            value,
            headers,
        };
    vec![
        record(0, Some(b"k"), Some(Bytes::from_static(b"v")), vec![]),
        record(
            1,
            None,
            Some(Bytes::new()),
            vec![header("h", Some(b"x")), header("h", None), header("", Some(b""))],
        ),
        record(2, Some(b""), None, vec![]),
        record(3, Some(b"large"), Some(Bytes::from(large)), vec![header("after", Some(b"1"))]),
        record(4, Some(b"tail"), Some(Bytes::from_static(&[7; 4000])), vec![]),
    ]
}

fn build(compression: Compression, records: &[Record]) -> Bytes {
    let options = BatchOptions {
        base_offset: records[0].offset,
        compression,
        partition_leader_epoch: LeaderEpoch(9),
        producer_id: ProducerId(4000),
        producer_epoch: ProducerEpoch(3),
        base_sequence: Sequence(17),
        ..BatchOptions::default()
    };
    let mut builder = BatchBuilder::new(options).expect("default levels exist");
    for record in records {
        let headers: Vec<_> =
            record.headers.iter().map(|h| HeaderRef { key: &h.key, value: h.value.as_deref() }).collect();
        builder
            .append_at(
                record.offset,
                record.timestamp,
                record.key.as_deref(),
                record.value.as_deref(),
                &headers,
            )
            .expect("offsets rise");
    }
    builder.build().expect("complete producer state").expect("not empty")
}

#[test]
fn every_codec_gives_back_what_went_in() {
    for codec in Codec::ALL {
        let batch = RecordBatch::new(build(Compression::of(codec), &sample())).expect("one batch");
        batch.verify_crc().expect("sealed");
        assert_eq!(batch.codec(), Ok(codec));
        let header = batch.header();
        assert_eq!((header.base_offset, header.last_offset(), header.count), (Offset(100), Offset(104), 5));
        assert_eq!(header.max_timestamp, 1_700_000_000_000);
        assert_eq!(header.last_sequence(), Sequence(21));

        let owned: Vec<_> =
            batch.owned_records(Limits::default()).expect("opens").collect::<Result<_, _>>().expect("reads");
        assert_eq!(owned, sample(), "{codec:?}");

        let mut lent = batch.records(Limits::default()).expect("opens");
        let mut count = 0;
        while let Some(view) = lent.next().expect("reads") {
            assert_eq!(view.to_record(), sample()[count]);
            count += 1;
        }
        assert_eq!(count, 5);

        let summaries: Vec<_> =
            batch.summaries(Limits::default()).expect("opens").collect::<Result<_, _>>().expect("reads");
        for (summary, record) in summaries.iter().zip(sample()) {
            assert_eq!((summary.offset, summary.timestamp), (record.offset, record.timestamp));
            assert_eq!(summary.key_size, record.key.map(|key| key.len() as u32));
            assert_eq!(summary.value_size, record.value.map(|value| value.len() as u32));
            assert_eq!(summary.headers as usize, record.headers.len());
        }
        assert_eq!(summaries.len(), 5);
    }
}

#[test]
fn a_record_over_the_limit_is_refused_where_it_would_be_held_and_passed_over_where_not() {
    let limits = Limits { record_bytes_max: 100_000, ..Limits::default() };
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let batch = RecordBatch::new(build(Compression::of(codec), &sample())).expect("one batch");
        let error = batch.owned_records(limits).expect("opens").find_map(Result::err);
        assert!(matches!(error, Some(RecordError::TooLarge { limit: 100_000, .. })), "{codec:?}: {error:?}");
        assert_eq!(batch.summaries(limits).expect("opens").filter(Result::is_ok).count(), 5);
    }
}

#[test]
fn a_buffer_is_walked_up_to_the_partial_batch_at_its_end() {
    let one = build(Compression::None, &sample());
    let mut buffer = [&one[..], &one[..], &one[..70]].concat();
    let mut batches = Batches::new(Bytes::from(buffer.clone()));
    assert_eq!(batches.by_ref().filter(Result::is_ok).count(), 2);
    assert_eq!(batches.rest().len(), 70);

    // A length that no batch has is an error however little of the batch is there.
    let short = [&one[..], &[0; 12]].concat();
    let last = Batches::new(Bytes::from(short)).last();
    assert_eq!(last, Some(Err(BatchError::LengthTooSmall { declared: 0, least: 14 })));

    buffer[one.len() + 16] = 3;
    let last = Batches::new(Bytes::from(buffer)).last();
    assert_eq!(last, Some(Err(BatchError::UnknownMagic { magic: 3 })));
}

#[test]
fn a_flipped_bit_breaks_the_checksum() {
    let mut bytes = build(Compression::None, &sample()).to_vec();
    bytes[4000] ^= 1;
    let batch = AnyBatch::new(bytes.into()).expect("frame is whole");
    assert!(matches!(batch.verify_crc(), Err(BatchError::Crc { .. })));
}

#[test]
fn a_transaction_marker_is_read_back() {
    let owner = control_batch::MarkerOwner {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(1),
        coordinator_epoch: 12,
    };
    let bytes = control_batch::end_transaction(ControlRecordType::Commit, owner, 5).expect("a marker");
    let batch = RecordBatch::new(bytes).expect("one batch");
    assert!(batch.header().attributes.is_control() && batch.header().attributes.is_transactional());
    let mut records = batch.records(Limits::default()).expect("opens");
    let record = records.next().expect("reads").expect("one record");
    assert_eq!(record.key.and_then(control_batch::parse_key), Some(ControlRecordType::Commit.id()));
    let marker = record.value.and_then(control_batch::EndTxnMarker::decode);
    assert_eq!(marker, Some(control_batch::EndTxnMarker { coordinator_epoch: 12 }));
}
