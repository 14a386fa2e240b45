//! Topic settings resolved through the layers, held against what Apache Kafka 4.3.1 shows.

use std::collections::BTreeMap;

use crate::{
    ConfigEntry, ConfigSource, Properties, TopicConfig, TopicConfigError, TopicLayers, TopicOverrides,
};

/// What `kafka-configs --describe --all` shows of two topics (`conformance/golden_metadata.py`).
const DESCRIBED: &str = include_str!("../testdata/describe-topics.txt");

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn properties(pairs: &[(&str, &str)]) -> Properties {
    let mut properties = Properties::default();
    pairs.iter().for_each(|(key, value)| properties.set(*key, *value));
    properties
}

fn resolved(
    file: &[(&str, &str)],
    all: &[(&str, &str)],
    one: &[(&str, &str)],
    own: &[(&str, &str)],
) -> TopicConfig {
    let (properties, dynamic_default, dynamic_broker) = (properties(file), settings(all), settings(one));
    TopicLayers {
        properties: &properties,
        dynamic_default: &dynamic_default,
        dynamic_broker: &dynamic_broker,
    }
    .resolve(&settings(own))
}

fn validated(own: &[(&str, &str)], existing: &[(&str, &str)]) -> Result<(), TopicConfigError> {
    let (properties, none) = (Properties::default(), BTreeMap::new());
    TopicLayers { properties: &properties, dynamic_default: &none, dynamic_broker: &none }
        .validate(&settings(own), &settings(existing))
}

/// An entry as Kafka's tool prints it.
fn printed(entry: &ConfigEntry) -> String {
    let source = |source| match source {
        ConfigSource::Topic => "DYNAMIC_TOPIC_CONFIG",
        ConfigSource::DynamicBroker => "DYNAMIC_BROKER_CONFIG",
        ConfigSource::DynamicDefaultBroker => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        ConfigSource::StaticBroker => "STATIC_BROKER_CONFIG",
        ConfigSource::Default => "DEFAULT_CONFIG",
        other => panic!("a topic has nothing from {other:?}"),
    };
    let shown = |value: &Option<String>| value.clone().unwrap_or_default();
    let synonyms: Vec<_> = (entry.synonyms.iter())
        .map(|it| format!("{}:{}={}", source(it.source), it.name, shown(&it.value)))
        .collect();
    let value = entry.value.as_deref().unwrap_or_default();
    format!("  {}={value} sensitive=false synonyms={{{}}}", entry.name, synonyms.join(", "))
}

#[test]
fn topics_are_described_as_kafka_describes_them() {
    let dynamic_default = settings(&[("min.insync.replicas", "1"), ("log.retention.ms", "3600000")]);
    let (properties, dynamic_broker) = (Properties::default(), settings(&[("num.io.threads", "4")]));
    let layers = TopicLayers {
        properties: &properties,
        dynamic_default: &dynamic_default,
        dynamic_broker: &dynamic_broker,
    };
    let topics = [
        ("flights", settings(&[("retention.ms", "86400000"), ("cleanup.policy", "compact,delete")])),
        ("manual", settings(&[("min.insync.replicas", "1")])),
    ];
    let mut lines = Vec::new();
    for (topic, overrides) in topics {
        lines.push(format!("All configs for topic {topic} are:"));
        lines.extend(layers.entries(&overrides).iter().map(printed));
    }
    assert_eq!(lines, DESCRIBED.lines().collect::<Vec<_>>());
}

#[test]
fn a_topic_without_settings_has_kafkas_defaults() {
    assert_eq!(resolved(&[], &[], &[], &[]), TopicConfig::default());
}

#[test]
fn the_topic_counts_before_the_broker_before_all_brokers_before_the_file() {
    let file = [("log.retention.ms", "1")];
    let all = [("log.retention.ms", "2")];
    let one = [("log.retention.ms", "3")];
    assert_eq!(resolved(&file, &[], &[], &[]).retention_ms, 1);
    assert_eq!(resolved(&file, &all, &[], &[]).retention_ms, 2);
    assert_eq!(resolved(&file, &all, &one, &[]).retention_ms, 3);
    assert_eq!(resolved(&file, &all, &one, &[("retention.ms", "4")]).retention_ms, 4);
}

