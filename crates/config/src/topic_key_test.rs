//! The table of topic keys against the one that Apache Kafka 4.3.1 prints of itself
//! (`conformance/golden-bytes/TopicKeys.java`).

use crate::node_key::{KeyType, Valid};
use crate::{NodeKey, TopicKey};

const KAFKA: &str = include_str!("../testdata/topic-keys-4.3.1.tsv");

#[test]
fn the_table_is_kafkas() {
    let ours: Vec<String> = TopicKey::all().iter().map(row).collect();
    assert_eq!(ours, KAFKA.lines().collect::<Vec<_>>());
}

/// A key as the program prints it.
fn row(key: &TopicKey) -> String {
    let key_type = match key.key.key_type {
        KeyType::Text => "STRING".to_owned(),
        other => format!("{other:?}").to_uppercase(),
    };
    let valid = match key.key.valid {
        // Kafka checks these two by a rule of their own, as `TopicKey::parse` does.
        Valid::Any if key.name().ends_with("throttled.replicas") => {
            "[partitionId]:[brokerId],[partitionId]:[brokerId],...".to_owned()
        }
        Valid::Any => String::new(),
        Valid::AtLeast(low) => format!("[{low},...]"),
        Valid::Between(low, high) => format!("[{low},...,{high}]"),
        Valid::BetweenOrMinusOne(low, high) => format!("[{low},...,{high}] or -1"),
        Valid::BetweenDoubles(low, high) => format!("[{low},...,{high}]"),
        Valid::OneOf(names) | Valid::ListOfOrEmpty(names) => format!("[{}]", names.join(", ")),
        other => panic!("no topic key is {other:?}"),
    };
    let synonyms = key.broker_synonyms.iter().map(|synonym| {
        let of_one = synonym.convert("1").expect("1 is a number");
        format!("{}={of_one}", synonym.name)
    });
    let internal = if key.is_internal { "internal" } else { "" };
    let default = key.key.default.unwrap_or("null");
    let synonyms = synonyms.collect::<Vec<_>>().join(",");
    [key.name(), &key_type, default, &valid, internal, &synonyms].join("\t")
}

#[test]
fn every_default_is_a_valid_value_and_every_synonym_a_broker_key() {
    for key in TopicKey::all() {
        key.default_value();
        assert!(key.broker_synonyms.iter().all(|synonym| NodeKey::find(synonym.name).is_some()));
    }
}

/// Which values each key takes (`conformance/golden-bytes/TopicValues.java`).
const VERDICTS: &str = include_str!("../testdata/topic-values-4.3.1.tsv");

#[test]
fn each_key_takes_the_values_that_kafka_takes() {
    let mut lines = VERDICTS.lines();
    let values: Vec<&str> = lines.next().expect("the values come first").split('\t').skip(1).collect();
    for line in lines {
        let (name, verdicts) = line.split_once('\t').expect("a key and its verdicts");
        let key = TopicKey::find(name).expect("the table has it");
        for (value, verdict) in values.iter().zip(verdicts.chars()) {
            assert_eq!(key.canonical(value).is_ok(), verdict == '1', "{name}={value:?}");
        }
    }
}
