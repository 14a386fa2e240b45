use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::command_line::{Command, CommandLine, StartArguments};
use crate::settings::{NodeSettings, SettingsError, resolve};
use crate::written_settings::Origin;

fn arguments(words: &[&str]) -> StartArguments {
    let line = CommandLine::try_parse_from([&["milena"], words].concat()).expect("is a command line");
    match line.into_command() {
        Command::Start(arguments) => arguments,
        other => panic!("not a start: {other:?}"),
    }
}

fn settings(words: &[&str]) -> NodeSettings {
    settings_with(words, &[])
}

fn settings_with(words: &[&str], environment: &[(&str, &str)]) -> NodeSettings {
    resolve(&arguments(words), variables(environment)).expect("the settings resolve")
}

fn refusal(words: &[&str]) -> SettingsError {
    refusal_with(words, &[])
}

fn refusal_with(words: &[&str], environment: &[(&str, &str)]) -> SettingsError {
    resolve(&arguments(words), variables(environment)).expect_err("the settings should be refused")
}

fn variables(environment: &[(&str, &str)]) -> impl Iterator<Item = (OsString, OsString)> {
    let owned: Vec<_> = environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
    owned.into_iter()
}

fn file(directory: &Path, text: &str) -> String {
    let path = directory.join("server.properties");
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("is text").to_owned()
}

#[test]
fn without_a_file_a_node_keeps_its_data_in_the_current_directory() {
    let config = settings(&[]).config;
    assert_eq!(config.log_dirs, [std::env::current_dir().expect("there is one").join("milena-data")]);
    assert_eq!(config.metadata_log_dir, config.log_dirs[0]);
    assert_eq!(config.client_listener().port, 9092);
}

#[test]
fn start_is_the_same_as_no_command() {
    assert_eq!(settings(&["start", "--port", "7"]).config, settings(&["--port", "7"]).config);
}

#[test]
fn what_is_said_later_counts() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = file(directory.path(), "num.partitions=3\nnode.id=7\nlistener.max=1\n");
    let settings =
        settings(&["--config", &path, "--override", "num.partitions=5", "--port", "0", "--data-dir", "/x"]);
    assert_eq!(settings.config.topics.num_partitions, 5);
    assert_eq!(settings.config.node_id.0, 7);
    assert_eq!(settings.config.client_listener().port, 0);
    assert_eq!(settings.config.log_dirs, [PathBuf::from("/x")]);
    let keys: Vec<&str> = settings.warnings.iter().map(|(warning, _)| warning.key()).collect();
    assert_eq!(keys, ["listener.max"], "only what was written is warned of");
}

#[test]
fn a_file_with_roles_stands_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = file(directory.path(), "process.roles=broker,controller\nnode.id=1\n");
    let error = refusal(&["--config", &path]);
    assert_eq!(error.code(), "config-missing");
    assert_eq!(
        error.to_string(),
        format!(
            "controller.listener.names is not set: set it to the name of the controllers' listener, such as CONTROLLER \
             (in {path})"
        )
    );
}

#[test]
fn the_environment_counts_over_the_file_and_the_command_line_over_both() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = file(directory.path(), "num.partitions=3\nlog.segment.bytes=2097152\nlog.retention.hours=1\n");
    let environment = [
        ("KAFKA_LOG_SEGMENT_BYTES", " 3145728 "),
        ("KAFKA_NUM_PARTITIONS", "4"),
        ("KAFKA_LOG_RETENTION_MINUTES", "2"),
        ("KAFKA_LISTENERS", "PLAINTEXT://:7,IN_SIDE://:8"),
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "PLAINTEXT:PLAINTEXT,IN_SIDE:PLAINTEXT"),
        ("KAFKA_LISTENER_NAME_IN__SIDE_MAX_CONNECTIONS", "6"),
        ("KAFKA_HEAP_OPTS", "-Xmx1G"),
        ("KAFKA_HOME", "/opt/kafka"),
        ("PATH", "/bin"),
    ];
    let settings = settings_with(&["--config", &path, "--override", "num.partitions=5"], &environment);
    assert_eq!(settings.config.topics.num_partitions, 5);
    assert_eq!(settings.config.topic_defaults.segment_bytes, 3_145_728);
    assert_eq!(settings.config.topic_defaults.retention_ms, 120_000, "minutes count over hours");
    assert_eq!(settings.config.listeners[1].max_connections, 6);
    let [(warning, origin)] = &settings.warnings[..] else { panic!("{:?}", settings.warnings) };
    assert_eq!((warning.key(), origin), ("home", &Origin::Variable("KAFKA_HOME".to_owned())));
}

#[test]
fn an_environment_with_roles_stands_alone() {
    let error = refusal_with(&[], &[("KAFKA_PROCESS_ROLES", "broker,controller"), ("KAFKA_NODE_ID", "1")]);
    assert_eq!(error.code(), "config-missing");
    let image = [
        ("KAFKA_NODE_ID", "7"),
        ("KAFKA_PROCESS_ROLES", "broker,controller"),
        ("KAFKA_LISTENERS", "PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093"),
        ("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://localhost:9092"),
        ("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER"),
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"),
        ("KAFKA_CONTROLLER_QUORUM_VOTERS", "7@localhost:9093"),
        ("KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "1"),
        ("KAFKA_NUM_PARTITIONS", "3"),
    ];
    let config = settings_with(&["--data-dir", "/x"], &image).config;
    assert_eq!((config.node_id.0, config.topics.num_partitions, config.listeners.len()), (7, 3, 2));
}

#[test]
fn a_refusal_says_where_its_key_was_written() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = file(directory.path(), "num.partitions=many\n");
    let told = refusal(&["--config", &path]).to_string();
    assert!(told.ends_with(&format!("(in {path})")), "{told}");
    let environment = [("KAFKA_SSL_KEYSTORE_PASSWORD", "secret")];
    let told = refusal_with(&[], &environment).to_string();
    assert!(told.ends_with("(in the environment, as KAFKA_SSL_KEYSTORE_PASSWORD)"), "{told}");
    assert!(!told.contains("secret"));
    let told = refusal(&["--override", "authorizer.class.name=x.Y"]).to_string();
    assert!(told.ends_with("(with --override)"), "{told}");
}

#[test]
fn an_ephemeral_node_takes_its_directory_with_it() {
    let settings = settings(&["--ephemeral"]);
    let directory = settings.config.log_dirs[0].clone();
    assert!(directory.is_dir());
    drop(settings);
    assert!(!directory.exists());
}

#[test]
fn refusals_have_stable_codes() {
    assert_eq!(refusal(&["--config", "/nowhere/server.properties"]).code(), "config-file");
    assert_eq!(refusal(&["--override", "num.partitions"]).code(), "config-override");
    assert_eq!(refusal(&["--override", "num.partitions=x"]).code(), "config-value");
    assert_eq!(refusal(&["--override", "authorizer.class.name=x.Y"]).code(), "config-not-served");
    assert_eq!(refusal(&["--data-dir", "a,b"]).code(), "data-directory");
}

#[test]
fn a_wrong_command_line_is_refused() {
    for words in
        [["milena", "--port", "70000"], ["milena", "--config", "--ephemeral"], ["milena", "begin", "x"]]
    {
        assert!(CommandLine::try_parse_from(words).is_err(), "{words:?}");
    }
    assert!(CommandLine::try_parse_from(["milena", "--ephemeral", "--data-dir", "x"]).is_err());
}