#[test]
fn the_finest_unit_counts_and_is_read_in_milliseconds() {
    let hours = ("log.retention.hours", "2");
    let minutes = ("log.retention.minutes", "5");
    assert_eq!(resolved(&[hours], &[], &[], &[]).retention_ms, 7_200_000);
    assert_eq!(resolved(&[hours, minutes], &[], &[], &[]).retention_ms, 300_000);
    assert_eq!(resolved(&[hours, minutes, ("log.retention.ms", "-1")], &[], &[], &[]).retention_ms, -1);
    assert_eq!(resolved(&[("log.retention.hours", "-7")], &[], &[], &[]).retention_ms, -1);
    assert_eq!(resolved(&[("log.retention.ms", "-7")], &[], &[], &[]).retention_ms, -1);
    assert_eq!(resolved(&[("log.roll.jitter.hours", "1")], &[], &[], &[]).segment_jitter_ms, 3_600_000);
}

#[test]
fn values_that_a_newer_version_may_have_written_are_passed_over() {
    assert_eq!(resolved(&[], &[], &[], &[("segment.ms", "soon")]).segment_ms, 604_800_000);
    assert_eq!(resolved(&[], &[], &[], &[("compression.type", "brotli")]), TopicConfig::default());
}

#[test]
fn each_value_is_checked() {
    for fine in [
        ("cleanup.policy", ""),
        ("cleanup.policy", "compact, delete"),
        ("retention.ms", " 5 "),
        ("retention.bytes", "-5"),
        ("compression.gzip.level", "-1"),
        ("compression.zstd.level", "-131072"),
        ("preallocate", "TRUE"),
        ("internal.segment.bytes", "100"),
        ("leader.replication.throttled.replicas", "*"),
        ("leader.replication.throttled.replicas", "0:1,1:2"),
    ] {
        assert_eq!(validated(&[fine], &[]), Ok(()), "{fine:?}");
    }
    for wrong in [
        ("cleanup.policy", "archive"),
        ("retention.ms", "-2"),
        ("retention.ms", "5s"),
        ("retention.ms", ""),
        ("segment.ms", "0"),
        ("segment.bytes", "1048575"),
        ("segment.bytes", "2147483648"),
        ("compression.gzip.level", "0"),
        ("compression.gzip.level", "10"),
        ("compression.type", "none"),
        ("min.cleanable.dirty.ratio", "1.1"),
        ("min.cleanable.dirty.ratio", "NaN"),
        ("preallocate", "yes"),
        ("local.retention.ms", "-3"),
        ("leader.replication.throttled.replicas", "0:1,x"),
    ] {
        assert!(matches!(validated(&[wrong], &[]), Err(TopicConfigError::Value(_))), "{wrong:?}");
    }
    let unknown = TopicConfigError::UnknownKey { name: "no.such.key".to_owned(), nearest: None };
    assert_eq!(validated(&[("no.such.key", "1")], &[]), Err(unknown));
    let slip = validated(&[("retention.sm", "1")], &[]).expect_err("no such key");
    assert_eq!(slip.to_string(), "no topic key is named retention.sm; did you mean retention.ms?");
}

#[test]
fn keys_are_checked_together() {
    let lags = [("min.compaction.lag.ms", "100"), ("max.compaction.lag.ms", "10")];
    assert!(matches!(validated(&lags, &[]), Err(TopicConfigError::Value(_))));
    let remote = [("remote.storage.enable", "true")];
    assert_eq!(validated(&remote, &[]), Err(TopicConfigError::TieredStorageDisabled));
    assert_eq!(validated(&[], &remote), Err(TopicConfigError::RemoteDataWouldBeLost));
    assert_eq!(validated(&[("remote.log.delete.on.disable", "true")], &remote), Ok(()));
}

#[test]
fn an_internal_key_is_shown_where_it_is_set_and_counts() {
    let own = settings(&[("internal.segment.bytes", "100")]);
    let (properties, none) = (Properties::default(), BTreeMap::new());
    let layers = TopicLayers { properties: &properties, dynamic_default: &none, dynamic_broker: &none };
    let shown = |overrides: &TopicOverrides| layers.entries(overrides).len();
    assert_eq!(shown(&own), shown(&none) + 1);
    assert_eq!(layers.resolve(&own).segment_bytes, 100);
}
