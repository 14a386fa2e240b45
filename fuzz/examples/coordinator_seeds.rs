//! Fills `corpus/coordinator_records` and `corpus/transaction_records` from what Apache Kafka wrote:
//! `crates/group-coordinator/testdata`, with commits, and `crates/transaction-coordinator/testdata`.

use std::fs;
use std::path::Path;

/// A commit of the group `g`, and one under the key of older logs.
const COMMITS: [(&str, &str); 2] = [
    ("00010001670001740000 0003", "0003000000000000002a0000000700000000018bcfe56800"),
    ("0000000167000174 00000003", "0000000000000000002a00000000018bcfe56800"),
];

fn main() -> std::io::Result<()> {
    groups()?;
    transactions()
}

/// A file for each record, and one with all of them.
fn transactions() -> std::io::Result<()> {
    let folder = Path::new("corpus/transaction_records");
    fs::create_dir_all(folder)?;
    let text =
        fs::read_to_string("../crates/transaction-coordinator/testdata/transaction-records-4.3.1.tsv")?;
    let mut log = vec![1];
    for (number, line) in text.lines().enumerate() {
        let mut columns = line.split('\t').skip(1);
        let mut column = || columns.next().expect("a key and a value");
        let key = fuzz::hex(column()).expect("hexadecimal digits");
        let value = fuzz::hex(column()).unwrap_or_default();
        let length = u16::try_from(value.len()).expect("a short value").to_be_bytes();
        // One transactional id is too long for this form.
        let Ok(key_length) = u8::try_from(key.len()) else { continue };
        let record =
            [&[u8::from(value.is_empty()), key_length, length[0], length[1]], &key[..], &value].concat();
        fs::write(folder.join(format!("{number}")), [&[number as u8 & 3], &record[..]].concat())?;
        log.extend(record);
    }
    fs::write(folder.join("all"), log)
}

fn groups() -> std::io::Result<()> {
    let folder = Path::new("corpus/coordinator_records");
    fs::create_dir_all(folder)?;
    let text = fs::read_to_string("../crates/group-coordinator/testdata/group-metadata-4.3.1.hex")?;
    let consumer = fs::read_to_string("../crates/group-coordinator/testdata/consumer-records-4.3.1.hex")?;
    let lines = text.lines().chain(consumer.lines()).filter_map(|line| line.split_once(' ')).chain(COMMITS);
    let mut log = Vec::new();
    for (number, (key, value)) in lines.enumerate() {
        let key = fuzz::hex(&key.replace(' ', "")).expect("hexadecimal digits");
        let is_tombstone = value == "-";
        let value = if is_tombstone { Vec::new() } else { fuzz::hex(value).expect("hexadecimal digits") };
        let choices = u8::from(is_tombstone) | (number as u8 & 3) << 1;
        let length = u16::try_from(value.len()).expect("a short value").to_be_bytes();
        let head = [choices, u8::try_from(key.len()).expect("a short key"), length[0], length[1]];
        let record = [&head, &key[..], &value].concat();
        fs::write(folder.join(format!("{number}")), &record)?;
        log.extend(record);
    }
    fs::write(folder.join("all"), log)
}
