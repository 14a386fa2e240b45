//! `milena`, `milena start`: a node until it is told to stop.

use std::sync::Arc;

use config::ConfigWarning;

use crate::command_line::StartArguments;
use crate::failure::Failure;
use crate::settings::{self, NodeSettings};
use crate::written_settings::Origin;
use crate::{logging, node, ready_file};

pub(crate) fn start(arguments: &StartArguments) -> Result<(), Failure> {
    let log = logging::start(&arguments.log, "info")?;
    let NodeSettings { config, options, warnings } = settings::resolve(arguments, std::env::vars_os())
        .map_err(|error| Failure::usage(error.code(), error))?;
    warn(&warnings);
    if let Some(path) = &options.ready_file {
        ready_file::clear(path).map_err(|error| {
            Failure::runtime(
                "ready-file",
                format!("cannot replace the ready file {}: {error}", path.display()),
            )
        })?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("milena")
        .build()
        .map_err(|error| Failure::runtime("threads", format!("cannot start threads: {error}")))?;
    runtime
        .block_on(node::run(config, options, Arc::new(log)))
        .map_err(|error| Failure::runtime("node", error))
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
