use types::NodeId;

use crate::{CompressionSetting, ConfigError, ConfigWarning, NodeConfig, Properties, TopicConfig};

/// What `config/server.properties` of Apache Kafka's distribution sets (combined mode).
const DISTRIBUTION: &str = "\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=2
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

fn resolve(properties: Properties) -> Result<(NodeConfig, Vec<ConfigWarning>), ConfigError> {
    NodeConfig::from_properties(properties, "this.machine")
}

/// The embedded defaults with these lines over them.
fn with(lines: &str) -> Result<NodeConfig, ConfigError> {
    let mut properties = NodeConfig::embedded_defaults();
    properties.overlay(Properties::parse(lines.as_bytes())?);
    resolve(properties).map(|(config, _)| config)
}

fn check_refusal(lines: &str, expected: &str) {
    let error = with(lines).expect_err("the settings should be refused");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn kafkas_own_server_properties_start_unchanged() {
    let properties = Properties::parse(DISTRIBUTION.as_bytes()).expect("is a properties file");
    let (config, warnings) = resolve(properties).expect("resolves");
    assert_eq!(config.node_id, NodeId(1));
    assert_eq!(config.client_listener().port, 9092);
    assert_eq!(config.client_listener().host, None);
    assert_eq!(config.listeners.len(), 2);
    assert_eq!(config.controller_listener_names, ["CONTROLLER"]);
    assert_eq!(config.advertised_listeners[1].host, "localhost");
    assert_eq!(config.log_dirs, [std::path::PathBuf::from("/tmp/kraft-combined-logs")]);
    assert_eq!(config.metadata_log_dir, config.log_dirs[0]);
    assert!(!warnings.iter().any(|warning| matches!(warning, ConfigWarning::Unknown { .. })), "{warnings:?}");
}

#[test]
fn embedded_defaults_are_a_node_for_this_machine() {
    let (config, warnings) = resolve(NodeConfig::embedded_defaults()).expect("resolves");
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.client_listener().host.as_deref(), Some("127.0.0.1"));
    assert_eq!(config.controller_listener_names, ["CONTROLLER"]);
    assert_eq!(config.connections.queued_max_request_bytes, Some(256 << 20));
    assert!(!warnings.iter().any(|warning| matches!(warning, ConfigWarning::Unknown { .. })), "{warnings:?}");
}

/// What a topic without settings of its own gets.
fn topic_with(lines: &str) -> TopicConfig {
    with(lines).expect("resolves").topic_defaults
}

#[test]
fn topic_defaults_without_settings_are_kafkas() {
    assert_eq!(topic_with(""), TopicConfig::default());
}

#[test]
fn the_finest_unit_of_time_counts() {
    let retention = |lines| topic_with(lines).retention_ms;
    assert_eq!(retention("log.retention.hours=2"), 7_200_000);
    assert_eq!(retention("log.retention.hours=2\nlog.retention.minutes=3"), 180_000);
    assert_eq!(retention("log.retention.minutes=3\nlog.retention.ms=4"), 4);
    assert_eq!(retention("log.retention.hours=-1"), -1);
    assert_eq!(retention("log.retention.ms=-5"), -1);
    let defaults = topic_with("log.roll.hours=1\nlog.roll.jitter.ms=5\nlog.flush.scheduler.interval.ms=7");
    assert_eq!((defaults.segment_ms, defaults.segment_jitter_ms, defaults.flush_ms), (3_600_000, 5, 7));
}

#[test]
fn compression_takes_the_level_of_its_codec() {
    let topic = topic_with("compression.type=zstd\ncompression.zstd.level=7");
    assert_eq!(topic.compression, CompressionSetting::Zstd { level: 7 });
}

#[test]
fn values_outside_their_bounds_are_named() {
    check_refusal("log.segment.bytes=12", "log.segment.bytes=12: expected at least 1048576");
    check_refusal("num.partitions=many", "num.partitions=many: expected a whole number of 32 bits");
    check_refusal("delete.topic.enable=yes", "delete.topic.enable=yes: expected true or false");
    check_refusal(
        "log.retention.ms=0",
        "log.retention.ms=0: must be at least 1, or -1 to keep records for ever",
    );
    check_refusal(
        "queued.max.request.bytes=5",
        "queued.max.request.bytes=5: must be at least socket.request.max.bytes, which is 104857600",
    );
    check_refusal(
        "group.consumer.session.timeout.ms=44999",
        "group.consumer.session.timeout.ms=44999: must be at least group.consumer.min.session.timeout.ms, which is 45000",
    );
    check_refusal(
        "group.consumer.max.heartbeat.interval.ms=70000\ngroup.consumer.heartbeat.interval.ms=45000",
        "group.consumer.session.timeout.ms=45000: must be above group.consumer.heartbeat.interval.ms, which is 45000",
    );
    check_refusal(
        "group.coordinator.rebalance.protocols=consumer",
        "group.coordinator.rebalance.protocols=consumer: must name classic",
    );
    check_refusal("broker.id=2", "broker.id=2: must be the same as node.id, which is 1");
}

