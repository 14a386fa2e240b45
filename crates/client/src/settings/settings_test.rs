//! Settings by Kafka's names: defaults, slips, and what excludes each other.

use std::time::Duration;

use super::consumer::iso_duration;
use super::{ClientKey, ClientKind, SettingError, Support};
use crate::config::ClientConfig;
use crate::consumer::{Assignor, ConsumerConfig, OffsetReset};
use crate::producer::{Acks, Compression, ProducerConfig};

const SERVERS: (&str, &str) = ("bootstrap.servers", "one:9092");

fn producer(settings: &[(&str, &str)]) -> Result<ProducerConfig, SettingError> {
    let settings = [&[SERVERS], settings].concat();
    ProducerConfig::from_settings(settings).map(|(_, config)| config)
}

fn consumer(settings: &[(&str, &str)]) -> Result<ConsumerConfig, SettingError> {
    let settings = [&[SERVERS], settings].concat();
    ConsumerConfig::from_settings(settings).map(|(_, config)| config)
}

/// What a refusal says.
fn refusal<T: std::fmt::Debug>(outcome: Result<T, SettingError>) -> String {
    outcome.expect_err("it is refused").to_string()
}

#[test]
fn without_settings_everything_has_kafkas_default() {
    let client = format!("{:?}", ClientConfig::new(vec!["one:9092".to_owned()], ""));
    let (producers, config) = ProducerConfig::from_settings([SERVERS]).expect("servers are enough");
    assert_eq!(
        (format!("{producers:?}"), format!("{config:?}")),
        (client.clone(), format!("{:?}", ProducerConfig::default()))
    );
    let (consumers, config) = ConsumerConfig::from_settings([SERVERS]).expect("servers are enough");
    assert_eq!(
        (format!("{consumers:?}"), format!("{config:?}")),
        (client.clone(), format!("{:?}", ConsumerConfig::default()))
    );
    let admins = ClientConfig::from_settings([SERVERS]).expect("servers are enough");
    assert_eq!(format!("{admins:?}"), client);
}

#[test]
fn every_default_may_be_written_out() {
    for kind in [ClientKind::Producer, ClientKind::Consumer, ClientKind::Admin] {
        let defaults = ClientKey::all(kind).filter(|key| key.name != "enable.auto.commit");
        let defaults = defaults.map(|key| (key.name, key.default(kind).unwrap_or_default()));
        let settings: Vec<_> = defaults.filter(|(name, _)| *name != SERVERS.0).chain([SERVERS]).collect();
        let outcome = match kind {
            ClientKind::Producer => ProducerConfig::from_settings(settings).map(drop),
            ClientKind::Consumer => ConsumerConfig::from_settings(settings).map(drop),
            ClientKind::Admin => ClientConfig::from_settings(settings).map(drop),
        };
        assert_eq!(outcome, Ok(()), "{}", kind.name());
    }
}

#[test]
fn every_key_that_is_not_served_says_so_or_has_no_effect() {
    for key in ClientKey::all(ClientKind::Producer) {
        let outcome = producer(&[(key.name, "something else")]);
        match key.support {
            Support::Served => {}
            Support::NoEffect(_) => assert!(outcome.is_ok(), "{}", key.name),
            Support::Refused(_) => {
                assert!(matches!(outcome, Err(SettingError::NotServed { .. })), "{}: {outcome:?}", key.name);
            }
        }
    }
}

