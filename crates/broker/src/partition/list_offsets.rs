//! Which offset a timestamp means, as far as a client may see.

use ::log::{FoundOffset, OffsetQuery, ReadError};
use types::LeaderEpoch;

use super::{Isolation, LeadershipError, Partition};

/// What ListOffsets asks of a partition.
#[derive(Clone, Copy, Debug)]
pub struct OffsetsRequest {
    /// The offset wanted.
    pub query: OffsetQuery,
    /// Up to where the client sees; `None` for replicas, who see the whole log.
    pub isolation: Option<Isolation>,
    /// The leader epoch the client knows.
    pub known_epoch: Option<LeaderEpoch>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ListOffsetsError {
    /// This broker does not lead.
    #[error(transparent)]
    Leadership(#[from] LeadershipError),
    /// The high watermark has not reached the start of this leader's epoch, so the answer could go back (KIP-207).
    #[error("the high watermark has not reached the leader's epoch yet")]
    OffsetNotAvailable,
    /// The log cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Partition {
    /// Finds an offset; `None` where no visible record answers.
    ///
    /// # Errors
    /// See [`ListOffsetsError`].
    pub fn find_offset(&self, request: &OffsetsRequest) -> Result<Option<FoundOffset>, ListOffsetsError> {
        let leadership = self.checked_leadership(request.known_epoch)?;
        let visible_end = match request.isolation {
            Some(isolation) => self.visible_end(isolation),
            None => self.log.log_end_offset(),
        };
        let is_behind =
            request.isolation.is_some() && leadership.epoch_start_offset > self.log.high_watermark();
        let not_available = || if is_behind { Err(ListOffsetsError::OffsetNotAvailable) } else { Ok(()) };
        let (query, leader_epoch) = (request.query, leadership.leader_epoch);
        drop(leadership);
        match query {
            OffsetQuery::Latest => {
                not_available()?;
                let latest =
                    FoundOffset { timestamp_ms: -1, offset: visible_end, leader_epoch: Some(leader_epoch) };
                Ok(Some(latest))
            }
            OffsetQuery::Earliest | OffsetQuery::EarliestLocal => {
                // The log learns an epoch with its first append; where it knows none, that is this leader's.
                let found = self.log.find_offset(query)?;
                let known = |found: FoundOffset| FoundOffset {
                    leader_epoch: found.leader_epoch.or(Some(leader_epoch)),
                    ..found
                };
                Ok(found.map(known))
            }
            _ => match self.log.find_offset(query)? {
                Some(found) if found.offset < visible_end => Ok(Some(found)),
                _ => {
                    not_available()?;
                    Ok(None)
                }
            },
        }
    }
}
