//! The task that keeps the logs in order: flush, checkpoint, retention, removal of files.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::Broker;

/// How often what is done.
#[derive(Clone, Copy, Debug)]
pub struct MaintenanceSettings {
    /// `log.initial.task.delay.ms`.
    pub initial_delay: Duration,
    /// `log.flush.offset.checkpoint.interval.ms`.
    pub recovery_checkpoint: Duration,
    /// `log.flush.start.offset.checkpoint.interval.ms`.
    pub log_start_checkpoint: Duration,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub high_watermark_checkpoint: Duration,
    /// `log.retention.check.interval.ms`.
    pub retention: Duration,
    /// `log.flush.scheduler.interval.ms`: how often the age of unflushed records is looked at.
    pub flush_overdue: Duration,
    /// How often unflushed bytes are looked at.
    pub flush: Duration,
    /// Unflushed bytes that a data directory may have after that.
    pub unflushed_bytes_max: u64,
    /// `producer.id.expiration.check.interval.ms`.
    pub producer_expiration: Duration,
}

/// Works until `stop` says so, and never leaves a round half done: two writers of one checkpoint would spoil it. What
/// the disk refuses is logged and tried again in the next round.
pub async fn run(broker: Arc<Broker>, settings: MaintenanceSettings, mut stop: watch::Receiver<bool>) {
    let first = Instant::now() + settings.initial_delay;
    let every = |period: Duration| {
        let mut ticks = interval_at(first, period.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let mut recovery_checkpoint = every(settings.recovery_checkpoint);
    let mut log_start_checkpoint = every(settings.log_start_checkpoint);
    let mut high_watermark_checkpoint = every(settings.high_watermark_checkpoint);
    let mut retention = every(settings.retention);
    let mut flush = every(settings.flush);
    let mut flush_overdue = every(settings.flush_overdue);
    let mut producer_expiration = every(settings.producer_expiration);
    loop {
        let work = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            _ = flush.tick() => Work::Flush(settings.unflushed_bytes_max),
            _ = flush_overdue.tick() => Work::FlushOverdue,
            _ = recovery_checkpoint.tick() => Work::CheckpointRecoveryPoints,
            _ = log_start_checkpoint.tick() => Work::CheckpointLogStarts,
            _ = high_watermark_checkpoint.tick() => Work::CheckpointHighWatermarks,
            _ = retention.tick() => Work::Retention,
            _ = producer_expiration.tick() => Work::ExpireProducers,
        };
        let broker = broker.clone();
        let blocking = broker.blocking();
        blocking.run(move || work.perform(&broker)).await;
    }
}

/// One round of one kind of work.
#[derive(Clone, Copy, Debug)]
enum Work {
    Flush(u64),
    FlushOverdue,
    CheckpointRecoveryPoints,
    CheckpointLogStarts,
    CheckpointHighWatermarks,
    Retention,
    ExpireProducers,
}

impl Work {
    fn perform(self, broker: &Broker) {
        let dirs = broker.log_dirs();
        let now_ms = broker.clock().now_ms();
        let result = match self {
            Self::Flush(bytes_max) => match dirs.flush_beyond(bytes_max) {
                Ok(0) => Ok(()),
                // What was flushed need not be recovered only once the checkpoint says so.
                Ok(_) => dirs.checkpoint_recovery_points().map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            },
            Self::FlushOverdue => dirs.flush_overdue(now_ms).map_err(|error| error.to_string()),
            Self::CheckpointRecoveryPoints => {
                dirs.checkpoint_recovery_points().map_err(|error| error.to_string())
            }
            Self::CheckpointLogStarts => dirs.checkpoint_log_starts().map_err(|error| error.to_string()),
            Self::CheckpointHighWatermarks => {
                dirs.checkpoint_high_watermarks().map_err(|error| error.to_string())
            }
            Self::Retention => apply_retention(broker, now_ms),
            Self::ExpireProducers => {
                for (_, log) in dirs.all() {
                    log.remove_expired_producers(now_ms);
                }
                Ok(())
            }
        };
        if let Err(error) = result {
            tracing::error!(work = ?self, %error, "log maintenance failed");
        }
    }
}

fn apply_retention(broker: &Broker, now_ms: i64) -> Result<(), String> {
    let round = broker.log_dirs().apply_retention(now_ms).map_err(|error| error.to_string())?;
    if round.segments > 0 {
        tracing::info!(segments = round.segments, "old segments deleted");
        // Fetches that wait below a log's new start have to hear of it.
        for partition in broker.partitions().all() {
            broker.delayed_fetches().touch(&partition.id());
        }
    }
    broker.log_dirs().remove_deleted(now_ms).map(drop).map_err(|error| error.to_string())
}
