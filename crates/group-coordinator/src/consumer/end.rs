//! The end of a consumer group: DeleteGroups, nothing is left of it, or it becomes a group of another protocol.

use super::ConsumerGroup;
use super::draft::Draft;
use crate::classic::Turn;
use crate::records::ConsumerRecord;
use crate::timers::MemberId;

impl ConsumerGroup {
    /// All records of the group end, the group's own last.
    pub(crate) fn tombstones(&self) -> Vec<ConsumerRecord> {
        let mut draft = Draft::default();
        let ids: Vec<&MemberId> = self.seats.keys().collect();
        for id in &ids {
            draft.push(ConsumerRecord::Current((*id).clone(), None));
        }
        for id in &ids {
            draft.push(ConsumerRecord::Target((*id).clone(), None));
        }
        draft.push(ConsumerRecord::TargetEpoch(None));
        for id in &ids {
            draft.push(ConsumerRecord::Member((*id).clone(), None));
        }
        for regex in self.subscriptions.all_resolved().keys() {
            draft.push(ConsumerRecord::Regex(regex.clone(), None));
        }
        draft.push(ConsumerRecord::Topics { are_there: false });
        draft.push(ConsumerRecord::Group(None));
        draft.records
    }

    /// Writes the group's end, and takes its alarms back. Whoever has the group drops it.
    pub(crate) fn end(&mut self, turn: &mut Turn<'_>) {
        let tombstones = self.tombstones();
        turn.step.records.extend(tombstones.iter().map(|record| record.encode(&self.id)));
        self.cancel_alarms(turn);
    }

    /// Takes all alarms back.
    pub(crate) fn cancel_alarms(&mut self, turn: &mut Turn<'_>) {
        let ids: Vec<MemberId> = self.seats.keys().cloned().collect();
        for id in ids {
            self.cancel_alarms_of(&id, turn);
        }
    }
}
