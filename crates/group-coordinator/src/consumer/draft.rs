//! What a verb has decided on, before any of it is true.

use coordinator::{CoordinatorRecord, fit_into_batch};

use super::ConsumerGroup;
use super::group::Applied;
use crate::GroupError;
use crate::classic::Turn;
use crate::records::ConsumerRecord;

/// Records that are to be written together.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// Of what the group was before it was a consumer group; whoever commits has applied them.
    pub(super) before: Vec<CoordinatorRecord>,
    pub(super) records: Vec<ConsumerRecord>,
}

impl Draft {
    /// A draft that comes after these.
    pub(super) fn after(before: Vec<CoordinatorRecord>) -> Self {
        Self { before, records: Vec::new() }
    }

    pub(super) fn push(&mut self, record: ConsumerRecord) {
        self.records.push(record);
    }
}

impl ConsumerGroup {
    /// Makes a draft true, and writes it.
    ///
    /// # Errors
    /// `TooLarge` where the log cannot take so much at once; nothing has changed then.
    pub(super) fn commit(&mut self, draft: Draft, turn: &mut Turn<'_>) -> Result<Applied, GroupError> {
        let Draft { before: mut encoded, records } = draft;
        encoded.extend(records.iter().map(|record| record.encode(&self.id)));
        let has_values = encoded.iter().any(|record| record.value.is_some());
        if has_values && !fit_into_batch(turn.step.records.iter().chain(&encoded), turn.batch_bytes_max) {
            return Err(GroupError::TooLarge);
        }
        turn.step.records.extend(encoded);
        let mut applied = Applied::Goes;
        for record in &records {
            if let ConsumerRecord::Member(member_id, None) = record {
                self.cancel_alarms_of(member_id, turn);
            }
            let done = self.apply(record);
            debug_assert!(done.is_ok(), "what is decided on can be loaded: {done:?}");
            applied = done.unwrap_or(applied);
        }
        Ok(applied)
    }
}
