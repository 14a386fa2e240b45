//! Log lines on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::command_line::LogArguments;
use crate::failure::Failure;

/// Starts logging for the rest of the process. `default_level` holds where neither `--log-level` nor `RUST_LOG` is given.
pub(crate) fn start(arguments: &LogArguments, default_level: &str) -> Result<(), Failure> {
    let from_environment = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|filter| !filter.is_empty());
    let wanted = arguments.log_level.clone().or(from_environment).unwrap_or_else(|| default_level.to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        Failure::usage(
            "log-level",
            format!("the log level {wanted:?} is no filter ({error}): use error, warn, info, debug or trace"),
        )
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init()
        .map_err(|error| Failure::runtime("logging", error))
}
