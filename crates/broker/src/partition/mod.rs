//! One partition on this broker: its log, and who leads it.
//!
//! Lock order: `leadership` before anything inside the log. Appends hold `leadership` shared, so that a change of
//! leader waits for appends under way and no append is written under an epoch that has ended.

mod append;
mod delete_records;
mod error;
mod list_offsets;
mod read;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use ::log::Log;
use ::partition::LeaderEpochs;
use config::TopicConfig;
use types::{LeaderEpoch, NodeId, Offset, TopicIdPartition, TopicPartition};

pub use ::log::{AbortedTransaction, AppendError, FoundOffset, OffsetQuery, ReadError, VerificationGuard};
pub use ::partition::producer_state::{ProducerEntry, ProducerStateError};
pub use ::record::validate::{RejectionKind, ValidateError};
pub use append::{Appended, TransactionTerms};
pub use delete_records::DeleteRecordsError;
pub use error::{LeadershipError, PartitionAppendError, PartitionReadError};
pub use list_offsets::{ListOffsetsError, OffsetsRequest};
pub use read::{Isolation, PartitionRead, ReadRequest};

/// One partition on this broker.
#[derive(Debug)]
pub struct Partition {
    local: NodeId,
    id: TopicIdPartition,
    name: TopicPartition,
    log: Arc<Log>,
    leadership: RwLock<Leadership>,
}

/// Who leads a partition and who follows, as the metadata log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leadership {
    /// The leader; [`NodeId::NONE`] while there is none.
    pub leader: NodeId,
    /// Counts the leaders; never falls.
    pub leader_epoch: LeaderEpoch,
    /// Counts every change of the partition's record (KIP-497).
    pub partition_epoch: i32,
    /// All replicas, preferred leader first.
    pub replicas: Vec<NodeId>,
    /// The replicas in sync.
    pub isr: Vec<NodeId>,
    /// End of the log when this broker became leader in `leader_epoch`.
    pub epoch_start_offset: Offset,
}

impl Partition {
    /// The partition `name` with its opened log; nobody leads it until [`Partition::apply_leadership`] says so.
    pub fn new(local: NodeId, id: TopicIdPartition, name: TopicPartition, log: Arc<Log>) -> Self {
        let leadership = Leadership {
            leader: NodeId::NONE,
            leader_epoch: LeaderEpoch::NONE,
            partition_epoch: -1,
            replicas: Vec::new(),
            isr: Vec::new(),
            epoch_start_offset: Offset(0),
        };
        Self { local, id, name, log, leadership: RwLock::new(leadership) }
    }

    /// The partition by its topic's id.
    pub fn id(&self) -> TopicIdPartition {
        self.id
    }

    /// The partition by its topic's name.
    pub fn name(&self) -> &TopicPartition {
        &self.name
    }

    /// The partition's log.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Follows a change in the metadata log. An older leader epoch than the known one changes nothing.
    ///
    /// A new epoch of ours enters the log's epoch checkpoint with its first append, not here: a start with thousands of
    /// partitions would else write thousands of files. Until then [`Partition::end_offset_for_epoch`] knows of it.
    ///
    /// Where every append is flushed, what was found in the log is flushed before it is served: after a crash the
    /// recovery point is behind what was acknowledged, and the high watermark would stay there until the next append.
    pub fn apply_leadership(&self, new: LeadershipChange) {
        if new.leader == self.local && self.log.config().flush_messages == 1 && self.leads_anew(&new) {
            let end = self.log.log_end_offset();
            if let Err(error) = self.log.flush_up_to(end) {
                tracing::error!(partition = %self.name, %error, "what was recovered cannot be flushed");
            }
        }
        let mut current = self.leadership.write().unwrap_or_else(PoisonError::into_inner);
        if new.leader_epoch < current.leader_epoch {
            return;
        }
        if new.leader_epoch > current.leader_epoch && new.leader == self.local {
            current.epoch_start_offset = self.log.log_end_offset();
        }
        current.leader = new.leader;
        current.leader_epoch = new.leader_epoch;
        current.partition_epoch = new.partition_epoch;
        current.replicas = new.replicas;
        current.isr = new.isr;
        if current.leader == self.local {
            self.advance_high_watermark(&current);
        }
    }

