//! Log lines on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::command_line::LogArguments;
use crate::failure::Failure;
use crate::loggers::LogFilter;
use crate::start::with_help;

/// Starts logging for the rest of the process, and answers with its levels. `default_level` holds where neither
/// `--log-level` nor `RUST_LOG` is given.
pub(crate) fn start(arguments: &LogArguments, default_level: &str) -> Result<LogFilter, Failure> {
    let from_environment = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|filter| !filter.is_empty());
    let wanted = arguments.log_level.clone().or(from_environment).unwrap_or_else(|| default_level.to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        let told = format!("the log level {wanted:?} is no filter ({error})");
        let help = "milena start --log-level info; levels are error, warn, info, debug and trace";
        Failure::usage("log-level", with_help("log-level", &told, help))
    })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // https://no-color.org
        .with_ansi(
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty()),
        )
        .with_filter_reloading();
    let handle = subscriber.reload_handle();
    subscriber.try_init().map_err(|error| Failure::runtime("logging", error))?;
    let refilter = move |filter: &str| match EnvFilter::try_new(filter) {
        // It fails only where the process has no log any more.
        Ok(filter) => drop(handle.reload(filter)),
        Err(error) => tracing::error!(%error, filter, "the log keeps its levels"),
    };
    Ok(LogFilter::new(wanted, Box::new(refilter)))
}
