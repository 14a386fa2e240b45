//! The oracle's own bytes (Apache Kafka 4.3.1, `conformance/golden-records`): read as the oracle reads them, written
//! as it writes them, judged as its LogValidator judges them.

mod listing;

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use listing::list;
use record::validate::{
    AppendOrigin, AppendRules, InvalidBatch, RejectionKind, TargetCompression, ValidateError,
    validate_and_assign,
};
use record::{
    AnyBatch, BatchBuilder, BatchHeader, BatchOptions, Batches, Codec, Compression, Limits, RecordBatch,
    TimestampType,
};
use types::{LeaderEpoch, Offset};

/// A block of the golden files: its first line, its named byte strings and its other lines.
struct Block {
    title: String,
    bytes: BTreeMap<&'static str, Bytes>,
    lines: String,
}

fn blocks(compressed: &[u8]) -> Vec<Block> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(compressed).read_to_string(&mut text).expect("checked in whole");
    let mut blocks = Vec::new();
    let mut block = Block { title: String::new(), bytes: BTreeMap::new(), lines: String::new() };
    for line in text.lines() {
        if line == "end" {
            let next = Block { title: String::new(), bytes: BTreeMap::new(), lines: String::new() };
            blocks.push(std::mem::replace(&mut block, next));
        } else if let Some(hex) = line.strip_prefix("bytes ") {
            block.bytes.insert("bytes", unhex(hex));
        } else if let Some(hex) = line.strip_prefix("appended ") {
            block.bytes.insert("appended", unhex(hex));
        } else if block.title.is_empty() {
            block.title = line.to_owned();
        } else {
            block.lines += line;
            block.lines += "\n";
        }
    }
    blocks
}

fn unhex(hex: &str) -> Bytes {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}

fn batches() -> Vec<Block> {
    let blocks = blocks(include_bytes!("../testdata/batches.txt.gz"));
    assert_eq!(blocks.len(), 64, "the golden file is whole");
    blocks
}

#[test]
fn batches_of_the_oracle_are_read_as_the_oracle_reads_them() {
    for block in batches() {
        assert_eq!(list(&block.bytes["bytes"]), block.lines, "{}", block.title);
    }
}

#[test]
fn uncompressed_batches_are_written_as_the_oracle_writes_them() {
    let mut compared = 0;
    for block in batches() {
        for batch in Batches::new(block.bytes["bytes"].clone()) {
            let AnyBatch::Batch(batch) = batch.expect("a whole batch") else { continue };
            if batch.codec() != Ok(Codec::None) {
                continue;
            }
            assert_eq!(rewrite(&batch), batch.bytes(), "{}", block.title);
            compared += 1;
        }
    }
    assert_eq!(compared, 13, "what the golden file holds");
}

/// The batch, read and built again.
fn rewrite(batch: &RecordBatch) -> Bytes {
    let header = batch.header();
    let options = BatchOptions {
        base_offset: header.base_offset,
        compression: Compression::None,
        timestamp_type: header.attributes.timestamp_type(),
        log_append_time: header.max_timestamp,
        partition_leader_epoch: header.partition_leader_epoch,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        transactional: header.attributes.is_transactional(),
        control: header.attributes.is_control(),
        delete_horizon_ms: header.delete_horizon_ms(),
    };
    if header.count == 0 {
        return BatchBuilder::build_empty(options, header.last_offset(), header.max_timestamp)
            .expect("a header");
    }
    let mut builder = BatchBuilder::new(options).expect("no codec");
    // The records' own times are behind the append time, so they are read as if it were not there.
    let mut plain = *header;
    plain.attributes = plain.attributes.with_timestamp_type(TimestampType::CreateTime);
    let plain = RecordBatch::new([&plain.to_bytes()[..], batch.body()].concat().into()).expect("a batch");
    let mut records = plain.records(Limits::default()).expect("opens");
    while let Some(record) = records.next().expect("reads") {
        builder.append_view(record.offset, &record).expect("offsets rise");
    }
    builder.set_last_offset(header.last_offset());
    builder.build().expect("complete producer state").expect("not empty")
}

const NOW: i64 = 1_700_000_000_000;

fn setting<'a>(title: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}=");
    title.split(' ').find_map(|word| word.strip_prefix(&prefix)).expect("every case has every setting")
}

