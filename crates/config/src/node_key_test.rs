//! The table of keys against the one that Apache Kafka 4.3.1 prints of itself (`conformance/golden-bytes/NodeKeys.java`).

use std::collections::BTreeMap;

use crate::known_key::OWN_DEFAULTS;
use crate::node_key::{KeyType, NodeKey, Valid};

fn kafka_keys() -> BTreeMap<&'static str, Vec<&'static str>> {
    include_str!("../testdata/node-keys-4.3.1.tsv")
        .lines()
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            (columns[0], columns)
        })
        .collect()
}

#[test]
fn the_table_has_exactly_kafkas_keys_each_once() {
    let mut ours: Vec<&str> = NodeKey::all().map(|key| key.name).collect();
    ours.sort_unstable();
    assert_eq!(ours, kafka_keys().into_keys().collect::<Vec<_>>());
}

#[test]
fn types_and_defaults_are_kafkas() {
    let kafka = kafka_keys();
    for key in NodeKey::all() {
        let row = &kafka[key.name];
        let key_type = match key.key_type {
            KeyType::Text => "STRING".to_owned(),
            other => format!("{other:?}").to_uppercase(),
        };
        assert_eq!(key_type, row[1], "type of {}", key.name);
        let kafka_default = match row[2].trim_start_matches("class ") {
            "null" | "<required>" => None,
            text => Some(text),
        };
        let own = OWN_DEFAULTS.iter().find(|(name, _)| *name == key.name);
        let expected = own.map_or(key.default, |(_, kafkas)| Some(*kafkas));
        assert_eq!(expected, kafka_default, "default of {}", key.name);
    }
}

#[test]
fn bounds_are_kafkas() {
    let kafka = kafka_keys();
    for key in NodeKey::all() {
        let ours = match key.valid {
            Valid::AtLeast(low) => format!("[{low},...]"),
            Valid::Between(low, high) => format!("[{low},...,{high}]"),
            Valid::BetweenOrMinusOne(low, high) => format!("[{low},...,{high}] or -1"),
            Valid::BetweenDoubles(low, high) => format!("[{low},...,{high}]"),
            _ => continue,
        };
        assert_eq!(ours, kafka[key.name][3], "bounds of {}", key.name);
    }
}

#[test]
fn every_default_is_a_valid_value_of_its_key() {
    for key in NodeKey::all() {
        if let Some(default) = key.default {
            key.parse(default).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn a_misspelt_key_finds_its_neighbour_and_nonsense_finds_none() {
    let nearest = |name| NodeKey::nearest(name).map(|key| key.name);
    assert_eq!(nearest("log.retention.hour"), Some("log.retention.hours"));
    assert_eq!(nearest("num.partition"), Some("num.partitions"));
    assert_eq!(nearest("LOG_DIRS"), Some("log.dirs"));
    assert_eq!(nearest("retention.ms"), Some("log.retention.ms"), "topics have such a key");
    assert_eq!(nearest("segment.bytes"), Some("log.segment.bytes"));
    assert_eq!(nearest("zookeeper.connect"), None);
    assert_eq!(nearest("x"), None);
}
