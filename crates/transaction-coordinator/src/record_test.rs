//! Records against those that Kafka's classes wrote: `conformance/golden-transactions/TransactionRecords.java`, whose
//! header tells the columns.

use super::*;

const KAFKA: &str = include_str!("../testdata/transaction-records-4.3.1.tsv");

fn bytes(hex: &str) -> Bytes {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("hexadecimal") as u8;
    hex.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(word: &str) -> T {
    word.parse().expect("a number")
}

fn version(word: &str) -> TransactionVersion {
    TransactionVersion::from_level(number(word)).expect("a version")
}

fn expected(columns: &[&str]) -> Transaction {
    let partition = |word: &str| {
        let (topic, index) = word.rsplit_once('-').expect("TOPIC-INDEX");
        TopicPartition::new(topic, number::<i32>(index))
    };
    Transaction {
        state: TransactionState::from_name(columns[0]).expect("a state"),
        producer: Producer { id: ProducerId(number(columns[1])), epoch: ProducerEpoch(number(columns[2])) },
        previous_producer_id: ProducerId(number(columns[3])),
        next_producer_id: ProducerId(number(columns[4])),
        last_epoch: ProducerEpoch::NONE,
        timeout_ms: number(columns[5]),
        started_at_ms: number(columns[6]),
        updated_at_ms: number(columns[7]),
        client_version: version(columns[8]),
        partitions: columns[9].split(',').filter(|word| !word.is_empty()).map(partition).collect(),
    }
}

fn lines() -> impl Iterator<Item = (TransactionVersion, CoordinatorRecord, String, Vec<&'static str>)> {
    KAFKA.lines().map(|line| {
        let columns: Vec<_> = line.split('\t').collect();
        let value = (columns[2] != "-").then(|| bytes(columns[2]));
        let record = CoordinatorRecord { key: bytes(columns[1]), value };
        let id = String::from_utf8(bytes(columns[3]).to_vec()).expect("UTF-8");
        (version(columns[0]), record, id, columns[4..].to_vec())
    })
}

#[test]
fn records_are_read_in_every_state_and_version_and_written_as_kafka_writes_them() {
    let mut seen = std::collections::BTreeSet::new();
    for (version, record, id, columns) in lines() {
        if record.value.is_none() {
            assert_eq!(LogRecord::read(&record), Ok(LogRecord::Tombstone(id.clone())));
            assert_eq!(tombstone(&id), record);
            continue;
        }
        let expected = expected(&columns);
        let read = LogRecord::read(&record);
        assert_eq!(read, Ok(LogRecord::Transaction(id.clone(), Box::new(expected.clone()))), "{columns:?}");
        seen.insert((version, expected.state));
        let written = transaction_record(&id, &expected, version);
        let topics: std::collections::BTreeSet<_> = expected.partitions.iter().map(|it| &it.topic).collect();
        let are_sorted = |it: &CoordinatorRecord| LogRecord::read(it) == read && it.size() == record.size();
        // Kafka writes topics, and the partitions of each, in the order of a hash table.
        assert!(if topics.len() < 2 { written == record } else { are_sorted(&written) }, "{columns:?}");
    }
    assert_eq!(seen.len(), 3 * TransactionState::ALL.len(), "every state at every version");
}

#[test]
fn what_kafka_does_not_know_is_skipped() {
    let record = tombstone("id");
    let other_type = CoordinatorRecord { key: bytes("00010000"), value: None };
    assert_eq!(LogRecord::read(&other_type), Ok(LogRecord::Unknown));
    for newer in ["0002", "7fff00", "ffff"] {
        let record = CoordinatorRecord { value: Some(bytes(newer)), ..record.clone() };
        assert_eq!(LogRecord::read(&record), Ok(LogRecord::Unknown), "{newer}");
    }
}

#[test]
fn what_says_nothing_that_can_be_is_malformed() {
    let value = |state: &str, partitions: &str, version: &str| {
        format!(
            "000100000000000003e800050000ea60{state}{partitions}{}{}{version}",
            "00".repeat(8),
            "00".repeat(8)
        )
    };
    let read = |value: &str| {
        LogRecord::read(&CoordinatorRecord { value: Some(bytes(value)), ..tombstone("id") }).map(|_| ())
    };
    assert_eq!(read(&value("01", "01", "00")), Ok(()));
    let reason = |value: &str| read(value).expect_err("malformed").reason;
    assert_eq!(reason(&value("06", "01", "00")), "there is no state 6");
    assert_eq!(reason(&value("ff", "01", "00")), "there is no state -1");
    assert_eq!(reason(&value("01", "00", "00")), "it has no partitions");
    assert_eq!(reason(&value("01", "01", "0102020003")), "there is no version 3");
    let whole = value("01", "01", "00");
    for length in (0..whole.len()).step_by(2) {
        assert!(read(&whole[..length]).is_err() || length == 0, "cut off after {length}");
    }
    for key in ["", "00", "0000", "00000005aa"] {
        assert!(LogRecord::read(&CoordinatorRecord { key: bytes(key), value: None }).is_err(), "{key}");
    }
}