#[test]
fn what_must_not_be_ignored_stops_the_start_by_name() {
    let refusal = |key: &str, value: &str, what: &str| {
        let served = "which this version does not serve: remove the key";
        check_refusal(&format!("{key}={value}"), &format!("{key}={value} asks for {what}, {served}"));
    };
    refusal("ssl.keystore.location", "/etc/keys.jks", "TLS");
    refusal("sasl.enabled.mechanisms", "PLAIN", "SASL");
    refusal("authorizer.class.name", "org.example.Authorizer", "an authorizer");
    refusal("metric.reporters", "org.example.Reporter", "a plug-in class");
    refusal("listener.name.plaintext.ssl.client.auth", "required", "TLS");
    refusal("create.topic.policy.class.name", "org.example.Policy", "a plug-in class");
    refusal("principal.builder.class", "org.example.Builder", "a plug-in class");
    refusal("config.providers", "file", "a plug-in class");
    refusal("group.consumer.assignors", "org.example.Assignor", "a plug-in class");
    refusal("super.users", "User:admin", "an authorizer");
    refusal("allow.everyone.if.no.acl.found", "false", "an authorizer");
    refusal("security.inter.broker.protocol", "SASL_SSL", "a security protocol other than PLAINTEXT");
    refusal("remote.log.storage.system.enable", "true", "tiered storage");
    refusal("process.roles", "broker", "a node with one role of two (use broker,controller)");
    refusal("listeners", "SSL://:9092", "the security protocol SSL");
    refusal("controller.quorum.voters", "1@a:1,2@b:1", "a quorum of more than one controller");
    check_refusal(
        "ssl.key.password=secret",
        "ssl.key.password=[hidden] asks for TLS, which this version does not serve: remove the key",
    );
}

#[test]
fn what_asks_for_nothing_is_let_through() {
    with("authorizer.class.name=\nssl.client.auth=none\nmetric.reporters=\nsecurity.inter.broker.protocol=PLAINTEXT\n\
        super.users=\nallow.everyone.if.no.acl.found=true\ngroup.consumer.assignors=range,uniform")
        .expect("resolves");
}

#[test]
fn keys_that_do_nothing_are_warned_of() {
    let mut properties = NodeConfig::embedded_defaults();
    for key in ["log.retention.hour", "num.io.threads", "group.share.max.size"] {
        properties.set(key, "9");
    }
    let (_, warnings) = resolve(properties).expect("resolves");
    let expected = [
        ConfigWarning::NotYet { key: "group.share.max.size".to_owned(), part: "share groups" },
        ConfigWarning::Unknown { key: "log.retention.hour".to_owned(), nearest: Some("log.retention.hours") },
        ConfigWarning::NoEffect {
            key: "num.io.threads".to_owned(),
            reason: "threads are sized by the machine",
        },
    ];
    for warning in expected {
        assert!(warnings.contains(&warning), "{warning:?} not in {warnings:?}");
    }
}

#[test]
fn listeners_are_checked_together() {
    check_refusal(
        "listeners=PLAINTEXT://:9092,OTHER://:9092\nlistener.security.protocol.map=PLAINTEXT:PLAINTEXT,OTHER:PLAINTEXT",
        "listeners=OTHER://:9092: the port is taken by the listener PLAINTEXT",
    );
    check_refusal(
        "listeners=PLAINTEXT://:9092,plaintext://:9094",
        "listeners=plaintext://:9094: the name PLAINTEXT is taken by another entry",
    );
    check_refusal("listeners=PLAINTEXT:9092", "listeners=PLAINTEXT:9092: expected NAME://host:port");
    check_refusal("listeners=PLAINTEXT://:70000", "listeners=PLAINTEXT://:70000: expected NAME://host:port");
    check_refusal(
        "listeners=INSIDE://:9092",
        "listeners=INSIDE://:9092: listener.security.protocol.map does not name INSIDE: add INSIDE:PLAINTEXT",
    );
    check_refusal(
        "listeners=CONTROLLER://:9093",
        "listeners=CONTROLLER://:9093: at least one listener must be for clients, and not stand in controller.listener.names",
    );
    check_refusal(
        "advertised.listeners=PLAINTEXT://0.0.0.0:9092",
        "advertised.listeners=PLAINTEXT://0.0.0.0:9092: it means every interface, which cannot be connected to: name this \
         machine as clients reach it",
    );
    for nowhere in ["[::]", "224.0.0.1", "255.255.255.255"] {
        let error = with(&format!("advertised.listeners=PLAINTEXT://{nowhere}:9092")).expect_err("refused");
        assert!(matches!(error, ConfigError::Unreachable { key: "advertised.listeners", .. }), "{error}");
    }
    check_refusal(
        "controller.quorum.voters=1@localhost:9093",
        "controller.listener.names=CONTROLLER: must stand in listeners as well, since the quorum has an address",
    );
    check_refusal(
        "listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ncontroller.quorum.voters=2@localhost:9093",
        "controller.quorum.voters=2@localhost:9093: must name this node, whose node.id is 1",
    );
}

