//! The catalogue of all keys against the tables that Apache Kafka 4.3.1 prints of itself
//! (`conformance/golden-bytes/NodeKeys.java`, `TopicKeys.java`, `GroupKeys.java`).

use std::collections::{BTreeMap, BTreeSet};

use crate::{KeyFamily, KeyScope, KeyType, KnownKey, Measure, Support, Valid};

const BROKER: &str = include_str!("../testdata/node-keys-4.3.1.tsv");
const TOPIC: &str = include_str!("../testdata/topic-keys-4.3.1.tsv");
const GROUP: &str = include_str!("../testdata/group-keys-4.3.1.tsv");

/// Broker keys that no file sets: Kafka takes them only from AlterConfigs.
const ONLY_ALTERED: usize = 3;

fn count(family: KeyFamily) -> usize {
    KnownKey::all().filter(|key| key.family == family).count()
}

#[test]
fn every_key_of_kafka_is_there() {
    assert_eq!((BROKER.lines().count(), count(KeyFamily::Broker)), (360, 360 + ONLY_ALTERED));
    assert_eq!((TOPIC.lines().count(), count(KeyFamily::Topic)), (34, 34));
    assert_eq!(
        (GROUP.lines().count(), count(KeyFamily::Group), count(KeyFamily::ClientMetrics)),
        (20, 17, 3)
    );
    let names: BTreeSet<_> = KnownKey::all().map(|key| (key.family, key.name())).collect();
    assert_eq!(names.len(), KnownKey::all().count());
}

#[test]
fn scopes_are_kafkas() {
    let kafka: BTreeMap<&str, &str> = BROKER
        .lines()
        .map(|line| (line.split('\t').next().expect("a name"), line.rsplit('\t').next().expect("a scope")))
        .collect();
    for key in KnownKey::all().filter(|key| key.family == KeyFamily::Broker) {
        let scope = kafka.get(key.name()).copied().unwrap_or("cluster-wide");
        assert_eq!(key.scope().to_string(), scope, "{}", key.name());
    }
    assert_eq!(KnownKey::named("retention.ms")[0].scope(), KeyScope::EachResource);
}

#[test]
fn keys_of_groups_and_of_metrics_are_kafkas() {
    let of_groups =
        KnownKey::all().filter(|key| matches!(key.family, KeyFamily::Group | KeyFamily::ClientMetrics));
    let ours: Vec<String> = of_groups.map(|key| row(&key)).collect();
    assert_eq!(ours, GROUP.lines().collect::<Vec<_>>());
}

/// A key as the program prints it. Kafka checks the reset of a share group and the keys of metrics by rules of its own.
fn row(key: &KnownKey) -> String {
    let family = key.family.to_string().replace(' ', "-");
    let valid = match key.key.valid {
        _ if key.family == KeyFamily::ClientMetrics => String::new(),
        Valid::Any if key.name() == "share.auto.offset.reset" => {
            "[latest, earliest, by_duration:PnDTnHnMn.nS]".to_owned()
        }
        Valid::Any => String::new(),
        Valid::AtLeast(low) => format!("[{low},...]"),
        Valid::OneOf(names) => format!("[{}]", names.join(", ")),
        other => panic!("no such key is {other:?}"),
    };
    let key_type = key.key.key_type.to_string().to_uppercase();
    [&family, key.name(), &key_type, key.key.default.unwrap_or("null"), &valid].join("\t")
}

#[test]
fn every_key_says_what_it_means_and_what_becomes_of_it() {
    for key in KnownKey::all() {
        assert!(key.doc.len() > 10 && key.doc.ends_with('.'), "{}: {}", key.name(), key.doc);
        assert!(!key.key.support.to_string().ends_with(": "), "{}", key.name());
    }
}

/// A number whose name tells a unit has it; the others count things, and were looked at one by one.
#[test]
fn numbers_are_measured() {
    let measure = |name: &str| KnownKey::named(name)[0].measure();
    assert_eq!(measure("log.retention.hours"), Some(Measure::Hours));
    assert_eq!(measure("metadata.log.max.record.bytes.between.snapshots"), Some(Measure::Bytes));
    assert_eq!(measure("log.cleaner.io.max.bytes.per.second"), Some(Measure::BytesPerSecond));
    assert_eq!(measure("internal.metadata.max.batch.size.in.bytes"), Some(Measure::Bytes));
    assert_eq!(measure("log.cleaner.min.cleanable.ratio"), Some(Measure::Ratio));
    assert_eq!(measure("num.partitions"), None);
    assert_eq!(measure("log.dirs"), None);
    let times = |key: &KnownKey| {
        let name = key.name();
        [".ms", ".millis", ".hours", ".minutes", ".seconds", ".secs"].iter().any(|end| name.ends_with(end))
    };
    for key in KnownKey::all().filter(|key| key.key.key_type != KeyType::Text) {
        assert!(!times(&key) || key.measure().is_some(), "{}", key.name());
    }
    let unmeasured: Vec<_> = KnownKey::all()
        .filter(|key| key.name().contains("buffer") || key.name().contains(".size"))
        .filter(|key| key.measure().is_none() && matches!(key.key.key_type, KeyType::Int | KeyType::Long))
        .map(|key| key.name())
        .collect();
    assert_eq!(
        unmeasured,
        [
            "group.consumer.max.size",
            "group.max.size",
            "group.share.max.size",
            "group.streams.max.size",
            "max.request.partition.size.limit",
            "remote.log.manager.copier.thread.pool.size",
            "remote.log.manager.expiration.thread.pool.size",
            "remote.log.manager.follower.thread.pool.size",
            "remote.log.manager.thread.pool.size",
            "socket.listen.backlog.size",
        ]
    );
}

#[test]
fn a_broker_key_and_a_topic_key_stand_for_each_other() {
    let synonyms = |name: &str| KnownKey::named(name)[0].synonyms();
    assert_eq!(
        synonyms("retention.ms"),
        [
            "log.retention.ms (broker)",
            "log.retention.minutes (broker, in minutes)",
            "log.retention.hours (broker, in hours)"
        ]
    );
    assert_eq!(
        synonyms("log.retention.hours"),
        ["retention.ms (topic)", "log.retention.ms (broker)", "log.retention.minutes (broker, in minutes)"]
    );
    assert_eq!(synonyms("group.consumer.session.timeout.ms"), ["consumer.session.timeout.ms (group)"]);
    assert_eq!(KnownKey::named("compression.type").len(), 2);
}

#[test]
fn what_asks_for_safety_is_refused_and_never_ignored() {
    for key in KnownKey::all().filter(|key| key.family == KeyFamily::Broker) {
        let name = key.name();
        let asks = name.starts_with("ssl.")
            || name.starts_with("sasl.")
            || name.ends_with(".class")
            || name.ends_with(".class.name")
            || name.ends_with(".class.path")
            || name.ends_with("reporters")
            || name.ends_with("providers");
        if asks {
            assert!(matches!(key.key.support, Support::Refused(_)), "{name}");
        }
    }
}

#[test]
fn a_mistyped_name_of_any_family_finds_its_neighbour() {
    assert_eq!(KnownKey::nearest("retentoin.ms"), Some("retention.ms"));
    assert_eq!(KnownKey::nearest("num.partition"), Some("num.partitions"));
    assert_eq!(KnownKey::nearest("zookeeper.connect"), None);
}
