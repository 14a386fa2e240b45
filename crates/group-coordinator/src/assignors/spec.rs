//! What an assignor is asked: members, what they subscribe to, what they are to have now, and the topics there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use types::{TopicName, Uuid};

use super::Assignment;
use super::java_order::{HashOrder, hash_of_text};

/// A group whose partitions are to be shared out.
#[derive(Clone, Debug, Default)]
pub struct GroupSpec {
    /// Everybody who is to have partitions. Of members whose ids collide in Java's hash map, the first goes first.
    pub members: Vec<MemberSpec>,
    /// The topics that the patterns of subscriptions (KIP-848's regular expressions) matched last, in the order of the
    /// record. A pattern that is not here has not been resolved yet and matches nothing.
    pub patterns: BTreeMap<Arc<str>, Vec<TopicName>>,
    /// The topics that exist; others do not count.
    pub topics: BTreeMap<TopicName, TopicSpec>,
}

/// A topic that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its id.
    pub id: Uuid,
    /// How many partitions it has.
    pub partitions: i32,
}

/// A member who is to have partitions.
#[derive(Clone, Debug)]
pub struct MemberSpec {
    /// Its id.
    pub member_id: Arc<str>,
    /// Its name, where it is a static member (KIP-345).
    pub instance_id: Option<Arc<str>>,
    /// What it subscribes to.
    pub subscription: Arc<Subscription>,
    /// What it is to have until now; that of its predecessor where it takes a static member's place.
    pub target: Arc<Assignment>,
}

/// What a member subscribes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Topics by name, in the order of the request or record.
    pub names: Vec<TopicName>,
    /// And those that this pattern matches; `None` or empty for none.
    pub pattern: Option<Arc<str>>,
}

/// A group with names turned into ids, in Java's orders.
pub(super) struct ResolvedGroup<'a> {
    /// In the order of the spec.
    pub(super) members: Vec<ResolvedMember<'a>>,
    /// Indexes of members, in the order in which Kafka goes through them.
    pub(super) member_order: Vec<usize>,
    /// Partitions of each topic that somebody subscribes to.
    pub(super) partitions: HashMap<Uuid, i32, FixedState>,
    /// Whether all subscribe to the same.
    pub(super) is_homogeneous: bool,
}

pub(super) struct ResolvedMember<'a> {
    pub(super) spec: &'a MemberSpec,
    pub(super) topics: Arc<Topics>,
}

/// Topics that exist, of one subscription.
pub(super) struct Topics {
    /// In the order in which Kafka goes through the names.
    pub(super) ids: Vec<Uuid>,
    /// The same.
    pub(super) set: HashSet<Uuid, FixedState>,
    /// Names, also of topics that do not exist.
    pub(super) names: usize,
}

impl GroupSpec {
    pub(super) fn resolve(&self) -> ResolvedGroup<'_> {
        let mut known: HashMap<*const Subscription, Arc<Topics>, FixedState> = HashMap::default();
        let mut partitions: HashMap<Uuid, i32, FixedState> = HashMap::default();
        let mut members = Vec::with_capacity(self.members.len());
        for spec in &self.members {
            let topics = known.entry(Arc::as_ptr(&spec.subscription)).or_insert_with(|| {
                let topics = self.resolve_subscription(&spec.subscription, &mut partitions);
                Arc::new(topics)
            });
            members.push(ResolvedMember { spec, topics: Arc::clone(topics) });
        }
        let ids = self.members.iter().map(|member| hash_of_text(&member.member_id));
        let member_order = HashOrder::of_map_grown_to(self.members.len()).order_by_hash(ids);
        ResolvedGroup { members, member_order, partitions, is_homogeneous: self.is_homogeneous() }
    }

    fn resolve_subscription(
        &self,
        subscription: &Subscription,
        partitions: &mut HashMap<Uuid, i32, FixedState>,
    ) -> Topics {
        let names = self.names_of(subscription);
        let mut topics = Topics { ids: Vec::new(), set: HashSet::default(), names: names.len() };
        for topic in names.iter().filter_map(|name| self.topics.get(*name)) {
            topics.ids.push(topic.id);
            topics.set.insert(topic.id);
            partitions.insert(topic.id, topic.partitions);
        }
        topics
    }

    /// The names, in the order in which Kafka goes through them: of two sets, the larger first.
    fn names_of<'a>(&'a self, subscription: &'a Subscription) -> Vec<&'a TopicName> {
        let names = in_order_of_set(&subscription.names);
        let matched = subscription.pattern.as_ref().and_then(|pattern| self.patterns.get(pattern));
        let matched = matched.map(|topics| in_order_of_set(topics)).unwrap_or_default();
        let (larger, smaller) = if names.len() > matched.len() { (names, matched) } else { (matched, names) };
        if smaller.is_empty() {
            return larger;
        }
        let is_there: HashSet<&TopicName, FixedState> = larger.iter().copied().collect();
        let others = smaller.into_iter().filter(|name| !is_there.contains(name));
        larger.iter().copied().chain(others).collect()
    }

    /// Whether all subscribe to the same, as Kafka sees it: to the same names, existing or not, or to one pattern and
    /// nothing else.
    fn is_homogeneous(&self) -> bool {
        let Some(first) = self.members.first() else { return true };
        let is_pattern =
            |subscription: &Subscription| subscription.pattern.as_ref().is_some_and(|it| !it.is_empty());
        if self.members.iter().any(|member| is_pattern(&member.subscription)) {
            let pattern = &first.subscription.pattern;
            return self.members.iter().all(|member| {
                member.subscription.pattern == *pattern && member.subscription.names.is_empty()
            });
        }
        let names: HashSet<&TopicName, FixedState> = first.subscription.names.iter().collect();
        self.members.iter().all(|member| {
            let others = &member.subscription;
            if Arc::ptr_eq(others, &first.subscription) || others.names == first.subscription.names {
                return true;
            }
            let others: HashSet<&TopicName, FixedState> = others.names.iter().collect();
            others == names
        })
    }
}

/// Names as `new HashSet<>(names)` goes through them.
fn in_order_of_set(names: &[TopicName]) -> Vec<&TopicName> {
    let mut distinct: HashSet<&TopicName, FixedState> =
        HashSet::with_capacity_and_hasher(names.len(), FixedState::default());
    let names: Vec<&TopicName> = names.iter().collect();
    let order =
        HashOrder::of_set_copied_from(names.len()).order_by_hash(names.iter().map(|name| hash_of_text(name)));
    order.into_iter().map(|index| names[index]).filter(|name| distinct.insert(name)).collect()
}
