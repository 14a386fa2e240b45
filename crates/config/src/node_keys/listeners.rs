//! Listeners, sockets and connections.

use crate::node_key::KeyType::*;
use crate::node_key::Valid::*;
use crate::node_key::{NodeKey, implemented, no_effect, not_yet, refused};

const CLUSTERS: &str = "nodes that work together";

#[rustfmt::skip]
pub(super) const KEYS: &[NodeKey] = &[
    implemented("advertised.listeners", List, None, DistinctNotEmpty),
    implemented("connections.max.idle.ms", Long, Some("600000"), Any),
    implemented("inter.broker.listener.name", Text, None, Any),
    implemented("listener.security.protocol.map", Text, Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"), Any),
    implemented("listeners", List, Some("PLAINTEXT://:9092"), DistinctNotEmpty),
    not_yet("max.connection.creation.rate", Int, Some("2147483647"), AtLeast(0), "bounds on how fast connections come"),
    implemented("max.connections", Int, Some("2147483647"), AtLeast(0)),
    implemented("max.connections.per.ip", Int, Some("2147483647"), AtLeast(0)),
    implemented("max.connections.per.ip.overrides", Text, Some(""), Any),
    no_effect("num.network.threads", Int, Some("3"), AtLeast(1), "threads are sized by the machine"),
    // Kafka sets no bound here (-1): one client could then take all memory.
    implemented("queued.max.request.bytes", Long, Some("268435456"), Any),
    no_effect("queued.max.requests", Int, Some("500"), AtLeast(1), "requests wait within their connection, bounded by queued.max.request.bytes"),
    refused("security.inter.broker.protocol", Text, Some("PLAINTEXT"), OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), "a security protocol other than PLAINTEXT"),
    not_yet("socket.connection.setup.timeout.max.ms", Long, Some("30000"), Any, CLUSTERS),
    not_yet("socket.connection.setup.timeout.ms", Long, Some("10000"), Any, CLUSTERS),
    implemented("socket.listen.backlog.size", Int, Some("50"), AtLeast(1)),
    implemented("socket.receive.buffer.bytes", Int, Some("102400"), Any),
    implemented("socket.request.max.bytes", Int, Some("104857600"), AtLeast(1)),
    implemented("socket.send.buffer.bytes", Int, Some("102400"), Any),
];
