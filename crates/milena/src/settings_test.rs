use std::path::{Path, PathBuf};

use clap::Parser;

use crate::command_line::{Command, CommandLine, StartArguments};
use crate::settings::{NodeSettings, SettingsError, resolve};

fn arguments(words: &[&str]) -> StartArguments {
    let line = CommandLine::try_parse_from([&["milena"], words].concat()).expect("is a command line");
    match line.into_command() {
        Command::Start(arguments) => arguments,
        other => panic!("not a start: {other:?}"),
    }
}

fn settings(words: &[&str]) -> NodeSettings {
    resolve(&arguments(words)).expect("the settings resolve")
}

fn refusal(words: &[&str]) -> SettingsError {
    resolve(&arguments(words)).expect_err("the settings should be refused")
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
    let keys: Vec<&str> = settings.warnings.iter().map(|warning| warning.key()).collect();
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
             (with --config {path})"
        )
    );
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
