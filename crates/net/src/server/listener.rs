//! A listening socket and the task that accepts on it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};

use super::connection_quota::Admission;
use super::transport::Socket;
use super::{Phase, Shared};
use crate::{CloseReason, Service};

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    /// Its name, such as `PLAINTEXT`.
    pub name: String,
    /// A name or address of this machine; `None`: every interface, IPv6 and IPv4.
    pub host: Option<String>,
    /// 0: a port that is free; [`Listener::local_address`] tells which.
    pub port: u16,
    /// `socket.listen.backlog.size`.
    pub backlog: i32,
    /// `socket.send.buffer.bytes`; `None`: as the system has it.
    pub send_buffer_bytes: Option<usize>,
    /// `socket.receive.buffer.bytes`; `None`: as the system has it.
    pub receive_buffer_bytes: Option<usize>,
}

impl ListenerSettings {
    /// A listener on a host and port, with Kafka's defaults.
    pub fn new(name: impl Into<String>, host: Option<String>, port: u16) -> Self {
        Self {
            name: name.into(),
            host,
            port,
            backlog: 50,
            send_buffer_bytes: Some(100 * 1024),
            receive_buffer_bytes: Some(100 * 1024),
        }
    }
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process listens there.
    #[error("listener {listener}: {address} is taken by another process")]
    Taken {
        /// The listener's name.
        listener: String,
        /// Where it should listen.
        address: SocketAddr,
    },
    /// The host has no address.
    #[error("listener {listener}: the host {host} has no address: {error}")]
    Unresolved {
        /// The listener's name.
        listener: String,
        /// The host as given.
        host: String,
        /// What the system reports.
        error: io::Error,
    },
    /// The system refuses, as for an address of another machine or a port it keeps for itself.
    #[error("listener {listener}: cannot listen on {address}: {error}")]
    Refused {
        /// The listener's name.
        listener: String,
        /// Where it should listen.
        address: SocketAddr,
        /// What the system reports.
        error: io::Error,
    },
}

/// A socket that listens. Connections wait in its backlog until it is served.
#[derive(Debug)]
pub struct Listener {
    name: Arc<str>,
    socket: TcpListener,
    local_address: SocketAddr,
    send_buffer_bytes: Option<usize>,
}

impl Listener {
    /// Starts to listen.
    ///
    /// # Errors
    /// See [`BindError`].
    pub async fn bind(settings: &ListenerSettings) -> Result<Self, BindError> {
        let mut addresses = settings.addresses().await?.into_iter();
        let mut address = addresses.next().expect("a host that resolves has an address");
        loop {
            let error = match settings.listen_on(address) {
                Ok((socket, local_address)) => {
                    let send_buffer_bytes = settings.send_buffer_bytes;
                    return Ok(Self {
                        name: settings.name.as_str().into(),
                        socket,
                        local_address,
                        send_buffer_bytes,
                    });
                }
                Err(error) => error,
            };
            let listener = settings.name.clone();
            if error.kind() == io::ErrorKind::AddrInUse {
                return Err(BindError::Taken { listener, address });
            }
            match addresses.next() {
                Some(next) => address = next,
                None => return Err(BindError::Refused { listener, address, error }),
            }
        }
    }

    /// The listener's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens; the port is the real one.
    pub fn local_address(&self) -> SocketAddr {
        self.local_address
    }
}

impl ListenerSettings {
    /// Where to try to listen: the first address of the host, or every interface (machines without IPv6 included).
    async fn addresses(&self) -> Result<Vec<SocketAddr>, BindError> {
        let Some(host) = &self.host else {
            return Ok(vec![
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, self.port)),
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, self.port)),
            ]);
        };
        let found = tokio::net::lookup_host((host.as_str(), self.port)).await;
        let first = found.and_then(|mut found| found.next().ok_or_else(|| io::ErrorKind::NotFound.into()));
        let unresolved =
            |error| BindError::Unresolved { listener: self.name.clone(), host: host.clone(), error };
        Ok(vec![first.map_err(unresolved)?])
    }

    fn listen_on(&self, address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
        let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if address.ip() == Ipv6Addr::UNSPECIFIED {
            socket.set_only_v6(false)?;
        }
        // Accepted sockets inherit it; the window is agreed before they can be touched.
        if let Some(bytes) = self.receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.bind(&address.into())?;
        socket.listen(self.backlog)?;
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket.into())?;
        let local_address = socket.local_addr()?;
        Ok((socket, local_address))
    }
}

/// After the system refuses to accept (no handle left), accepting rests for so long.
const REST: Duration = Duration::from_millis(100);

/// Accepts and serves until the server finishes; returns when every connection has ended.
pub(super) async fn accept_all<S: Service>(listener: Listener, server: Arc<Shared>, service: Arc<S>) {
    let mut phase = server.phase.subscribe();
    let mut connections = JoinSet::new();
    server.quota.add_listener(&listener.name);
    {
        let listener = &listener;
        // Kept from one turn to the next: it may hold a connection that waits for a place.
        let mut next = Box::pin(accept(listener, &server));
        loop {
            tokio::select! {
                biased;
                _ = phase.wait_for(|phase| *phase > Phase::Serving) => break,
                Some(ended) = connections.join_next() => log_panic(ended),
                (stream, peer_address, admission) = &mut next => {
                    let context =
                        server.context(listener.name.clone(), stream.local_addr().ok(), Some(peer_address));
                    let serving = server.clone().serve_connection(Socket::new(stream), context, service.clone());
                    connections.spawn(async move {
                        let _admission = admission;
                        serving.await
                    });
                    server.make_room();
                    next = Box::pin(accept(listener, &server));
                }
            }
        }
    }
    drop(listener);
    loop {
        tokio::select! {
            biased;
            ended = connections.join_next() => match ended {
                Some(ended) => log_panic(ended),
                None => break,
            },
            _ = phase.wait_for(|phase| *phase == Phase::Over) => connections.abort_all(),
        }
        if *phase.borrow() == Phase::Over {
            connections.shutdown().await;
        }
    }
}

/// The next connection that may be served.
async fn accept(listener: &Listener, server: &Shared) -> (TcpStream, SocketAddr, Admission) {
    loop {
        let (stream, peer_address) = match listener.socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(listener = &*listener.name, %error, "cannot accept a connection");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        // IPv4 peers of a socket for both look like IPv6 ones; limits are written for what they are.
        let ip = peer_address.ip().to_canonical();
        match server.quota.admit(&listener.name, ip).await {
            Ok(admission) => match listener.set_up(&stream) {
                Ok(()) => return (stream, SocketAddr::new(ip, peer_address.port()), admission),
                Err(error) => tracing::debug!(%peer_address, %error, "cannot set up a connection"),
            },
            Err(error) => {
                server.counters(&listener.name).rejected();
                tracing::info!(listener = &*listener.name, ip = %error.ip, max = error.max, "connection rejected");
            }
        }
    }
}

impl Listener {
    fn set_up(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let socket = SockRef::from(stream);
        socket.set_keepalive(true)?;
        match self.send_buffer_bytes {
            Some(bytes) => socket.set_send_buffer_size(bytes),
            None => Ok(()),
        }
    }
}

fn log_panic(ended: Result<CloseReason, JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}
