//! A metadata log of Apache Kafka 4.3.1 and the snapshots it took on the way (`conformance/golden_metadata.py`): the log
//! replays to what each snapshot says, and records and snapshots are written back as they were.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use metadata::{
    ImageLoader, MetadataImage, MetadataRecord, MetadataVersion, Provenance, decode_record, encode_record,
};
use record::{AnyBatch, Batches, Limits};
use types::Offset;

const LOG: &[u8] = include_bytes!("../testdata/log.gz");

/// The snapshots with the offsets at which they end, exclusive.
const SNAPSHOTS: &[(i64, &[u8])] = &[
    (16, include_bytes!("../testdata/16-0000000001.checkpoint.gz")),
    (28, include_bytes!("../testdata/28-0000000001.checkpoint.gz")),
    (37, include_bytes!("../testdata/37-0000000001.checkpoint.gz")),
    (43, include_bytes!("../testdata/43-0000000001.checkpoint.gz")),
    (57, include_bytes!("../testdata/57-0000000001.checkpoint.gz")),
    (70, include_bytes!("../testdata/70-0000000002.checkpoint.gz")),
];

/// The data records of a log or snapshot with their offsets; control records are the quorum's.
fn values(gz: &[u8]) -> Vec<(Offset, Bytes)> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(gz).read_to_end(&mut bytes).expect("the file is whole");
    let mut values = Vec::new();
    for batch in Batches::new(bytes.into()) {
        let AnyBatch::Batch(batch) = batch.expect("the oracle writes whole batches") else {
            panic!("the oracle writes batches of magic 2");
        };
        batch.verify_crc().expect("the oracle's checksums are right");
        if batch.header().attributes.is_control() {
            continue;
        }
        let mut records = batch.records(Limits::default()).expect("the codec is known");
        while let Some(record) = records.next().expect("the oracle's records are whole") {
            let value = Bytes::copy_from_slice(record.value.expect("metadata records have values"));
            values.push((record.offset, value));
        }
    }
    values
}

fn decoded(gz: &[u8]) -> Vec<(Offset, MetadataRecord)> {
    let decode = |(offset, value)| (offset, decode_record(value).expect("the oracle's records are known"));
    values(gz).into_iter().map(decode).collect()
}

/// The image of a log up to `end`, exclusive.
fn replayed(log: &[(Offset, MetadataRecord)], end: Offset) -> MetadataImage {
    let mut loader = ImageLoader::default();
    for (offset, record) in log.iter().take_while(|(offset, _)| *offset < end) {
        loader.replay(record, *offset).expect("the oracle's log does not contradict itself");
    }
    assert_eq!(loader.transaction_began_at(), None);
    loader.latest().clone()
}

fn without_provenance(image: MetadataImage) -> MetadataImage {
    MetadataImage { provenance: Provenance::NONE, ..image }
}

fn loaded(snapshot: &[u8]) -> MetadataImage {
    let records = decoded(snapshot).into_iter().map(|(_, record)| record);
    let loader = ImageLoader::from_snapshot(records, Provenance::NONE);
    loader.expect("the oracle's snapshot does not contradict itself").latest().clone()
}

#[test]
fn every_record_of_the_log_is_written_back_byte_for_byte() {
    let values = values(LOG);
    assert!(values.len() > 60, "{}", values.len());
    for (offset, value) in values {
        let record = decode_record(value.clone()).expect("the oracle's records are known");
        let written =
            encode_record(&record, MetadataVersion::LATEST_PRODUCTION).expect("it was written once");
        assert_eq!(written, value, "offset {offset}: {record:?}");
    }
}

#[test]
fn the_log_replays_to_what_each_snapshot_says() {
    let log = decoded(LOG);
    for (end, snapshot) in SNAPSHOTS {
        let of_log = without_provenance(replayed(&log, Offset(*end)));
        assert_eq!(of_log, loaded(snapshot), "snapshot at {end}");
    }
}

#[test]
fn a_snapshot_is_written_with_the_records_the_oracle_writes() {
    for (end, snapshot) in SNAPSHOTS {
        let oracle = decoded(snapshot).into_iter().map(|(_, record)| record);
        let ours = loaded(snapshot);
        assert_eq!(spelled(ours.snapshot_records()), spelled(oracle), "snapshot at {end}");
        let kinds = |records: Vec<MetadataRecord>| -> Vec<&str> {
            let mut kinds: Vec<_> = records.iter().map(MetadataRecord::name).collect();
            kinds.dedup();
            // Topics alternate with their partitions.
            kinds.retain(|kind| *kind != "PartitionRecord");
            kinds.dedup();
            kinds
        };
        let oracle = decoded(snapshot).into_iter().map(|(_, record)| record).collect();
        assert_eq!(
            kinds(ours.snapshot_records().collect()),
            kinds(oracle),
            "parts come in the oracle's order"
        );
    }
}

#[test]
fn an_image_is_the_same_after_its_own_snapshot() {
    let log = decoded(LOG);
    let end = log.last().map_or(Offset(0), |(offset, _)| offset.plus(1));
    for end in (0..=end.0).map(Offset) {
        let Some(image) = replayed_if_settled(&log, end) else { continue };
        let again = ImageLoader::from_snapshot(image.snapshot_records(), image.provenance);
        assert_eq!(again.expect("an image does not contradict itself").latest(), &image);
    }
}

fn replayed_if_settled(log: &[(Offset, MetadataRecord)], end: Offset) -> Option<MetadataImage> {
    let mut loader = ImageLoader::default();
    for (offset, record) in log.iter().take_while(|(offset, _)| *offset < end) {
        loader.replay(record, *offset).expect("the oracle's log does not contradict itself");
    }
    loader.transaction_began_at().is_none().then(|| loader.latest().clone())
}

/// Records as text, each with how often it occurs. Kafka writes the lists of a registration in no particular order.
fn spelled(records: impl Iterator<Item = MetadataRecord>) -> BTreeMap<String, usize> {
    let mut spelled = BTreeMap::new();
    for mut record in records {
        match &mut record {
            MetadataRecord::RegisterBroker(record) => {
                record.features.sort_by(|a, b| a.name.cmp(&b.name));
                record.end_points.sort_by(|a, b| a.name.cmp(&b.name));
            }
            MetadataRecord::RegisterController(record) => {
                record.features.sort_by(|a, b| a.name.cmp(&b.name));
                record.end_points.sort_by(|a, b| a.name.cmp(&b.name));
            }
            _ => {}
        }
        *spelled.entry(format!("{record:?}")).or_default() += 1;
    }
    spelled
}
