//! What a server is told about limits.

use std::time::Duration;

use io::Blocking;

use super::ConnectionLimits;

/// Limits of connections and requests. The defaults are Kafka's where Kafka has them.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// `socket.request.max.bytes`: the longest frame accepted.
    pub request_bytes_max: usize,
    /// The longest frame accepted before a connection's first valid request.
    pub first_request_bytes_max: usize,
    /// How long the first frame may take, from its first byte to its last.
    pub first_request_timeout: Duration,
    /// A later frame that is begun must bring 1 KiB a second on average over each span of this length.
    pub frame_window: Duration,
    /// `connections.max.idle.ms`: a connection on which no byte moves for so long is closed; `None`: never.
    pub connections_max_idle: Option<Duration>,
    /// Bytes of requests being read or executed, over all connections, beyond which reading waits. Frames that fit
    /// into one small read are not counted.
    pub in_flight_bytes_max: usize,
    /// Requests of one connection that may wait for their answers at a time; at least 1.
    pub pipelined_requests_max: usize,
    /// Bytes of answers not written yet, above which a connection starts no further request.
    pub unwritten_bytes_max: usize,
    /// Where ranges of files are read that are not in memory.
    pub blocking: Blocking,
    /// Limits on the number of connections.
    pub connection_limits: ConnectionLimits,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            request_bytes_max: 100 * 1024 * 1024,
            first_request_bytes_max: 64 * 1024,
            first_request_timeout: Duration::from_secs(10),
            frame_window: Duration::from_secs(30),
            connections_max_idle: Some(Duration::from_secs(600)),
            in_flight_bytes_max: 512 * 1024 * 1024,
            pipelined_requests_max: 16,
            unwritten_bytes_max: 1024 * 1024,
            blocking: Blocking::Threads,
            connection_limits: ConnectionLimits::default(),
        }
    }
}
