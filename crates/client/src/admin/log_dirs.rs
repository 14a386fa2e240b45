//! DescribeLogDirs (KIP-113): the data directories of one broker and what is in them.

use std::collections::BTreeMap;

use protocol::messages::describe_log_dirs_request::{DescribableLogDirTopic, DescribeLogDirsRequest};
use types::{ErrorCode, NodeId, PartitionIndex, TopicPartition};

use super::ask::Whom;
use super::{Admin, whole};
use crate::call::Call;
use crate::error::{ClientError, error_code};

/// A data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDirDescription {
    /// Where it is on the broker.
    pub path: String,
    /// Why it is of no use, where it is not.
    pub error: Option<ErrorCode>,
    /// Bytes of its volume; `None` where the broker does not tell (KIP-827).
    pub total_bytes: Option<i64>,
    /// Bytes of its volume that are free.
    pub usable_bytes: Option<i64>,
    /// The replicas in it.
    pub partitions: Vec<(TopicPartition, ReplicaDescription)>,
}

/// A replica in a data directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaDescription {
    /// Bytes of its log.
    pub bytes: i64,
    /// Records that it is behind.
    pub offset_lag: i64,
    /// Whether it is on its way into this directory.
    pub is_future: bool,
}

/// Whose replicas are described.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// All there are.
    Everyones,
    /// Of these partitions.
    Of(&'a [TopicPartition]),
}

impl Admin {
    /// The data directories of this broker.
    ///
    /// # Errors
    /// When it does not answer, or CLUSTER_AUTHORIZATION_FAILED.
    pub async fn describe_log_dirs(
        &self,
        node: NodeId,
        whose: Whose<'_>,
    ) -> Result<Vec<LogDirDescription>, ClientError> {
        let topics = match whose {
            Whose::Everyones => None,
            Whose::Of(partitions) => {
                let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
                for partition in partitions {
                    topics.entry(&partition.topic).or_default().push(partition.partition.0);
                }
                let topics = topics.into_iter().map(|(topic, partitions)| DescribableLogDirTopic {
                    topic: topic.to_owned(),
                    partitions,
                    ..DescribableLogDirTopic::default()
                });
                Some(topics.collect())
            }
        };
        let request = DescribeLogDirsRequest { topics, ..DescribeLogDirsRequest::default() };
        let answer = self.ask(Whom::Node(node), &request, |answer| answer.error_code).await?;
        whole(DescribeLogDirsRequest::API, answer.error_code)?;
        let known = |bytes: i64| Some(bytes).filter(|bytes| *bytes >= 0);
        let directories = answer.results.into_iter().map(|directory| {
            let replicas = directory.topics.into_iter().flat_map(|topic| {
                topic.partitions.into_iter().map(move |replica| {
                    let index = PartitionIndex(replica.partition_index);
                    let description = ReplicaDescription {
                        bytes: replica.partition_size,
                        offset_lag: replica.offset_lag,
                        is_future: replica.is_future_key,
                    };
                    (TopicPartition::new(topic.name.as_str(), index), description)
                })
            });
            LogDirDescription {
                path: directory.log_dir,
                error: Some(error_code(directory.error_code)).filter(|code| !code.is_none()),
                total_bytes: known(directory.total_bytes),
                usable_bytes: known(directory.usable_bytes),
                partitions: replicas.collect(),
            }
        });
        Ok(directories.collect())
    }
}
