//! `milena`, `milena start`: a node until it is told to stop.

use std::fmt::Display;
use std::sync::Arc;

use config::ConfigWarning;
use node::NodeError;

use crate::command_line::StartArguments;
use crate::failure::Failure;
use crate::settings::{self, NodeSettings, SettingsError};
use crate::written_settings::Origin;
use crate::{logging, ready_file, run};

/// Every code with which a node's start, run or end may fail; docs/errors.md has a page for each.
pub fn codes() -> impl Iterator<Item = &'static str> {
    SettingsError::CODES.iter().chain(NodeError::CODES).chain(&["log-level"]).copied()
}

pub(crate) fn start(arguments: &StartArguments) -> Result<(), Failure> {
    let log = logging::start(&arguments.log, "info")?;
    let NodeSettings { config, options, warnings } = settings::resolve(arguments, std::env::vars_os())
        .map_err(|error| Failure::usage(error.code(), with_help(error.code(), &error, &error.help())))?;
    warn(&warnings);
    if let Some(path) = &options.ready_file {
        ready_file::clear(path)
            .map_err(|source| failure(&NodeError::ReadyFile { path: path.clone(), source }))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("milena")
        .build()
        .map_err(|error| failure(&error.into()))?;
    let ended = runtime.block_on(run::run(config, options, Arc::new(log)));
    // What had to be done is done. What is left, such as the look-up of a name, would only hold the process up.
    runtime.shutdown_background();
    ended.map_err(|error| failure(&error))
}

fn failure(error: &NodeError) -> Failure {
    Failure::runtime(error.code(), with_help(error.code(), error, &error.help()))
}

/// What failed and the value, the command that helps, and where more is said.
pub(crate) fn with_help(code: &str, error: &impl Display, help: &str) -> String {
    format!("{error}\n  help: {help}\n  page: docs/errors.md#{code}")
}

/// A line for each key that is unknown, and one each for those that wait for their part of Kafka and those without effect.
fn warn(warnings: &[(ConfigWarning, Origin)]) {
    let mut not_yet = Vec::new();
    for (warning, origin) in warnings {
        match warning {
            ConfigWarning::Unknown { key, nearest: Some(nearest) } => {
                tracing::warn!(%key, written = %origin, "unknown key, ignored; did you mean {nearest}?");
            }
            ConfigWarning::Unknown { key, nearest: None } => {
                tracing::warn!(%key, written = %origin, "unknown key, ignored");
            }
            ConfigWarning::NotYet { key, part } => not_yet.push(format!("{key} ({part})")),
            ConfigWarning::NoEffect { key, reason } => tracing::debug!(%key, reason, "key without effect"),
        }
    }
    if !not_yet.is_empty() {
        tracing::warn!(keys = not_yet.join(", "), "keys of parts that are not served yet have no effect");
    }
}
