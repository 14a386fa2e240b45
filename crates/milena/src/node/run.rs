//! A node from its start until it is told to stop.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use broker::loggers::Loggers;
use config::NodeConfig;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::assembly::Progress;
use super::{Environment, Node, NodeError, descriptors, listeners};
use crate::announcement::Announcement;
use crate::ready_file;
use crate::settings::NodeOptions;
use crate::supervisor::{NOTIFY_SOCKET, Supervisor};

/// Runs the node until SIGTERM or SIGINT. Clients may change the levels of `loggers`.
///
/// # Errors
/// When it cannot start, cannot go on, or is told a second time to stop before it has stopped.
pub async fn run(
    config: NodeConfig,
    options: NodeOptions,
    loggers: Arc<dyn Loggers>,
) -> Result<(), NodeError> {
    let started_at = Instant::now();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    descriptors::raise_limit()?;
    let bound = listeners::bind(&config).await?;
    let told = listeners::advertised(&config, &bound);
    let mut node = Node::start(config.clone(), Environment::real()?, &told).await?;
    node.broker().connect_loggers(loggers);
    let settings = node.broker().node_config();
    let report = node.open(RecoveryBar::new()).await?;
    // Clients that came meanwhile wait in the backlog. One that were told now that the cluster has no broker would
    // forget the one it knew, and some never come back.
    let server = listeners::serve(&config, bound, node.handlers().clone());
    if report.failed > 0 || report.stray > 0 {
        tracing::warn!(
            opened = report.opened,
            failed = report.failed,
            stray = report.stray,
            "not all logs are served"
        );
    }
    let bootstrap = told.first().map_or_else(String::new, |it| format!("{}:{}", it.host, it.port));
    let announcement = Announcement {
        cluster_id: node.broker().cluster_id().to_owned(),
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
    let names = tokio::spawn(listeners::warn_of_unknown_names(told));
    let failure = tokio::select! {
        biased;
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        failure = node.failed() => Some(failure),
        () = listeners::follow(&server, settings) => None,
    };
    supervisor.stopping();
    if let Some(failure) = failure {
        server.shutdown(Duration::ZERO).await;
        return Err(failure);
    }
    tracing::info!("stopping; a second signal ends the node at once");
    let stop = async {
        node.release_waits();
        server.shutdown(Duration::from_secs(5)).await;
        node.stop().await;
    };
    names.abort();
    tokio::select! {
        biased;
        () = stop => {
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
