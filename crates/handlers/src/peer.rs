//! Who a client is: its address as it is written down with its membership, and what is noted while it waits.

use std::net::IpAddr;

use net::{ConnectionContext, Request};
use types::waits::WaitingClient;

/// The client whose request this is, for those who ask what waits.
pub(crate) fn waiting_client(request: &Request) -> WaitingClient {
    WaitingClient {
        client_id: request.header.client_id.clone(),
        client_host: client_host(&request.connection),
    }
}

/// The client's address as Kafka writes it: a slash and the address, IPv6 with all its groups. A stream that is no
/// socket has none.
pub(crate) fn client_host(connection: &ConnectionContext) -> String {
    match connection.peer_ip().map(|ip| ip.to_canonical()) {
        None => "/".to_owned(),
        Some(IpAddr::V4(address)) => format!("/{address}"),
        Some(IpAddr::V6(address)) => {
            let groups = address.segments().map(|group| format!("{group:x}"));
            format!("/{}", groups.join(":"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_java_writes_them() {
        for (address, expected) in [
            ("127.0.0.1:1", "/127.0.0.1"),
            ("[::1]:1", "/0:0:0:0:0:0:0:1"),
            ("[fe80::a1]:1", "/fe80:0:0:0:0:0:0:a1"),
            ("[::ffff:10.0.0.7]:1", "/10.0.0.7"),
        ] {
            let peer = address.parse().expect("an address");
            let context = ConnectionContext::new(0, "PLAINTEXT".into(), None, Some(peer));
            assert_eq!(client_host(&context), expected);
        }
    }
}
