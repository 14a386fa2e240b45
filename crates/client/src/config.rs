//! Settings that every client has. Names and defaults are Kafka's.

use std::time::Duration;

/// Where a cluster is and how patient a client is with it.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `bootstrap.servers`: host:port of some brokers; the others are learnt from them.
    pub bootstrap_servers: Vec<String>,
    /// `client.id`: what brokers log and count this client as.
    pub client_id: String,
    /// `request.timeout.ms`.
    pub request_timeout: Duration,
    /// `retry.backoff.ms`: doubles with each try, up to `retry_backoff_max`.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`.
    pub retry_backoff_max: Duration,
    /// `metadata.max.age.ms`.
    pub metadata_max_age: Duration,
    /// `socket.connection.setup.timeout.ms`: how long a broker may take to accept a connection.
    pub connection_setup_timeout: Duration,
    /// How long a caller waits for a topic's metadata: `max.block.ms`, `default.api.timeout.ms`.
    pub metadata_timeout: Duration,
}

impl ClientConfig {
    /// Kafka's defaults for the cluster behind these addresses.
    pub fn new(bootstrap_servers: Vec<String>, client_id: impl Into<String>) -> Self {
        Self {
            bootstrap_servers,
            client_id: client_id.into(),
            request_timeout: Duration::from_secs(30),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            metadata_max_age: Duration::from_secs(300),
            connection_setup_timeout: Duration::from_secs(10),
            metadata_timeout: Duration::from_secs(60),
        }
    }

    /// How long to wait before the try that follows `failures` failed ones.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let doubled = self.retry_backoff.saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled.min(self.retry_backoff_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_grows_up_to_its_bound() {
        let config = ClientConfig::new(Vec::new(), "test");
        let millis = |failures| config.backoff(failures).as_millis();
        assert_eq!([1, 2, 3, 4, 5, 99].map(millis), [100, 200, 400, 800, 1000, 1000]);
    }
}
