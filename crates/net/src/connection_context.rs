//! What is known about a connection beside its bytes; shared by all its requests.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// Who is connected, where, since when. One per connection, shared by its requests.
#[derive(Debug)]
pub struct ConnectionContext {
    /// Unique in this process; counts up in the order of arrival.
    pub id: u64,
    /// The listener's name, such as `PLAINTEXT`.
    pub listener: Arc<str>,
    /// Our end; `None` on a stream that is no socket (simulation).
    pub local_address: Option<SocketAddr>,
    /// The peer's end; `None` on a stream that is no socket (simulation).
    pub peer_address: Option<SocketAddr>,
    client_software: OnceLock<ClientSoftware>,
}

/// What a client says of itself in ApiVersions v3 and later (KIP-511).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSoftware {
    /// Such as `apache-kafka-java` or `librdkafka`.
    pub name: String,
    /// Its version, in its own format.
    pub version: String,
}

impl ConnectionContext {
    /// The context of a connection on `listener`.
    pub fn new(
        id: u64,
        listener: Arc<str>,
        local_address: Option<SocketAddr>,
        peer_address: Option<SocketAddr>,
    ) -> Self {
        Self { id, listener, local_address, peer_address, client_software: OnceLock::new() }
    }

    /// The peer's address without its port; `None` where there is no socket.
    pub fn peer_ip(&self) -> Option<IpAddr> {
        self.peer_address.map(|address| address.ip())
    }

    /// What the client said of itself; `None` until it did.
    pub fn client_software(&self) -> Option<&ClientSoftware> {
        self.client_software.get()
    }

    /// Remembers what the client says of itself. The first word stands.
    pub fn set_client_software(&self, software: ClientSoftware) {
        let _ = self.client_software.set(software);
    }
}
