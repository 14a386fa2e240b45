//! How long something is tried again: with growing pauses, up to a time at which it is given up.

use tokio::time::{Duration, Instant};

use crate::config::ClientConfig;
use crate::error::ClientError;

/// The patience with one thing that was asked for.
pub(crate) struct Patience<'a> {
    config: &'a ClientConfig,
    deadline: Instant,
    failures: u32,
}

impl<'a> Patience<'a> {
    /// As long as `metadata_timeout` (`default.api.timeout.ms`).
    pub(crate) fn new(config: &'a ClientConfig) -> Self {
        Self::lasting(config, config.metadata_timeout)
    }

    /// As long as `within`.
    pub(crate) fn lasting(config: &'a ClientConfig, within: Duration) -> Self {
        Self { config, deadline: Instant::now() + within, failures: 0 }
    }

    /// When it ends.
    pub(crate) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How often it was tried in vain.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Waits before the next try; false, and at once, where it would come too late.
    pub(crate) async fn waits(&mut self) -> bool {
        self.failures += 1;
        let retry_at = Instant::now() + self.config.backoff(self.failures);
        let is_in_time = retry_at <= self.deadline;
        if is_in_time {
            tokio::time::sleep_until(retry_at).await;
        }
        is_in_time
    }

    /// Tries until it succeeds, or fails in a way that waiting does not mend.
    pub(crate) async fn until_done<T>(
        mut self,
        attempt: impl AsyncFn() -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        loop {
            match attempt().await {
                Err(error) if error.is_retriable() && self.waits().await => {
                    tracing::debug!(%error, "tried again");
                }
                outcome => return outcome,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use types::ErrorCode;

    use super::*;
    use crate::network_client::topic_error;

    fn config() -> ClientConfig {
        ClientConfig { metadata_timeout: Duration::from_secs(1), ..ClientConfig::new(Vec::new(), "test") }
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_given_up_before_a_try_that_would_come_too_late() {
        let (config, begun) = (config(), Instant::now());
        let mut patience = Patience::new(&config);
        while patience.waits().await {}
        assert_eq!((patience.failures(), begun.elapsed().as_millis()), (4, 100 + 200 + 400));
    }

    #[tokio::test(start_paused = true)]
    async fn what_waiting_does_not_mend_is_not_tried_again() {
        let config = config();
        for (code, tries) in [(ErrorCode::NotLeaderOrFollower, 4), (ErrorCode::InvalidRequest, 1)] {
            let tried = Cell::new(0);
            let outcome: Result<(), _> = Patience::new(&config)
                .until_done(async || {
                    tried.set(tried.get() + 1);
                    Err(topic_error("t", code))
                })
                .await;
            assert_eq!((outcome, tried.get()), (Err(topic_error("t", code)), tries));
        }
    }
}
