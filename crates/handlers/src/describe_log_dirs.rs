//! DescribeLogDirs (key 35), versions 1–5: what this broker keeps in which data directory (KIP-113).
//!
//! v2 flexible; v3 an error of the request; v4 (KIP-827) the room on the volume; v5 (KIP-1066) whether it is cordoned.
//! Broker listeners. Needs DESCRIBE on the cluster. Null topics: all; what is not here is left out. Errors of the
//! request: CLUSTER_AUTHORIZATION_FAILED; of a directory: KAFKA_STORAGE_ERROR.

use std::collections::BTreeSet;
use std::sync::Arc;

use broker::{Broker, DescribedLogDir, DescribedReplica};
use net::Request;
use protocol::messages::describe_log_dirs_request::{DescribableLogDirTopic, DescribeLogDirsRequest};
use protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use types::{ErrorCode, TopicPartition};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// The lag of a replica of which nothing is known.
const NO_LAG: i64 = -1;

/// Asks the file system, then answers.
pub(crate) async fn handle(broker: &Arc<Broker>, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeLogDirsRequest = exchange::decode(request)?;
    if !authorizer.allows(&request.connection, Operation::Describe, Resource::Cluster) {
        let error_code = ErrorCode::ClusterAuthorizationFailed.code();
        let denied = DescribeLogDirsResponse { error_code, ..Default::default() };
        return exchange::answer(&request.header, &denied);
    }
    let asked = body.topics.map(wanted);
    let describing = broker.clone();
    let described = broker.blocking().run(move || describing.describe_log_dirs()).await;
    let results = described.into_iter().map(|directory| result(directory, asked.as_ref())).collect();
    exchange::answer(&request.header, &DescribeLogDirsResponse { results, ..Default::default() })
}

fn wanted(topics: Vec<DescribableLogDirTopic>) -> BTreeSet<TopicPartition> {
    let of_topic = |topic: DescribableLogDirTopic| {
        let name: types::TopicName = topic.topic.into();
        topic.partitions.into_iter().map(move |index| TopicPartition::new(name.clone(), index))
    };
    topics.into_iter().flat_map(of_topic).collect()
}

fn result(directory: DescribedLogDir, asked: Option<&BTreeSet<TopicPartition>>) -> DescribeLogDirsResult {
    let space = match directory.space {
        Ok(space) => space,
        Err(error) => {
            tracing::error!(directory = directory.path, %error, "a data directory cannot be looked at");
            return DescribeLogDirsResult {
                error_code: ErrorCode::KafkaStorageError.code(),
                log_dir: directory.path,
                ..Default::default()
            };
        }
    };
    let mut topics: Vec<DescribeLogDirsTopic> = Vec::new();
    let is_asked = |replica: &DescribedReplica| asked.is_none_or(|asked| asked.contains(&replica.partition));
    for replica in directory.replicas.into_iter().filter(is_asked) {
        let partition = DescribeLogDirsPartition {
            partition_index: replica.partition.partition.0,
            partition_size: bytes(replica.size_bytes),
            offset_lag: replica.offset_lag.unwrap_or(NO_LAG),
            is_future_key: false,
            ..Default::default()
        };
        // Replicas come by topic.
        match topics.last_mut().filter(|topic| *topic.name == *replica.partition.topic) {
            Some(topic) => topic.partitions.push(partition),
            None => topics.push(DescribeLogDirsTopic {
                name: replica.partition.topic.to_string(),
                partitions: vec![partition],
                ..Default::default()
            }),
        }
    }
    DescribeLogDirsResult {
        log_dir: directory.path,
        topics,
        total_bytes: bytes(space.total),
        usable_bytes: bytes(space.usable),
        is_cordoned: directory.is_cordoned,
        ..Default::default()
    }
}

/// Volumes larger than the field's type are as large as it.
fn bytes(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