fn rules_of(title: &str) -> AppendRules {
    let target =
        Codec::ALL.into_iter().find(|codec| codec.name() == setting(title, "target")).expect("a codec");
    AppendRules {
        origin: match setting(title, "origin") {
            "CLIENT" => AppendOrigin::Client,
            "COORDINATOR" => AppendOrigin::Coordinator,
            other => panic!("{other}"),
        },
        leader_epoch: LeaderEpoch(5),
        now_ms: NOW,
        timestamp_type: match setting(title, "type") {
            "CreateTime" => TimestampType::CreateTime,
            "LogAppendTime" => TimestampType::LogAppendTime,
            other => panic!("{other}"),
        },
        timestamp_before_max_ms: setting(title, "before").parse().expect("a number"),
        timestamp_after_max_ms: setting(title, "after").parse().expect("a number"),
        compression: TargetCompression::Fixed(Compression::of(target)),
        compacted: setting(title, "compacted") == "true",
        batch_bytes_max: None,
        limits: Limits::default(),
    }
}

/// Our verdict in the words of the golden file.
fn verdict(sent: &Bytes, rules: &AppendRules) -> (String, Option<Bytes>) {
    match validate_and_assign(sent.clone(), rules, Offset(1000)) {
        Ok(batch) => {
            let next = batch.header.next_offset();
            let line =
                format!("accepted next={next} max={} rebuilt={}", batch.header.max_timestamp, batch.rebuilt);
            (line, Some(batch.to_bytes()))
        }
        Err(ValidateError::Rejected(rejected)) => {
            let kind = match rejected.kind() {
                RejectionKind::Timestamp => "InvalidTimestampException",
                RejectionKind::Record => "InvalidRecordException",
            };
            let indexes: String =
                rejected.records.iter().map(|record| format!(" {}", record.batch_index)).collect();
            (format!("rejected {kind}{indexes}"), None)
        }
        Err(ValidateError::Batch(_) | ValidateError::Records(_)) => {
            ("failed InvalidRecordException".to_owned(), None)
        }
        Err(ValidateError::Rebuild(_)) => ("failed IllegalArgumentException".to_owned(), None),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn batches_are_judged_as_the_oracles_validator_judges_them() {
    let cases = blocks(include_bytes!("../testdata/validator.txt.gz"));
    assert_eq!(cases.len(), 600, "the golden file is whole");
    let mut differences = Vec::new();
    let mut known = 0;
    for case in cases {
        let rules = rules_of(&case.title);
        let sent = &case.bytes["bytes"];
        let (line, appended) = verdict(sent, &rules);
        let (expect, listed) = case.lines.split_once('\n').expect("a verdict");
        if line != expect && is_known(&case.title, expect) {
            known += 1;
            continue;
        }
        if line != expect {
            differences.push(format!("{}: {line} where the oracle says {expect}", case.title));
            continue;
        }
        let Some(appended) = appended else { continue };
        let theirs = &case.bytes["appended"];
        let header = BatchHeader::parse(theirs).expect("a batch");
        if header.attributes.codec() == Ok(Codec::None) || setting(&line, "rebuilt") == "false" {
            assert_eq!(listing::hex(&appended), listing::hex(theirs), "{}", case.title);
        } else {
            // Another compressor, the same batch: all but the sizes.
            assert_eq!(unsized_lines(&list(&appended)), unsized_lines(listed), "{}", case.title);
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    assert_eq!(known, 10, "a difference that is gone should be struck from the list");
}

/// Where we differ on purpose, see the module `validate`.
fn is_known(title: &str, expect: &str) -> bool {
    let mutation = setting(title, "mutation");
    // A coordinator's header that contradicts itself: the oracle checks that for clients only.
    let contradiction = setting(title, "origin") == "COORDINATOR" && matches!(mutation, "0" | "1");
    // Timestamps before 1970 are taken by the oracle unless it must write the batch anew.
    let before_1970 = mutation == "7" && expect == "failed IllegalArgumentException";
    contradiction || before_1970
}

fn unsized_lines(listed: &str) -> Vec<String> {
    let without_size =
        |line: &str| line.split(' ').filter(|word| !word.starts_with("size=")).collect::<Vec<_>>().join(" ");
    listed.lines().map(without_size).collect()
}

#[test]
fn a_raised_control_bit_is_what_the_header_says() {
    // Guards the golden cases against testing nothing: the mutation exists and is refused by name.
    let cases = blocks(include_bytes!("../testdata/validator.txt.gz"));
    let refused = cases.iter().filter(|case| {
        let result = validate_and_assign(case.bytes["bytes"].clone(), &rules_of(&case.title), Offset(0));
        matches!(result, Err(ValidateError::Batch(InvalidBatch::Control)))
    });
    assert!(refused.count() > 0);
}