#[test]
fn one_port_may_serve_both_ip_versions() {
    let config = with(
        "listeners=PLAINTEXT://127.0.0.1:9092,SIX://[::1]:9092\nlistener.security.protocol.map=PLAINTEXT:PLAINTEXT,SIX:PLAINTEXT",
    )
    .expect("resolves");
    assert_eq!(config.listeners[1].host.as_deref(), Some("::1"));
}

#[test]
fn a_listener_on_every_interface_is_advertised_by_the_machines_name() {
    let config = with("listeners=PLAINTEXT://:9092").expect("resolves");
    assert_eq!(config.advertised_listeners[0].host, "this.machine");
    let config = with("listeners=PLAINTEXT://0.0.0.0:9092").expect("resolves");
    assert_eq!(config.advertised_listeners[0].host, "this.machine");
    let config = with("listeners=PLAINTEXT://[::]:9092").expect("resolves");
    assert_eq!(config.advertised_listeners[0].host, "this.machine");
}

#[test]
fn a_listener_may_have_bounds_of_its_own() {
    let config = with("listener.name.plaintext.max.connections=7").expect("resolves");
    assert_eq!(config.client_listener().max_connections, 7);
}

#[test]
fn the_clients_port_can_be_set_from_outside() {
    let (mut config, _) =
        resolve(Properties::parse(DISTRIBUTION.as_bytes()).expect("parses")).expect("resolves");
    config.set_client_port(0);
    assert_eq!(config.client_listener().port, 0);
    assert_eq!(config.advertised_listeners[0].port, 0);
    assert_eq!((config.listeners[1].port, config.advertised_listeners[1].port), (9093, 9093));
}

#[test]
fn bounds_per_address_are_read() {
    let config = with("max.connections.per.ip.overrides=127.0.0.1:200, example.org:5").expect("resolves");
    let overrides = [("127.0.0.1".to_owned(), 200), ("example.org".to_owned(), 5)];
    assert_eq!(config.connections.max_connections_per_ip_overrides, overrides);
    check_refusal(
        "max.connections.per.ip.overrides=127.0.0.1",
        "max.connections.per.ip.overrides=127.0.0.1: expected host:count,…",
    );
    check_refusal(
        "max.connections.per.ip=0",
        "max.connections.per.ip=0: can be 0 only where max.connections.per.ip.overrides lets some in",
    );
}

#[test]
fn a_file_is_read_as_java_reads_it() {
    let text =
        b"# comment\n! comment\na = b\nc:d\ne f\nlong=1,\\\n  2\nescaped\\=key=v\\u00e9\nempty\na=last";
    let properties = Properties::parse(text).expect("is a properties file");
    let pairs: Vec<_> = properties.iter().collect();
    let expected =
        [("a", "last"), ("c", "d"), ("e", "f"), ("empty", ""), ("escaped=key", "vé"), ("long", "1,2")];
    assert_eq!(pairs, expected);
    assert!(matches!(Properties::parse(b"a=b\nc=\\u12"), Err(ConfigError::Syntax { .. })));
}

#[test]
fn an_override_needs_a_key_and_a_value() {
    assert_eq!(Properties::parse_assignment("a = b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
    assert!(Properties::parse_assignment("a").is_err());
    assert!(Properties::parse_assignment("=a").is_err());
}

#[test]
fn the_codec_of_offsets_is_one_that_batches_know() {
    let config = |codec: &str| {
        let mut properties = NodeConfig::embedded_defaults();
        properties.set("offsets.topic.compression.codec", codec);
        NodeConfig::from_properties(properties, "localhost").map(|(config, _)| config.groups)
    };
    assert_eq!(config("4").expect("zstd").offsets_topic_compression_codec, 4);
    assert!(config("5").is_err() && config("-1").is_err());
}
