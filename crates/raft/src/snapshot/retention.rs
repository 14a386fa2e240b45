//! Which snapshots, and the log before them, may go.

use crate::OffsetAndEpoch;

/// What is known of a snapshot on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotFacts {
    /// The snapshot.
    pub id: OffsetAndEpoch,
    /// Its file's length.
    pub size_bytes: u64,
    /// When the last record it contains was appended; milliseconds since the Unix epoch.
    pub last_contained_timestamp_ms: i64,
}

/// How much of the past is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionLimits {
    /// `metadata.max.retention.bytes`: log and snapshots together; below 0 without limit.
    pub bytes: i64,
    /// `metadata.max.retention.ms`; below 0 without limit.
    pub ms: i64,
}

/// The snapshot at which the log is to begin next: the second oldest, where the oldest breaks a limit. `snapshots`
/// are ascending, `log_bytes` is the log's size now. The newest snapshot always stays. Called again after each step.
pub fn next_log_start(
    snapshots: &[SnapshotFacts],
    log_bytes: u64,
    now_ms: i64,
    limits: RetentionLimits,
) -> Option<OffsetAndEpoch> {
    let [oldest, next, ..] = snapshots else { return None };
    let total_bytes = log_bytes + snapshots.iter().map(|snapshot| snapshot.size_bytes).sum::<u64>();
    let is_too_large = u64::try_from(limits.bytes).is_ok_and(|limit| total_bytes > limit);
    let age_ms = now_ms.saturating_sub(oldest.last_contained_timestamp_ms);
    let is_too_old = limits.ms >= 0 && age_ms > limits.ms;
    (is_too_large || is_too_old).then_some(next.id)
}

#[cfg(test)]
mod tests {
    use types::{LeaderEpoch, Offset};

    use super::*;

    fn facts(offset: i64, size_bytes: u64, last_contained_timestamp_ms: i64) -> SnapshotFacts {
        let id = OffsetAndEpoch::new(Offset(offset), LeaderEpoch(1));
        SnapshotFacts { id, size_bytes, last_contained_timestamp_ms }
    }

    const UNLIMITED: RetentionLimits = RetentionLimits { bytes: -1, ms: -1 };

    #[test]
    fn the_last_snapshot_always_stays() {
        let limits = RetentionLimits { bytes: 0, ms: 0 };
        assert_eq!(next_log_start(&[facts(10, 100, 0)], 1000, 1_000_000, limits), None);
        assert_eq!(next_log_start(&[], 1000, 1_000_000, limits), None);
    }

    #[test]
    fn the_oldest_goes_when_a_limit_is_broken() {
        let snapshots = [facts(10, 100, 5_000), facts(20, 100, 6_000), facts(30, 100, 7_000)];
        let next = Some(snapshots[1].id);
        let by_bytes = |bytes| RetentionLimits { bytes, ..UNLIMITED };
        assert_eq!(next_log_start(&snapshots, 700, 7_000, by_bytes(1000)), None);
        assert_eq!(next_log_start(&snapshots, 701, 7_000, by_bytes(1000)), next);
        let by_time = |ms| RetentionLimits { ms, ..UNLIMITED };
        assert_eq!(next_log_start(&snapshots, 700, 7_000, by_time(2_000)), None);
        assert_eq!(next_log_start(&snapshots, 700, 7_001, by_time(2_000)), next);
        assert_eq!(next_log_start(&snapshots, u64::MAX / 2, i64::MAX, UNLIMITED), None);
    }
}
