//! The assignor `range`: of each topic, its subscribers get ranges of partitions in the order of their names.
//!
//! Static members go first, by their instance ids, so that they keep their ranges while others come and go; then the
//! others, by member id. The first get one more partition each where it does not come out even. Topics with as many
//! partitions and the same subscribers are shared out alike. What members had before does not count.

use std::cmp::Ordering;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use types::{PartitionIndex, Uuid};

use super::draft::topics_in_order;
use super::java_order::{HashOrder, padded};
use super::spec::{MemberSpec, ResolvedGroup};
use super::{Assignment, TopicAssignment};

/// How one topic is shared out.
struct Ranges {
    quota: i32,
    /// Members that are still to get one more.
    extra: i32,
    next: i32,
    partitions: i32,
}

impl Ranges {
    fn take(&mut self) -> std::ops::Range<i32> {
        let mut quota = self.quota;
        if self.extra > 0 {
            self.extra -= 1;
            quota += 1;
        }
        let start = self.next;
        self.next = (start + quota).min(self.partitions);
        start..self.next
    }
}

/// What each member is to have, in the order of the spec.
pub(super) fn assign(group: &ResolvedGroup<'_>) -> Vec<Arc<Assignment>> {
    let mut order = group.member_order.clone();
    order.sort_by(|one, other| compare(group.members[*one].spec, group.members[*other].spec));

    let mut subscribers: HashMap<Uuid, i32, FixedState> = HashMap::default();
    for member in &group.members {
        for topic_id in &member.topics.ids {
            *subscribers.entry(*topic_id).or_default() += 1;
        }
    }
    let ranges = subscribers.into_iter().map(|(topic_id, subscribers)| {
        let partitions = group.partitions[&topic_id];
        let (quota, extra) = (partitions / subscribers, partitions % subscribers);
        (topic_id, Ranges { quota, extra, next: 0, partitions })
    });
    let mut ranges: HashMap<Uuid, Ranges, FixedState> = ranges.collect();

    let mut assigned = vec![Arc::default(); group.members.len()];
    for index in order {
        let topics = &group.members[index].topics;
        let room = if group.is_homogeneous { topics.ids.len() } else { topics.names };
        let mut given = Vec::new();
        for topic_id in topics.ids.iter().copied() {
            let range = ranges.get_mut(&topic_id).map_or(0..0, Ranges::take);
            if !range.is_empty() {
                given.push(TopicAssignment { topic_id, partitions: range.map(PartitionIndex).collect() });
            }
        }
        let mut order = HashOrder::with_capacity(padded(room));
        order.grow_to(given.len());
        assigned[index] = Arc::new(Assignment { topics: topics_in_order(order, given) });
    }
    assigned
}

fn compare(one: &MemberSpec, other: &MemberSpec) -> Ordering {
    match (&one.instance_id, &other.instance_id) {
        (Some(one), Some(other)) => compare_texts(one, other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => compare_texts(&one.member_id, &other.member_id),
    }
}

/// As Java compares texts: by units of UTF-16.
fn compare_texts(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}
