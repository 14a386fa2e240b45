//! What differs between two images' topics: the delta that brokers act on.
//!
//! Topics that no record touched are the same object in both images, and so are most chunks of their maps: the
//! comparison looks at what changed and its neighbours only.

use std::sync::Arc;

use types::{NodeId, PartitionIndex};

use super::{PartitionImage, TopicImage, TopicsImage};

/// One topic that is not the same in two images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicChange {
    /// It is gone. A topic that was deleted and created again under its name is one deleted and one created.
    Deleted(Arc<TopicImage>),
    /// It is new.
    Created(Arc<TopicImage>),
    /// Some of its partitions are new or changed.
    Changed {
        /// As it was.
        before: Arc<TopicImage>,
        /// As it is.
        after: Arc<TopicImage>,
    },
}

impl TopicChange {
    /// Every partition that is new or changed, with what it was before; none for a deleted topic.
    pub fn partitions(
        &self,
    ) -> impl Iterator<Item = (PartitionIndex, Option<&Arc<PartitionImage>>, &Arc<PartitionImage>)> {
        let (before, after) = match self {
            Self::Deleted(_) => (None, None),
            Self::Created(after) => (None, Some(after)),
            Self::Changed { before, after } => (Some(before), Some(after)),
        };
        let partitions = after.into_iter().flat_map(|after| after.partitions.iter());
        partitions.filter_map(move |(index, now)| {
            let was = before.and_then(|before| before.partition(*index));
            let same = was.is_some_and(|was| Arc::ptr_eq(was, now) || was == now);
            (!same).then_some((*index, was, now))
        })
    }

    /// Every partition that `broker` held and holds no more.
    pub fn removed_from(&self, broker: NodeId) -> impl Iterator<Item = PartitionIndex> {
        let (before, after) = match self {
            Self::Deleted(before) => (Some(before), None),
            Self::Created(_) => (None, None),
            Self::Changed { before, after } => (Some(before), Some(after)),
        };
        let partitions = before.into_iter().flat_map(|before| before.partitions.iter());
        partitions.filter_map(move |(index, was)| {
            let now = after.and_then(|after| after.partition(*index));
            let holds_now = now.is_some_and(|now| now.replicas.contains(&broker));
            (was.replicas.contains(&broker) && !holds_now).then_some(*index)
        })
    }
}

impl TopicsImage {
    /// What changed since `before`: deleted topics first, so that a name can be given to a new topic.
    pub fn changes_since(&self, before: &Self) -> Vec<TopicChange> {
        let gone = before.by_id.iter_unshared(&self.by_id).filter(|(id, _)| !self.by_id.contains_key(*id));
        let deleted = gone.map(|(_, topic)| TopicChange::Deleted(topic.clone()));
        let kept =
            self.by_id.iter_unshared(&before.by_id).filter_map(|(id, after)| match before.by_id(*id) {
                None => Some(TopicChange::Created(after.clone())),
                Some(before) if Arc::ptr_eq(before, after) => None,
                Some(before) => Some(TopicChange::Changed { before: before.clone(), after: after.clone() }),
            });
        deleted.chain(kept).collect()
    }
}
