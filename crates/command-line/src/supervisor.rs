//! What the service manager is told: sd_notify(3), the datagrams that a systemd unit of `Type=notify` waits for.
//!
//! `systemctl start` then returns when clients can connect, and whoever depends on the node starts after that.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The variable with the address of the manager's socket: a path, or `@` and a name in Linux's abstract namespace.
pub const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// Whoever started this process and wants to know how it stands; nobody where the environment names no socket.
#[derive(Debug, Default)]
pub struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
}

impl Supervisor {
    /// The one at `address`, as [`NOTIFY_SOCKET`] spells it.
    ///
    /// # Errors
    /// When the address is none, or the system gives no socket.
    pub fn at(address: Option<&OsStr>) -> io::Result<Self> {
        let Some(address) = address.map(OsStr::as_bytes).filter(|address| !address.is_empty()) else {
            return Ok(Self::default());
        };
        let address = match address {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(OsStr::from_bytes(address))?,
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "neither a path nor an abstract name",
                ));
            }
        };
        let socket = UnixDatagram::unbound()?;
        // A manager that does not read must not keep the node from serving.
        socket.set_nonblocking(true)?;
        Ok(Self { socket: Some((socket, address)) })
    }

    /// Clients can connect at `bootstrap`, host:port.
    pub fn ready(&self, bootstrap: &str) {
        self.tell(&format!("READY=1\nSTATUS=clients connect at {bootstrap}"));
    }

    /// The node is on its way down.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=stopping");
    }

    fn tell(&self, news: &str) {
        let Some((socket, address)) = &self.socket else { return };
        if let Err(error) = socket.send_to_addr(news.as_bytes(), address) {
            tracing::warn!(%error, "the service manager is not told: its socket takes nothing");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).expect("something was sent");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn a_socket_with_a_path_is_told() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("bound");
        Supervisor::at(Some(path.as_os_str())).expect("usable").ready("127.0.0.1:9092");
        assert_eq!(heard(&socket), "READY=1\nSTATUS=clients connect at 127.0.0.1:9092");
    }

    #[test]
    fn a_socket_with_an_abstract_name_is_told() {
        let name = format!("milena-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let socket = UnixDatagram::bind_addr(&address).expect("bound");
        let supervisor = Supervisor::at(Some(OsStr::new(&format!("@{name}")))).expect("usable");
        supervisor.stopping();
        assert_eq!(heard(&socket), "STOPPING=1\nSTATUS=stopping");
        drop(socket);
        // Nobody listens any more: no failure of the node.
        supervisor.stopping();
    }

    #[test]
    fn without_a_socket_nobody_is_told_and_other_addresses_are_errors() {
        assert!(Supervisor::at(None).expect("nothing to do").socket.is_none());
        assert!(Supervisor::at(Some(OsStr::new(""))).expect("nothing to do").socket.is_none());
        assert!(Supervisor::at(Some(OsStr::new("vsock:2:1"))).is_err());
    }
}
