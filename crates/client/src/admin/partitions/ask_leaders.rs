//! Requests that only a partition's leader answers: split by leader, sent, and sent again where somebody else leads now.

use std::collections::{BTreeMap, BTreeSet};

use types::{ErrorCode, NodeId, TopicPartition};

use crate::admin::ask::{Whom, passes};
use crate::admin::{Admin, Outcomes};
use crate::call::Call;
use crate::error::ClientError;
use crate::network_client::{AutoCreate, topic_error};
use crate::patience::Patience;

impl Admin {
    /// Asks the leaders of these partitions. `request` makes the request for those of one leader, `outcomes` takes its
    /// answer apart.
    pub(in crate::admin) async fn ask_leaders<R: Call, T>(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
        request: impl Fn(&[TopicPartition]) -> R,
        outcomes: impl Fn(R::Answer) -> Vec<(TopicPartition, Result<T, ClientError>)>,
    ) -> Result<Outcomes<TopicPartition, T>, ClientError> {
        let mut patience = Patience::new(self.client().config());
        let mut left: BTreeSet<TopicPartition> = partitions.into_iter().collect();
        let mut settled: Outcomes<TopicPartition, T> = Outcomes::new();
        loop {
            let mut again = BTreeMap::new();
            for (leader, partitions) in self.by_leader(&left, &mut settled, &mut again).await? {
                match self.ask_once(Whom::Node(leader), &request(&partitions), R::MAX_VERSION).await {
                    Ok(answer) => {
                        for (partition, outcome) in outcomes(answer) {
                            match outcome {
                                Err(error) if is_passing(&error) => drop(again.insert(partition, error)),
                                outcome => drop(settled.insert(partition, outcome)),
                            }
                        }
                    }
                    Err(error) if error.is_retriable() => {
                        again.extend(partitions.into_iter().map(|partition| (partition, error.clone())));
                    }
                    Err(error) => return Err(error),
                }
            }
            left.retain(|partition| again.contains_key(partition));
            if left.is_empty() || !patience.waits().await {
                let given_up = again.into_iter().map(|(partition, error)| (partition, Err(error)));
                settled.extend(given_up);
                return Ok(settled);
            }
            // Somebody else may lead now; if nobody answers, the next round finds out.
            let topics: BTreeSet<_> = left.iter().map(|partition| partition.topic.clone()).collect();
            let topics: Vec<_> = topics.into_iter().collect();
            if let Err(error) = self.client().refresh(&topics, AutoCreate::Forbidden).await {
                tracing::debug!(%error, "metadata not refreshed");
            }
        }
    }

    /// The partitions of each leader; those without one go to `again`, those that do not exist are settled.
    async fn by_leader<T>(
        &self,
        partitions: &BTreeSet<TopicPartition>,
        settled: &mut Outcomes<TopicPartition, T>,
        again: &mut BTreeMap<TopicPartition, ClientError>,
    ) -> Result<BTreeMap<NodeId, Vec<TopicPartition>>, ClientError> {
        let mut leaders: BTreeMap<NodeId, Vec<TopicPartition>> = BTreeMap::new();
        for partition in partitions {
            let topic = match self.client().topic(&partition.topic, AutoCreate::Forbidden).await {
                Ok(topic) => topic,
                Err(error @ ClientError::Topic { .. }) => {
                    settled.insert(partition.clone(), Err(error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            match topic.partition(partition.partition) {
                None => {
                    let error = ClientError::NoSuchPartition {
                        topic: partition.topic.to_string(),
                        partition: partition.partition.0,
                        partitions: topic.partitions.len() as i32,
                    };
                    settled.insert(partition.clone(), Err(error));
                }
                Some(known) => match known.leader {
                    Some(leader) => leaders.entry(leader).or_default().push(partition.clone()),
                    None => {
                        let error = topic_error(&partition.to_string(), ErrorCode::LeaderNotAvailable);
                        again.insert(partition.clone(), error);
                    }
                },
            }
        }
        Ok(leaders)
    }
}

fn is_passing(error: &ClientError) -> bool {
    matches!(error, ClientError::Topic { code, .. } if passes(*code))
}

/// Partitions by topic, as requests have them.
pub(super) fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<&str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition.partition.0);
    }
    topics
}
