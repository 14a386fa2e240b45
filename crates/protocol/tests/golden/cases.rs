//! The lines of `testdata/golden.gz`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use protocol_generator::Message as Schema;

/// One line: what Kafka's classes made of a value.
#[allow(dead_code, reason = "not every test looks at every column")]
pub struct Case {
    pub name: String,
    pub version: i16,
    pub shape: String,
    pub bytes: Vec<u8>,
    pub values: serde_json::Value,
    /// Checksum of what the value gives at each version of the message, `None` where Kafka refuses to write it.
    pub other_versions: Vec<Option<u32>>,
    pub changes: Vec<Change>,
}

/// What Kafka reads from the case's bytes when one of them is another.
#[allow(dead_code, reason = "not every test looks at every column")]
#[derive(Debug)]
pub struct Change {
    pub position: usize,
    pub byte: u8,
    /// Bytes left over and the checksum of what is written again, if it can be; `None` where Kafka refuses to read.
    pub outcome: Option<(usize, Option<u32>)>,
}

/// All lines of the file, or of the one that `MILENA_GOLDEN` names.
pub fn read() -> Vec<Case> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden.gz");
    let path = std::env::var_os("MILENA_GOLDEN").map_or(home, PathBuf::from);
    let compressed = std::fs::read(&path).expect("the file of golden bytes is there");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&compressed[..])
        .read_to_string(&mut text)
        .expect("golden.gz is a gzip file of text");
    text.lines().map(|line| parse(line).unwrap_or_else(|| panic!("not a case: {line}"))).collect()
}

fn parse(line: &str) -> Option<Case> {
    let mut columns = line.split('\t');
    Some(Case {
        name: columns.next()?.to_owned(),
        version: columns.next()?.parse().ok()?,
        shape: columns.next()?.to_owned(),
        bytes: hex(columns.next()?)?,
        values: serde_json::from_str(columns.next()?).ok()?,
        other_versions: list(columns.next()?).map(|sum| u32::from_str_radix(sum, 16).ok()).collect(),
        changes: list(columns.next()?).map(change).collect::<Option<_>>()?,
    })
}

fn list(column: &str) -> impl Iterator<Item = &str> {
    column.split(',').filter(|item| !item.is_empty())
}

fn change(item: &str) -> Option<Change> {
    let mut parts = item.split(':');
    let position = parts.next()?.parse().ok()?;
    let byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    let outcome = match parts.next()?.split_once('/') {
        None => None,
        Some((left, sum)) => Some((left.parse().ok()?, u32::from_str_radix(sum, 16).ok())),
    };
    Some(Change { position, byte, outcome })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[allow(dead_code, reason = "not every test compares bytes")]
/// The CRC-32 of zip files.
pub fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[allow(dead_code, reason = "not every test needs the schemas")]
/// All schemas of Kafka's by name.
pub fn schemas() -> BTreeMap<String, Schema> {
    schemas_of(&["client-apis.txt", "cluster-apis.txt", "records.txt"])
}

#[allow(dead_code, reason = "not every test needs the schemas")]
/// The schemas of these tables by name.
pub fn schemas_of(tables: &[&str]) -> BTreeMap<String, Schema> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let mut all = BTreeMap::new();
    for table in tables {
        let text = std::fs::read_to_string(home.join(table)).expect("the table is there");
        for schema in protocol_generator::parse_messages(&text).expect("the build has read it, too") {
            all.insert(schema.name.clone(), schema);
        }
    }
    all
}
