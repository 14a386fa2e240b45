//! Every message at every version against bytes and values made by Apache Kafka's own classes.
//!
//! `testdata/golden.gz` comes from `conformance/golden-bytes`, which explains its lines.

mod cases;
mod expected;

use std::collections::BTreeMap;

use bytes::Bytes;
use cases::Case;
use protocol::{DecodeError, Message, Reader, Writer};
use protocol_generator::Message as Schema;

/// One message type behind function pointers, so that a line of the file can pick it by name.
struct Codec {
    judge: fn(&Case, &Schema) -> Result<(), String>,
}

macro_rules! codecs {
    ($(($kind:literal, $key:literal, $message:ty))*) => {
        BTreeMap::from([$((<$message as Message>::NAME, Codec { judge: judge::<$message> })),*])
    };
}

/// Values and bytes agree with Kafka's, at the case's version and at all others where the file tells.
fn judge<M: Message>(case: &Case, schema: &Schema) -> Result<(), String> {
    let mut reader = Reader::new(Bytes::from(case.bytes.clone()));
    let value = M::decode(&mut reader, case.version).map_err(|error| format!("decode: {error}"))?;
    reader.finish().map_err(|error| format!("decode: {error}"))?;
    let (found, expected) = (format!("{value:?}"), expected::debug_text(schema, case));
    if found != expected {
        return Err(format!("values\n  ours:   {found}\n  Kafka's: {expected}"));
    }
    let mut writer = Writer::new();
    value.encode(&mut writer, case.version).map_err(|error| format!("encode: {error}"))?;
    if writer.as_slice() != case.bytes {
        return Err(format!("bytes\n  ours:   {:02x?}\n  Kafka's: {:02x?}", writer.as_slice(), case.bytes));
    }
    for (version, expected) in (M::MIN_VERSION..).zip(&case.other_versions) {
        let mut writer = Writer::new();
        let written = value.encode(&mut writer, version).map(|()| cases::checksum(writer.as_slice()));
        if written.as_ref().ok() != expected.as_ref() {
            return Err(format!(
                "written at version {version}\n  ours:   {written:x?}\n  Kafka's: {expected:x?}"
            ));
        }
    }
    case.changes.iter().try_for_each(|change| judge_change::<M>(case, change))
}

/// Kafka and we read the same from changed bytes, or both refuse. Stricter than Kafka we are in one thing: tagged fields
/// must ascend and have the length they claim; Kafka takes them in any order and never looks at the length of known ones.
fn judge_change<M: Message>(case: &Case, change: &cases::Change) -> Result<(), String> {
    let mut bytes = case.bytes.clone();
    bytes[change.position] = change.byte;
    let mut reader = Reader::new(Bytes::from(bytes));
    let ours = match M::decode(&mut reader, case.version) {
        Ok(value) => {
            let mut writer = Writer::new();
            let written = value.encode(&mut writer, case.version);
            Ok((reader.remaining(), written.ok().map(|()| cases::checksum(writer.as_slice()))))
        }
        Err(error) => Err(error),
    };
    match (&ours, &change.outcome) {
        (Err(_), None) | (Err(DecodeError::TagOrder { .. } | DecodeError::TagSize { .. }), Some(_)) => Ok(()),
        (Ok(ours), Some(expected)) if ours == expected => Ok(()),
        _ => Err(format!("changed: {change:?}\n  ours:   {ours:?}")),
    }
}

#[test]
fn every_message_at_every_version_agrees_with_kafka() {
    let codecs = protocol::for_every_message!(codecs);
    let schemas = cases::schemas();
    assert_eq!((codecs.len(), schemas.len()), (272, 272));
    let (mut seen, mut failures) = (BTreeMap::<(String, i16), Vec<String>>::new(), Vec::new());
    for case in cases::read() {
        let codec = &codecs[case.name.as_str()];
        if let Err(reason) = (codec.judge)(&case, &schemas[&case.name]) {
            failures.push(format!("{} version {} {}: {reason}", case.name, case.version, case.shape));
        }
        let is_changed = matches!(case.shape.as_str(), "mixed" | "tagged") && !case.bytes.is_empty();
        assert_eq!(
            case.changes.len(),
            if is_changed { 6 } else { 0 },
            "{} version {}",
            case.name,
            case.version
        );
        seen.entry((case.name, case.version)).or_default().push(case.shape);
    }
    for failure in failures.iter().take(5) {
        eprintln!("{failure}");
    }
    assert_eq!(failures.len(), 0, "cases that differ; the first ones are above");
    // Nothing is missing from the file: all shapes of all versions of all messages.
    let mut versions = 0;
    for schema in schemas.values() {
        for version in schema.valid.low..=schema.valid.high {
            let mut shapes = vec!["default", "sparse", "mixed", "full"];
            if schema.is_flexible(version) {
                shapes.push("tagged");
            }
            assert_eq!(seen[&(schema.name.clone(), version)], shapes, "{} version {version}", schema.name);
            versions += 1;
        }
    }
    assert_eq!((versions, seen.len()), (728, 728));
}
