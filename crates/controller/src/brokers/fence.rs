//! Fencing of brokers that are not heard of any more, and what a new leader takes their sessions to be.

use std::sync::Arc;
use std::time::Duration;

use metadata::BrokerRegistration;
use types::NodeId;

use crate::{Controller, Decision};

impl Controller {
    /// This controller has become the leader: every broker's session starts anew, since nobody knows when it was
    /// heard of last.
    pub fn activate(&mut self, now: Duration) {
        let brokers: Vec<_> = self.image().cluster.unfenced_brokers().cloned().collect();
        for broker in brokers {
            self.sessions.note(broker.id, broker.epoch, now);
        }
    }

    /// The process that a broker's session belonged to is known to be dead: its next incarnation need not wait until the
    /// session ends.
    pub fn note_death(&mut self, id: NodeId) {
        self.sessions.forget(id);
    }

    /// Fences one broker whose session has ended and names it. One at a time, so that the next decision sees what
    /// became of the first one's partitions.
    pub fn decide_fence_stale_broker(&self, now: Duration) -> Decision<Option<NodeId>> {
        let timeout = self.settings.broker_session_timeout;
        let is_stale = |broker: &&Arc<BrokerRegistration>| {
            !self.sessions.is_valid(broker.id, broker.epoch, now, timeout)
        };
        match self.image().cluster.unfenced_brokers().find(is_stale) {
            None => Decision::unchanged(None),
            Some(broker) => Decision::sequence(self.fence_records(broker), Some(broker.id)),
        }
    }

    /// When the next session ends, unless its broker is heard of before; a broker without one is due at once.
    pub fn next_session_end(&self) -> Option<Duration> {
        let timeout = self.settings.broker_session_timeout;
        let ends_at = |broker: &Arc<BrokerRegistration>| {
            self.sessions.ends_at(broker.id, broker.epoch, timeout).unwrap_or_default()
        };
        self.image().cluster.unfenced_brokers().map(ends_at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Cluster;

    #[test]
    fn a_silent_broker_is_fenced_and_its_partitions_find_other_leaders() {
        let mut cluster = Cluster::of(2);
        cluster.assign("t", &[&[1, 2], &[2, 1]]);
        let timeout = cluster.controller.settings.broker_session_timeout;
        let late = cluster.now + timeout + Duration::from_millis(1);
        assert_eq!(cluster.controller.next_session_end(), Some(cluster.now + timeout));
        cluster.now = late;
        cluster.heartbeat(NodeId(2));
        let decided = cluster.controller.decide_fence_stale_broker(late);
        assert_eq!(decided.response, Some(NodeId(1)));
        cluster.append(&decided.records);
        assert_eq!(cluster.partition("t", 0).leader, Some(NodeId(2)));
        assert_eq!(cluster.partition("t", 1).isr, [NodeId(2)]);
        assert_eq!(cluster.controller.decide_fence_stale_broker(late).response, None);
    }

    #[test]
    fn a_new_leader_gives_every_broker_a_fresh_session() {
        let mut cluster = Cluster::of(1);
        let late = Duration::from_secs(3600);
        cluster.controller.activate(late);
        assert_eq!(cluster.controller.decide_fence_stale_broker(late).response, None);
    }
}