#[test]
fn values_are_taken() {
    let config = producer(&[
        ("acks", "-1"),
        ("compression.type", "zstd"),
        ("compression.zstd.level", "7"),
        ("retries", "3"),
        ("linger.ms", " 20 "),
        ("partitioner.adaptive.partitioning.enable", "FALSE"),
    ]);
    let config = config.expect("all of it is served");
    assert_eq!((config.acks, config.compression), (Acks::All, Compression::Zstd { level: 7 }));
    assert_eq!(
        (config.retries, config.linger, config.partitioner_adaptive),
        (3, Duration::from_millis(20), false)
    );
    let config = consumer(&[
        ("group.id", "g"),
        ("partition.assignment.strategy", "org.apache.kafka.clients.consumer.StickyAssignor, range"),
        ("auto.offset.reset", "by_duration:PT1H30M"),
        ("max.poll.records", "7"),
    ]);
    let config = config.expect("all of it is served");
    assert_eq!(config.partition_assignment_strategy, [Assignor::Sticky, Assignor::Range]);
    assert_eq!(config.offset_reset, OffsetReset::ByDuration(Duration::from_secs(5400)));
    assert_eq!(config.max_poll_records, 7);
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let table = [
        (refusal(producer(&[("acks", "2")])), "acks=2: is none of all, -1, 1, 0"),
        (refusal(producer(&[("linger.ms", "-1")])), "linger.ms=-1: invalid digit found in string"),
        (refusal(producer(&[("batch.sise", "1")])), "producers have no key batch.sise; is batch.size meant?"),
        (refusal(producer(&[("group.id", "g")])), "producers have no key group.id"),
        (
            refusal(producer(&[("security.protocol", "SSL")])),
            "security.protocol=SSL is not served: connections are plaintext",
        ),
        (refusal(producer(&[("transactional.id", "t"), ("acks", "1")])), "acks=1: excludes transactional.id"),
        (
            refusal(producer(&[("transactional.id", "t"), ("enable.idempotence", "false")])),
            "enable.idempotence=false: excludes transactional.id",
        ),
        (
            refusal(producer(&[("transaction.two.phase.commit.enable", "true")])),
            "transaction.two.phase.commit.enable=true is not served: no stable version of InitProducerId can carry it",
        ),
        (
            refusal(producer(&[("acks", "1"), ("enable.idempotence", "true")])),
            "acks=1: excludes enable.idempotence=true",
        ),
        (
            refusal(producer(&[("compression.type", "gzip"), ("compression.gzip.level", "10")])),
            "compression.gzip.level=10: is not within 1 and 9",
        ),
        (
            refusal(producer(&[("max.in.flight.requests.per.connection", "6")])),
            "max.in.flight.requests.per.connection=6: is more than 5, which enable.idempotence allows",
        ),
        (
            refusal(producer(&[("delivery.timeout.ms", "100")])),
            "delivery.timeout.ms=100: is less than linger.ms and request.timeout.ms",
        ),
        (
            refusal(consumer(&[("group.protocol", "consumer"), ("session.timeout.ms", "6000")])),
            "session.timeout.ms=6000: cannot be set with group.protocol=consumer",
        ),
        (
            refusal(consumer(&[("group.id", "g"), ("heartbeat.interval.ms", "45000")])),
            "heartbeat.interval.ms=45000: is not less than session.timeout.ms",
        ),
        (refusal(consumer(&[("max.poll.records", "0")])), "max.poll.records=0: is less than 1"),
        (
            refusal(consumer(&[("enable.auto.commit", "true")])),
            "enable.auto.commit=true: there is nobody to commit to without group.id",
        ),
        (
            refusal(ClientConfig::from_settings([("bootstrap.servers", "one")])),
            "bootstrap.servers=one: one is not HOST:PORT",
        ),
        (refusal(ClientConfig::from_settings([])), "bootstrap.servers is not set"),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
}

#[test]
fn what_excludes_idempotence_turns_it_off_unless_it_was_asked_for() {
    for obstacle in [("acks", "1"), ("acks", "0"), ("retries", "0")] {
        assert!(!producer(&[obstacle]).expect("it may be").enable_idempotence, "{obstacle:?}");
    }
    let waits = producer(&[("linger.ms", "100000")]).expect("the delivery may take longer then");
    assert_eq!(waits.delivery_timeout, Duration::from_secs(130));
}

#[test]
fn durations_in_the_form_of_iso_8601() {
    let seconds = |text| iso_duration(text).map(|duration| duration.as_secs_f64());
    let table = [
        ("PT1H", 3600.0),
        ("P2DT3H4M5.5S", 183_845.5),
        ("P1D", 86_400.0),
        ("PT0.001S", 0.001),
        ("PT90M", 5400.0),
    ];
    for (text, expected) in table {
        assert_eq!(seconds(text), Some(expected), "{text}");
    }
    for text in [
        "",
        "P",
        "PT",
        "1H",
        "P1H",
        "PT1D",
        "PT1M1H",
        "PT1.5H",
        "PT-1H",
        "P1DT",
        "PT1S ",
        "PTT1S",
        "PT1.0000000001S",
    ] {
        assert_eq!(seconds(text), None, "{text}");
    }
}
