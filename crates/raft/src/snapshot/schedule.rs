//! When a snapshot is due.

use std::time::Duration;

/// Counts what was committed since the last snapshot.
#[derive(Clone, Debug)]
pub struct SnapshotSchedule {
    /// `metadata.log.max.record.bytes.between.snapshots`.
    bytes_max: u64,
    /// `metadata.log.max.snapshot.interval.ms`; `None` where it is 0, without limit.
    interval_max: Option<Duration>,
    bytes_since: u64,
    last_at: Duration,
}

impl SnapshotSchedule {
    /// A schedule that begins at `now`, as all times here monotonic and since any origin.
    pub fn new(bytes_max: u64, interval_max_ms: u64, now: Duration) -> Self {
        let interval_max = (interval_max_ms > 0).then(|| Duration::from_millis(interval_max_ms));
        Self { bytes_max, interval_max, bytes_since: 0, last_at: now }
    }

    /// `bytes` of records were committed: whether a snapshot is due. Time alone makes none, so that a log at rest
    /// does not write the same snapshot every hour.
    pub fn committed(&mut self, bytes: u64, now: Duration) -> bool {
        self.bytes_since += bytes;
        let interval_is_over =
            self.interval_max.is_some_and(|interval| now.saturating_sub(self.last_at) >= interval);
        self.bytes_since > 0 && (self.bytes_since >= self.bytes_max || interval_is_over)
    }

    /// A snapshot was made, or loaded, at `now`.
    pub fn snapshot_made(&mut self, now: Duration) {
        self.bytes_since = 0;
        self.last_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_or_time_make_a_snapshot_due() {
        let start = Duration::from_secs(60);
        let mut schedule = SnapshotSchedule::new(100, 1000, start);
        assert!(!schedule.committed(99, start));
        assert!(schedule.committed(1, start));
        schedule.snapshot_made(start);
        assert!(!schedule.committed(1, start + Duration::from_millis(999)));
        assert!(schedule.committed(1, start + Duration::from_millis(1000)));
    }

    #[test]
    fn a_log_at_rest_makes_none() {
        let start = Duration::from_secs(60);
        let mut schedule = SnapshotSchedule::new(100, 1000, start);
        assert!(!schedule.committed(0, start + Duration::from_secs(10)));
        let mut without_interval = SnapshotSchedule::new(100, 0, start);
        assert!(!without_interval.committed(1, start + Duration::from_secs(1_000_000)));
    }
}