    fn leads_anew(&self, new: &LeadershipChange) -> bool {
        new.leader_epoch > self.leadership_guard().leader_epoch
    }

    /// Where a leader epoch ends: the largest epoch known that is not above the one asked for, and the first offset of
    /// the next (KIP-101, KIP-279). An epoch older than all known ones ends where the oldest begins. `None` for an epoch
    /// that is newer than the leader's, and where no epoch is known.
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        let entries = self.log.epoch_entries();
        let mut epochs =
            LeaderEpochs::from_entries(entries.into_iter().map(|entry| (entry.epoch, entry.start_offset)));
        let current = self.leadership_guard();
        // The log writes an epoch down with its first record; it began when we took up leadership.
        if current.leader == self.local && current.leader_epoch.0 >= 0 {
            epochs.assign(current.leader_epoch, current.epoch_start_offset);
        }
        drop(current);
        let end = epochs.end_of(epoch, self.log.log_end_offset());
        end.map(|end| (end.epoch, end.end_offset))
    }

    /// Changes the topic's settings for appends from now on.
    pub fn apply_config(&self, config: Arc<TopicConfig>) {
        self.log.update_config(config);
    }

    /// Whether this broker leads in the epoch a client knows.
    ///
    /// # Errors
    /// See [`LeadershipError`].
    pub fn check_epoch(&self, known: Option<LeaderEpoch>) -> Result<(), LeadershipError> {
        self.checked_leadership(known).map(drop)
    }

    /// The epoch in which this broker leads; `None` while it does not.
    pub fn led_epoch(&self) -> Option<LeaderEpoch> {
        let current = self.leadership_guard();
        (current.leader == self.local).then_some(current.leader_epoch)
    }

    /// Ends the partition's life here: its topic was deleted. Whoever waits on it is told so by [`Self::check_epoch`].
    pub fn retire(&self) {
        self.leadership.write().unwrap_or_else(PoisonError::into_inner).leader = NodeId::NONE;
    }

    fn leadership_guard(&self) -> RwLockReadGuard<'_, Leadership> {
        self.leadership.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leadership, if the epoch a client knows is the current one and, where asked, this broker leads (KIP-320).
    fn checked_leadership(
        &self,
        known_epoch: Option<LeaderEpoch>,
    ) -> Result<RwLockReadGuard<'_, Leadership>, LeadershipError> {
        let current = self.leadership_guard();
        if let Some(known) = known_epoch {
            if known < current.leader_epoch {
                return Err(LeadershipError::FencedLeaderEpoch {
                    leader: current.leader,
                    known,
                    current: current.leader_epoch,
                });
            }
            if known > current.leader_epoch {
                return Err(LeadershipError::UnknownLeaderEpoch { known, current: current.leader_epoch });
            }
        }
        if current.leader != self.local {
            return Err(LeadershipError::NotLeader {
                leader: current.leader,
                leader_epoch: current.leader_epoch,
            });
        }
        Ok(current)
    }

    /// Moves the high watermark where every in-sync replica is known to be; true where it moved. With this broker
    /// alone in the ISR that is the end of the log, or what is flushed of it where every append is flushed.
    fn advance_high_watermark(&self, leadership: &Leadership) -> bool {
        if leadership.isr != [self.local] {
            return false;
        }
        let reached = match self.log.config().flush_messages {
            1 => self.log.recovery_point(),
            _ => self.log.log_end_offset(),
        };
        self.log.maybe_increment_high_watermark(reached).is_some()
    }
}

/// A partition's record in the metadata image, as far as it concerns a broker that hosts it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of `Leadership`")]
pub struct LeadershipChange {
    pub leader: NodeId,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: i32,
    pub replicas: Vec<NodeId>,
    pub isr: Vec<NodeId>,
}
