//! How a member of the consumer protocol (KIP-848) comes from what it has to what the coordinator wants it to have: it commits
//! what is processed, gives up, takes, and says so, while its heart goes on beating.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::messages::consumer_group_heartbeat_response::Assignment;
use tokio::time::Instant;
use types::{PartitionIndex, TopicName, TopicPartition, Uuid};

use super::ConsumerMachine;
use super::membership::{Callback, CallbackKind, Stage};
use crate::metadata::ClusterMetadata;

/// Partitions with the ids of their topics: one of a topic that was made anew is another one.
type Owned = BTreeMap<TopicPartition, Uuid>;

/// As requests and answers have them.
pub(super) type ById = BTreeMap<Uuid, BTreeSet<i32>>;

#[derive(Debug, Default)]
enum Step {
    #[default]
    Settled,
    /// What is processed is committed before anything is given up.
    Committing { id: u64, until: Instant, goal: Owned },
    /// The application gives partitions up.
    Revoking { goal: Owned },
    /// The application hears of what it got.
    Taking,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Reconciliation {
    /// What the coordinator wants, once it has said so.
    target: Option<ById>,
    /// Topics of the target that have no name yet.
    unresolved: Vec<Uuid>,
    /// The ids of the topics that are owned.
    ids: BTreeMap<TopicName, Uuid>,
    step: Step,
    /// It has taken what it was assigned, be it nothing, since it joined: the application has heard of it.
    has_taken: bool,
    /// The application is awaited: what it was handed out may not be processed yet.
    awaits_poll: bool,
    /// What the coordinator was told last; `None`: it is told everything.
    pub(super) told: Option<Told>,
    /// How often it wants to hear from the member.
    pub(super) interval: Duration,
}

/// What a heartbeat says only where it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) topics: BTreeSet<TopicName>,
    pub(super) pattern: Option<String>,
    pub(super) owned: ById,
}

impl Reconciliation {
    /// The member is out of the group: whatever it had is none of the coordinator's any more.
    pub(super) fn forget(&mut self) {
        *self = Self { ids: std::mem::take(&mut self.ids), interval: self.interval, ..Self::default() };
    }

    pub(super) fn assigned(&mut self, assignment: Assignment) {
        let mut target = ById::new();
        for topic in assignment.topic_partitions {
            target.entry(topic.topic_id).or_default().extend(topic.partitions);
        }
        self.target = Some(target);
    }

    /// Whether nothing is handed out before the next step.
    pub(super) const fn awaits_poll(&self) -> bool {
        self.awaits_poll
    }

    pub(super) const fn is_settled(&self) -> bool {
        matches!(self.step, Step::Settled)
    }

    /// Topics whose names have to be asked for.
    pub(super) fn unresolved(&self) -> &[Uuid] {
        &self.unresolved
    }
}

impl ConsumerMachine {
    /// One step further, as far as nobody has to be waited for.
    pub(super) fn reconcile(&mut self, now: Instant, metadata: &ClusterMetadata) {
        if matches!(self.membership.stage, Stage::Leaving) {
            return;
        }
        let is_idle = self.membership.callbacks.is_empty();
        if !self.membership.has_generation() {
            self.membership.want_rejoin("not in the group yet");
            if is_idle {
                // Somebody else may have them.
                self.give_up(CallbackKind::Lost, self.assignment());
            }
            return;
        }
        match std::mem::take(&mut self.membership.reconciliation.step) {
            Step::Settled => self.begin_reconciling(now, metadata),
            Step::Committing { id, until, goal } if self.commits.is_pending(id) && now < until => {
                self.wake(until);
                self.membership.reconciliation.step = Step::Committing { id, until, goal };
            }
            Step::Committing { goal, .. } => self.revoke(goal, now),
            Step::Revoking { goal } if is_idle => self.take_goal(goal, now),
            Step::Taking if is_idle => {}
            step => self.membership.reconciliation.step = step,
        }
    }

