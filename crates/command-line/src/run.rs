//! A node from its start until it is told to stop.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use broker::loggers::Loggers;
use config::NodeConfig;
use indicatif::{ProgressBar, ProgressStyle};
use node::assembly::Progress;
use node::{Environment, NodeError, ServedNode};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::announcement::Announcement;
use crate::ready_file;
use crate::settings::NodeOptions;
use crate::supervisor::{NOTIFY_SOCKET, Supervisor};

/// How long requests that were begun may take to be answered once the node is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the node until SIGTERM or SIGINT. Clients may change the levels of `loggers`.
///
/// # Errors
/// When it cannot start, cannot go on, or is told to stop before it has started, or a second time before it has
/// stopped.
pub async fn run(
    config: NodeConfig,
    options: NodeOptions,
    loggers: Arc<dyn Loggers>,
) -> Result<(), NodeError> {
    let started_at = Instant::now();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    node::raise_limit()?;
    let environment =
        if options.ephemeral.is_some() { Environment::ephemeral() } else { Environment::real() };
    let start = ServedNode::start(config.clone(), environment?, Box::new(RecoveryBar::new()), loggers);
    // To recover logs may take long: who has changed his mind need not wait for it.
    let mut node = tokio::select! {
        biased;
        _ = terminate.recv() => return Err(NodeError::EndedAtOnce),
        _ = interrupt.recv() => return Err(NodeError::EndedAtOnce),
        started = start => started?,
    };
    let bootstrap = node.bootstrap();
    let announcement = Announcement {
        cluster_id: node.node().broker().cluster_id().to_owned(),
        node_id: config.node_id.0,
        bootstrap: bootstrap.clone(),
        log_dirs: config.log_dirs.clone(),
        time_to_ready: started_at.elapsed(),
    };
    eprintln!("{announcement}");
    if let Some(path) = &options.ready_file {
        ready_file::write(path, &bootstrap)
            .map_err(|source| NodeError::ReadyFile { path: path.clone(), source })?;
    }
    let supervisor = supervisor();
    supervisor.ready(&bootstrap);
    let names = tokio::spawn(node::warn_of_unknown_names(node.listeners().to_vec()));
    let failure = tokio::select! {
        biased;
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        failure = node.failed() => Some(failure),
    };
    supervisor.stopping();
    if let Some(failure) = failure {
        node.hang_up().await;
        return Err(failure);
    }
    tracing::info!("stopping; a second signal ends the node at once");
    names.abort();
    tokio::select! {
        biased;
        () = node.stop(GRACE) => {
            tracing::info!("stopped cleanly");
            Ok(())
        }
        _ = terminate.recv() => Err(NodeError::EndedAtOnce),
        _ = interrupt.recv() => Err(NodeError::EndedAtOnce),
    }
}

/// Whoever the environment says wants to know; a socket that cannot be used is no reason not to serve.
fn supervisor() -> Supervisor {
    Supervisor::at(std::env::var_os(NOTIFY_SOCKET).as_deref()).unwrap_or_else(|error| {
        tracing::warn!(%error, "{NOTIFY_SOCKET} cannot be used: the service manager is not told");
        Supervisor::default()
    })
}

/// Shows on a terminal how far the opening of logs has come; a start that takes no time shows nothing.
struct RecoveryBar {
    bar: ProgressBar,
}

impl RecoveryBar {
    fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("opening logs {wide_bar} {pos}/{len} {eta}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Progress for RecoveryBar {
    fn logs_opened(&self, opened: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_position(opened as u64);
        if opened == total {
            self.bar.finish_and_clear();
        }
    }
}
