//! The sockets of a node: bound first, because what is advertised may depend on the port, served once there is a node.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use config::{ConnectionConfig, NodeConfig};
use io::Blocking;
use net::Service;
use net::server::{ConnectionLimits, Listener, ListenerSettings, Server, ServerSettings};
use tokio::sync::watch;

use crate::{BoundListener, NodeError};

/// Binds every client listener. Controller listeners are not bound: in a quorum of one nobody else calls there.
pub(super) async fn bind(config: &NodeConfig) -> Result<Vec<Listener>, NodeError> {
    let mut bound = Vec::new();
    for listener in &config.listeners {
        if config.controller_listener_names.contains(&listener.name) {
            tracing::info!(listener = listener.name, "not bound: this node is the whole quorum");
            continue;
        }
        let settings = ListenerSettings {
            backlog: config.connections.socket_listen_backlog_size,
            send_buffer_bytes: usize::try_from(config.connections.socket_send_buffer_bytes).ok(),
            receive_buffer_bytes: usize::try_from(config.connections.socket_receive_buffer_bytes).ok(),
            ..ListenerSettings::new(listener.name.clone(), listener.host.clone(), listener.port)
        };
        bound.push(Listener::bind(&settings).await?);
    }
    Ok(bound)
}

/// What clients are told of the listeners: an advertised port of 0 stands for the one that was bound.
pub(super) fn advertised(config: &NodeConfig, bound: &[Listener]) -> Vec<BoundListener> {
    let told = bound.iter().filter_map(|listener| {
        let name = listener.name();
        let endpoint = config.advertised_listeners.iter().find(|endpoint| endpoint.listener == name)?;
        let port = if endpoint.port == 0 { listener.local_address().port() } else { endpoint.port };
        Some(BoundListener { name: name.to_owned(), host: endpoint.host.clone(), port })
    });
    told.collect()
}

/// Tells of advertised names that this machine does not know: clients elsewhere may know them, so it is no mistake yet.
pub async fn warn_of_unknown_names(told: Vec<BoundListener>) {
    for BoundListener { name, host, port } in told {
        if let Err(error) = tokio::net::lookup_host((host.as_str(), port)).await {
            tracing::warn!(
                listener = name,
                host,
                %error,
                "clients are told a name that this machine does not know; advertised.listeners can name another"
            );
        }
    }
}

/// Serves the listeners; clients that connected meanwhile are served now.
pub(super) fn serve<S: Service>(
    config: &NodeConfig,
    blocking: Blocking,
    bound: Vec<Listener>,
    service: Arc<S>,
) -> Server {
    let server = Server::new(ServerSettings { blocking, ..server_settings(config) });
    for listener in bound {
        server.serve(listener, service.clone());
    }
    server
}

/// Gives the server the limits on connections that the node works by, each time they change. Never returns.
pub(super) async fn follow(
    server: &Server,
    mut settings: watch::Receiver<Option<Arc<NodeConfig>>>,
) -> Infallible {
    loop {
        let config = settings.borrow_and_update().clone();
        if let Some(config) = config {
            let limits = if config.connections.max_connections_per_ip_overrides.is_empty() {
                connection_limits(&config)
            } else {
                // Names of hosts are looked up.
                Blocking::Threads.run(move || connection_limits(&config)).await
            };
            server.set_connection_limits(limits);
        }
        if settings.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn server_settings(config: &NodeConfig) -> ServerSettings {
    let connections: &ConnectionConfig = &config.connections;
    let defaults = ServerSettings::default();
    ServerSettings {
        request_bytes_max: usize::try_from(connections.socket_request_max_bytes).unwrap_or(0),
        connections_max_idle: u64::try_from(connections.connections_max_idle_ms)
            .ok()
            .map(Duration::from_millis),
        in_flight_bytes_max: in_flight_bytes_max(connections).unwrap_or(defaults.in_flight_bytes_max),
        connection_limits: connection_limits(config),
        ..defaults
    }
}

/// `queued.max.request.bytes`; unlike Kafka's its default is a bound.
fn in_flight_bytes_max(connections: &ConnectionConfig) -> Option<usize> {
    connections.queued_max_request_bytes.and_then(|bytes| usize::try_from(bytes).ok())
}

fn connection_limits(config: &NodeConfig) -> ConnectionLimits {
    let connections = &config.connections;
    let limit = |value: i32| match value {
        i32::MAX => usize::MAX,
        value => usize::try_from(value).unwrap_or(0),
    };
    let overrides = connections.max_connections_per_ip_overrides.iter();
    ConnectionLimits {
        max_connections: limit(connections.max_connections),
        max_connections_per_ip: limit(connections.max_connections_per_ip),
        max_connections_per_ip_overrides: overrides
            .flat_map(|(host, value)| by_address(host, limit(*value)))
            .collect(),
        max_connections_per_listener: (config.listeners.iter())
            .filter(|listener| listener.max_connections != i32::MAX)
            .map(|listener| (listener.name.clone(), limit(listener.max_connections)))
            .collect(),
        inter_broker_listener: Some(config.inter_broker_listener_name.clone()),
    }
}

/// The addresses of a host in `max.connections.per.ip.overrides`; one that has none is told and left out.
fn by_address(host: &str, limit: usize) -> BTreeMap<IpAddr, usize> {
    match (host, 0).to_socket_addrs() {
        Ok(addresses) => addresses.map(|address| (address.ip(), limit)).collect(),
        Err(error) => {
            tracing::warn!(host, %error, "max.connections.per.ip.overrides names a host without address");
            BTreeMap::new()
        }
    }
}
