//! Moving the start of a partition's log (KIP-107).

use ::log::ReadError;
use types::Offset;

use super::{LeadershipError, Partition};

/// Why records were not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteRecordsError {
    /// This broker does not lead.
    #[error(transparent)]
    Leadership(#[from] LeadershipError),
    /// The topic is compacted and not deleted (`cleanup.policy`): its records go away by key.
    #[error("the records of a compacted topic are not deleted")]
    PolicyViolation,
    /// The offset is beyond the high watermark, or the log cannot be changed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Partition {
    /// Deletes the records below `offset`; `None` for all below the high watermark. Returns the log's new start.
    ///
    /// # Errors
    /// See [`DeleteRecordsError`].
    pub fn delete_records(&self, offset: Option<Offset>) -> Result<Offset, DeleteRecordsError> {
        let _leadership = self.checked_leadership(None)?;
        let policy = self.log.config().cleanup_policy;
        if policy.compact && !policy.delete {
            return Err(DeleteRecordsError::PolicyViolation);
        }
        let high_watermark = self.log.high_watermark();
        let target = offset.unwrap_or(high_watermark);
        if target.0 < 0 || target > high_watermark {
            let (log_start, log_end) = (self.log.log_start_offset(), high_watermark);
            return Err(ReadError::OffsetOutOfRange { requested: target, log_start, log_end }.into());
        }
        self.log.maybe_increment_log_start(target)?;
        Ok(self.log.log_start_offset())
    }
}
