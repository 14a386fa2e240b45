//! Work that the group coordinator gives to its callers, because it grows with the cluster: who reads what in a consumer
//! group, and which topics a pattern means. It is done on the pool for blocking work, and goes on when nobody waits for it
//! any more.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use group_coordinator::consumer::{AssignmentJob, ResolveTopics};
use group_coordinator::topic_pattern::matching_topics;
use group_coordinator::{GroupReply, GroupRequest, GroupShard};
use types::TopicName;

use super::{Called, ShardReply};
use crate::Broker;

impl Broker {
    /// Follows a request to its end, through the jobs that it gives.
    pub fn follow_group(
        self: &Arc<Self>,
        called: Called<GroupShard>,
    ) -> impl Future<Output = ShardReply<GroupShard>> + Send + use<> {
        let broker = self.clone();
        // A job that is here already is begun at once: the caller may be gone before anybody asks for the reply.
        let begun = match called {
            Called::Now(Ok(GroupReply::Assign(job))) => Err(tokio::spawn(broker.clone().assign(job))),
            other => Ok(other),
        };
        async move {
            let assigning = match begun {
                Err(assigning) => assigning,
                Ok(called) => match called.reply().await {
                    Ok(GroupReply::Assign(job)) => tokio::spawn(broker.assign(job)),
                    reply => return reply,
                },
            };
            match assigning.await {
                Ok(reply) => reply,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }

    /// Does the job and hands its result in; the reply is that to what was asked at first, or another job.
    async fn assign(self: Arc<Self>, job: Box<AssignmentJob>) -> ShardReply<GroupShard> {
        let mut job = job;
        loop {
            let group_id = job.group_id().to_owned();
            let assigned = self.blocking().run(move || job.run()).await;
            match self.ask_group(&group_id, GroupRequest::Assigned(Box::new(assigned))).reply().await {
                Ok(GroupReply::Assign(next)) => job = next,
                reply => return reply,
            }
        }
    }

    /// Looks for the topics that patterns mean, and tells the group. `may_describe`: whether the member on whose behalf
    /// this is done may know of the topic.
    pub fn resolve_topics(
        self: &Arc<Self>,
        resolve: ResolveTopics,
        may_describe: impl Fn(&TopicName) -> bool + Send + 'static,
    ) {
        let broker = self.clone();
        tokio::spawn(async move {
            let group_id = resolve.group_id.clone();
            let resolved = broker.blocking().run(move || {
                let mut found = matching_topics(&resolve.regexes, resolve.cluster.topic_names());
                let denied: BTreeSet<TopicName> =
                    found.values().flatten().filter(|topic| !may_describe(topic)).cloned().collect();
                found.values_mut().for_each(|topics| topics.retain(|topic| !denied.contains(topic)));
                resolve.resolved(found)
            });
            let told = GroupRequest::TopicsResolved(resolved.await);
            // Nobody waits: the group's members hear of it by their heartbeats.
            let _ = broker.ask_group(&group_id, told).reply().await;
        });
    }
}
