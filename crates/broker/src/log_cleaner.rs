//! The task that cleans compacted logs, the dirtiest first: Kafka's cleaner threads.
//!
//! Rounds: up to `log.cleaner.threads` logs are cleaned beside each other; where none needs it, the next round waits for
//! `log.cleaner.backoff.ms`. Settings are those that the broker works by when a round begins.
//! A cleaning reads and writes in steps of bounded size on a thread for blocking work; between them it is slowed down to
//! `log.cleaner.io.max.bytes.per.second`, and given up when the broker stops.

use std::sync::Arc;
use std::time::Duration;

use config::LogCleanerConfig;
use log::cleaner::{Cleaned, CleanerSettings, Cleaning, Progress};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use types::TopicPartition;

use crate::Broker;

/// How long to wait where the settings are not known yet.
const UNKNOWN_BACKOFF: Duration = Duration::from_secs(1);
/// Bytes that a step reads at least, and the map has at least, whatever is set.
const BYTES_MIN: usize = 4 * 1024;

/// Works until `stop` says so, and never leaves a replacement of segments half done.
pub async fn run(broker: Arc<Broker>, mut stop: watch::Receiver<bool>) {
    let settings = broker.node_config();
    loop {
        let config = settings.borrow().as_ref().map(|config| config.log_cleaner.clone());
        let mut backoff = UNKNOWN_BACKOFF;
        if let Some(config) = config {
            backoff = Duration::from_millis(u64::try_from(config.backoff_ms).unwrap_or(0));
            if config.enable && round(&broker, &config, &stop).await > 0 {
                backoff = Duration::ZERO;
            }
        }
        // At least one millisecond, so that a backoff of 0 is no busy loop.
        let backoff = backoff.max(Duration::from_millis(1));
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(backoff) => {}
        }
    }
}

/// Cleans the dirtiest logs. Returns how many were cleaned.
async fn round(broker: &Arc<Broker>, config: &LogCleanerConfig, stop: &watch::Receiver<bool>) -> usize {
    let threads = usize::try_from(config.threads).unwrap_or(0);
    let share = |bytes: i64| (usize::try_from(bytes).unwrap_or(0) / threads.max(1)).max(BYTES_MIN);
    let settings = CleanerSettings {
        map_bytes_max: share(config.dedupe_buffer_size),
        map_load_factor: config.io_buffer_load_factor,
        // The other half is what Kafka writes from.
        read_bytes: share(i64::from(config.io_buffer_size) / 2),
    };
    let bytes_per_second = config.io_max_bytes_per_second / threads.max(1) as f64;
    let mut cleanings = JoinSet::new();
    for _ in 0..threads {
        let begun = {
            let broker = broker.clone();
            broker.blocking().run(move || begin(&broker, settings)).await
        };
        let Some((partition, cleaning)) = begun else { break };
        cleanings.spawn(clean(broker.clone(), partition, cleaning, bytes_per_second, stop.clone()));
    }
    let mut cleaned = 0;
    while let Some(result) = cleanings.join_next().await {
        match result {
            Ok(is_clean) => cleaned += usize::from(is_clean),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    cleaned
}

fn begin(broker: &Broker, settings: CleanerSettings) -> Option<(TopicPartition, Cleaning)> {
    let now_ms = broker.clock().now_ms();
    let dirty = broker.log_dirs().dirtiest(now_ms)?;
    match broker.log_dirs().begin_cleaning(&dirty, settings, now_ms) {
        Ok(cleaning) => Some((dirty.partition, cleaning?)),
        Err(error) => {
            tracing::error!(partition = %dirty.partition, %error, "a log cannot be cleaned now");
            None
        }
    }
}

/// Goes through a cleaning. Returns whether the log is clean.
async fn clean(
    broker: Arc<Broker>,
    partition: TopicPartition,
    mut cleaning: Cleaning,
    bytes_per_second: f64,
    mut stop: watch::Receiver<bool>,
) -> bool {
    let began = Instant::now();
    let mut bytes_done = 0;
    loop {
        if *stop.borrow() {
            return false;
        }
        let step = move || {
            let progress = cleaning.step();
            (cleaning, progress)
        };
        let progress;
        (cleaning, progress) = broker.blocking().run(step).await;
        match progress {
            Ok(Progress::More { bytes }) => bytes_done += bytes,
            Ok(Progress::Done(cleaned)) => {
                drop(cleaning);
                return checkpoint(&broker, &partition, cleaned).await;
            }
            Err(error) if error.is_lasting() => {
                tracing::error!(%partition, %error, "a log cannot be cleaned; it grows until the broker starts anew");
                return false;
            }
            Err(error) => {
                tracing::warn!(%partition, %error, "a cleaning was given up; it is tried again");
                return false;
            }
        }
        let due =
            began + Duration::try_from_secs_f64(bytes_done as f64 / bytes_per_second).unwrap_or_default();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return false,
            () = tokio::time::sleep_until(due) => {}
        }
    }
}

async fn checkpoint(broker: &Arc<Broker>, partition: &TopicPartition, cleaned: Cleaned) -> bool {
    let Cleaned { first_dirty, bytes_before, bytes_after } = cleaned;
    tracing::info!(%partition, %first_dirty, bytes_before, bytes_after, "log cleaned");
    let dirs = broker.log_dirs().clone();
    let written = broker.blocking().run(move || dirs.checkpoint_first_dirty()).await;
    written.inspect_err(|error| tracing::error!(%error, "how far logs are clean was not noted")).is_ok()
}
