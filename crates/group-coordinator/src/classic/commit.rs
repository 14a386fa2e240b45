//! What committed offsets ask of a group: may this client commit, what may be deleted, what has expired.

use super::{ClassicGroup, ClassicState, Turn};
use crate::GroupError;

/// From when on the retention of a group's offsets counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetExpiry {
    /// Nothing expires now.
    Never,
    /// Each offset from its commit on, but not those of topics that the group reads.
    FromCommit,
    /// All from here (wall clock) on: the group has been empty since.
    From(i64),
}

impl ClassicGroup {
    /// Whether the client may commit. It is heard by that: its session starts anew, but while the leader assigns.
    ///
    /// # Errors
    /// Those of a member that is none, or of another generation; `RebalanceInProgress` while the leader assigns: the
    /// member knows its generation, and shall sync first.
    pub(crate) fn validate_commit(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        turn: &mut Turn<'_>,
    ) -> Result<(), GroupError> {
        if generation < 0 && self.state == ClassicState::Empty {
            return Ok(());
        }
        let is_anonymous = generation < 0 && member_id.is_empty() && instance_id.is_none();
        if !is_anonymous {
            self.validate_member(member_id, instance_id)?;
            if generation != self.generation {
                return Err(GroupError::IllegalGeneration);
            }
        } else if self.state != ClassicState::Empty {
            return Err(GroupError::UnknownMemberId);
        }
        match self.state {
            ClassicState::CompletingRebalance => return Err(GroupError::RebalanceInProgress),
            ClassicState::Stable | ClassicState::PreparingRebalance => self.refresh_session(member_id, turn),
            ClassicState::Empty => {}
        }
        Ok(())
    }

    /// Whether a client that says who it is may commit within a transaction.
    ///
    /// # Errors
    /// Those of a member that is none, or of another generation.
    pub(crate) fn validate_commit_in_transaction(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
    ) -> Result<(), GroupError> {
        if generation < 0 && self.state == ClassicState::Empty {
            return Ok(());
        }
        self.validate_member(member_id, instance_id)?;
        if generation == self.generation { Ok(()) } else { Err(GroupError::IllegalGeneration) }
    }

    /// Whether offsets may be deleted one by one: those of consumers, topic by topic; those of others when nobody is
    /// there.
    pub(crate) fn validate_offset_delete(&self) -> Result<(), GroupError> {
        if self.state == ClassicState::Empty || self.uses_consumer_protocol() {
            Ok(())
        } else {
            Err(GroupError::NonEmptyGroup)
        }
    }

    /// Which of the group's offsets can expire.
    pub(crate) fn offset_expiry(&self) -> OffsetExpiry {
        let reads_known_topics = self.uses_consumer_protocol() && self.subscribed_topics.is_some();
        match self.state {
            _ if self.protocol_type.is_none() => OffsetExpiry::FromCommit,
            ClassicState::Empty => self.state_since_ms.map_or(OffsetExpiry::FromCommit, OffsetExpiry::From),
            ClassicState::Stable if reads_known_topics => OffsetExpiry::FromCommit,
            _ => OffsetExpiry::Never,
        }
    }
}
