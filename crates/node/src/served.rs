//! A node with its sockets: what the binary runs, and what a test has in its own process.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use broker::loggers::Loggers;
use config::NodeConfig;
use handlers::Handlers;
use net::Service;
use net::server::Server;
use tokio::sync::watch;

use crate::assembly::Progress;
use crate::{BoundListener, Environment, Node, NodeError, listeners};

/// A node that serves its listeners.
pub struct ServedNode {
    node: Node,
    server: Server,
    listeners: Vec<BoundListener>,
    settings: watch::Receiver<Option<Arc<NodeConfig>>>,
}

impl ServedNode {
    /// Binds the listeners, starts the node and opens its logs. When the future is done, requests are served. Clients may
    /// change the levels of `loggers`.
    ///
    /// Boxed: so the paths of requests are compiled here, for speed, and not where a command line is, for size.
    ///
    /// # Errors
    /// See [`NodeError`].
    pub fn start(
        config: NodeConfig,
        environment: Environment,
        progress: Box<dyn Progress>,
        loggers: Arc<dyn Loggers>,
    ) -> Pin<Box<dyn Future<Output = Result<Self, NodeError>> + Send>> {
        Box::pin(Self::start_with(config, environment, progress, |handlers| {
            handlers.broker.connect_loggers(loggers);
            handlers
        }))
    }

    /// As [`ServedNode::start`], but requests are served by what `service` makes of the node's handlers.
    ///
    /// # Errors
    /// See [`NodeError`].
    pub async fn start_with<S: Service>(
        config: NodeConfig,
        environment: Environment,
        progress: Box<dyn Progress>,
        service: impl FnOnce(Handlers) -> S,
    ) -> Result<Self, NodeError> {
        let bound = listeners::bind(&config).await?;
        let told = listeners::advertised(&config, &bound);
        let blocking = environment.blocking;
        let mut node = Node::start(config.clone(), environment, &told).await?;
        let settings = node.broker().node_config();
        let report = node.open(progress).await?;
        if report.failed > 0 || report.stray > 0 {
            tracing::warn!(
                opened = report.opened,
                failed = report.failed,
                stray = report.stray,
                "not all logs are served"
            );
        }
        // Clients that came meanwhile wait in the backlog. One that were told now that the cluster has no broker would
        // forget the one it knew, and some never come back.
        let service = Arc::new(service(node.handlers().clone()));
        let server = listeners::serve(&config, blocking, bound, service);
        Ok(Self { node, server, listeners: told, settings })
    }

    /// The node behind the sockets.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The listeners as clients are told of them.
    pub fn listeners(&self) -> &[BoundListener] {
        &self.listeners
    }

    /// host:port of the first listener for clients.
    pub fn bootstrap(&self) -> String {
        self.listeners.first().map_or_else(String::new, |it| format!("{}:{}", it.host, it.port))
    }

    /// Works until the node cannot go on, and returns why. May be dropped and called again.
    pub async fn failed(&mut self) -> NodeError {
        tokio::select! {
            biased;
            failure = self.node.failed() => failure,
            never = listeners::follow(&self.server, self.settings.clone()) => match never {},
        }
    }

    /// Closes every connection at once, and leaves the node as it is: it has failed.
    pub async fn hang_up(self) {
        self.server.shutdown(Duration::ZERO).await;
    }

    /// Stops cleanly: requests that were begun have `grace` to be answered, then the node stops.
    pub async fn stop(self, grace: Duration) {
        self.node.release_waits();
        self.server.shutdown(grace).await;
        self.node.stop().await;
    }
}