    fn begin_reconciling(&mut self, now: Instant, metadata: &ClusterMetadata) {
        self.membership.reconciliation.awaits_poll = false;
        let Some(target) = &self.membership.reconciliation.target else { return };
        let known = metadata.topics.values().map(|topic| (topic.id, &topic.name));
        // What is owned keeps its name, also where the topic is not there any more.
        let owned = self.membership.reconciliation.ids.iter().map(|(name, id)| (*id, name));
        let names: BTreeMap<Uuid, &TopicName> =
            known.chain(owned).filter(|(id, _)| target.contains_key(id)).collect();
        let (mut goal, mut unresolved) = (Owned::new(), Vec::new());
        for (id, partitions) in target {
            match names.get(id) {
                None => unresolved.push(*id),
                Some(name) => goal.extend(partitions.iter().map(|index| {
                    let partition = PartitionIndex(*index);
                    (TopicPartition { topic: TopicName::clone(name), partition }, *id)
                })),
            }
        }
        self.metadata_wanted |= !unresolved.is_empty();
        self.membership.reconciliation.unresolved = unresolved;
        if goal == self.owned() && self.membership.reconciliation.has_taken {
            return;
        }
        let gone = self.gone(&goal);
        let commits = self.config.commits_by_itself() && !self.partitions.is_empty();
        self.membership.reconciliation.awaits_poll = !self.is_polling && (commits || !gone.is_empty());
        if self.membership.reconciliation.awaits_poll {
            return;
        }
        if commits {
            let offsets = self.processed();
            self.mark_revoking(&gone);
            if !offsets.is_empty() {
                let until = now + self.config.max_poll_interval;
                let id = self.commit(offsets, Some(until), None);
                self.membership.reconciliation.step = Step::Committing { id, until, goal };
                return;
            }
        }
        self.revoke(goal, now);
    }

    /// Where there is nothing to give up nobody has to be waited for.
    fn revoke(&mut self, goal: Owned, now: Instant) {
        self.give_up(CallbackKind::Revoked, self.gone(&goal));
        if self.membership.callbacks.is_empty() {
            self.take_goal(goal, now);
        } else {
            self.membership.reconciliation.step = Step::Revoking { goal };
        }
    }

    fn take_goal(&mut self, goal: Owned, now: Instant) {
        let mut added: Vec<TopicPartition> = goal.keys().cloned().collect();
        added.retain(|partition| !self.partitions.contains_key(partition));
        let assigned: Vec<TopicPartition> = goal.keys().cloned().collect();
        self.set_partitions(&assigned);
        tracing::info!(epoch = self.membership.generation, partitions = assigned.len(), "assigned");
        let reconciliation = &mut self.membership.reconciliation;
        reconciliation.ids = goal.into_iter().map(|(partition, id)| (partition.topic, id)).collect();
        (reconciliation.step, reconciliation.has_taken) = (Step::Taking, true);
        self.membership.callbacks.push_back(Callback { kind: CallbackKind::Assigned, partitions: added });
        self.commits.wait_until(now + self.config.auto_commit_interval);
    }

    fn owned(&self) -> Owned {
        let ids = &self.membership.reconciliation.ids;
        let owned = self.partitions.keys();
        owned
            .map(|partition| (partition.clone(), ids.get(&partition.topic).copied().unwrap_or(Uuid::ZERO)))
            .collect()
    }

    /// What is owned, and is no part of the goal.
    fn gone(&self, goal: &Owned) -> Vec<TopicPartition> {
        let owned = self.owned().into_iter();
        owned.filter(|(partition, id)| goal.get(partition) != Some(id)).map(|(gone, _)| gone).collect()
    }

    pub(super) fn owned_by_id(&self) -> ById {
        let mut by_id = ById::new();
        for (partition, id) in self.owned() {
            by_id.entry(id).or_default().insert(partition.partition.0);
        }
        by_id
    }
}
