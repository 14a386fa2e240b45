//! What a cluster looks like at one moment.

use std::collections::BTreeMap;

use client::ClientError;
use client::admin::{Admin, Fenced, OffsetSpec, Whose};
use client::consumer::IsolationLevel;
use tokio::time::Instant;
use types::TopicPartition;

/// Groups whose offsets are asked for; each is a request.
const GROUPS_MAX: usize = 200;

/// What was asked of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) taken_at: Instant,
    pub(super) cluster_id: String,
    /// Brokers in service.
    pub(super) brokers: usize,
    pub(super) partitions: BTreeMap<TopicPartition, PartitionSnapshot>,
    pub(super) groups: BTreeMap<String, GroupSnapshot>,
}

/// A partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PartitionSnapshot {
    pub(super) leader: Option<i32>,
    pub(super) replicas: usize,
    pub(super) in_sync: usize,
    /// `None` while there is no leader to tell.
    pub(super) end: Option<i64>,
    /// Bytes of its log, where the leader's node tells.
    pub(super) bytes: Option<i64>,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GroupSnapshot {
    pub(super) state: String,
    pub(super) committed: BTreeMap<TopicPartition, i64>,
}

impl Snapshot {
    /// Asks for everything; of topics that belong to the cluster itself only where that is wanted.
    ///
    /// # Errors
    /// When nobody answers.
    pub(super) async fn take(admin: &Admin, internal: bool) -> Result<Self, ClientError> {
        let cluster = admin.describe_cluster(Fenced::Excluded).await?;
        let listed = admin.list_topics().await?;
        let names: Vec<String> = listed
            .into_iter()
            .filter(|topic| internal || !topic.is_internal)
            .map(|topic| topic.name.to_string())
            .collect();
        let mut partitions = BTreeMap::new();
        for topic in admin.describe_topics(&names).await?.into_values().filter_map(Result::ok) {
            for partition in topic.partitions {
                let name = TopicPartition::new(topic.name.as_str(), partition.index);
                let found = PartitionSnapshot {
                    leader: partition.leader.map(|node| node.0),
                    replicas: partition.replicas.len(),
                    in_sync: partition.in_sync_replicas.len(),
                    ..PartitionSnapshot::default()
                };
                partitions.insert(name, found);
            }
        }
        let with_leader = partitions.iter().filter(|(_, partition)| partition.leader.is_some());
        let specs = with_leader.map(|(name, _)| (name.clone(), OffsetSpec::Latest)).collect();
        for (name, listed) in admin.list_offsets(&specs, IsolationLevel::ReadUncommitted).await? {
            // A partition without an answer is one that has just lost its leader.
            if let (Some(partition), Ok(listed)) = (partitions.get_mut(&name), listed) {
                partition.end = listed.offset.map(|offset| offset.0);
            }
        }
        for node in &cluster.nodes {
            // Sizes may be hidden from this user; nothing else hangs on them.
            for directory in admin.describe_log_dirs(node.id, Whose::Everyones).await.unwrap_or_default() {
                for (name, replica) in directory.partitions {
                    let led =
                        partitions.get_mut(&name).filter(|partition| partition.leader == Some(node.id.0));
                    led.into_iter().for_each(|partition| partition.bytes = Some(replica.bytes));
                }
            }
        }
        let groups = groups(admin).await?;
        let (cluster_id, brokers) = (cluster.cluster_id, cluster.nodes.len());
        Ok(Self { taken_at: Instant::now(), cluster_id, brokers, partitions, groups })
    }
}

async fn groups(admin: &Admin) -> Result<BTreeMap<String, GroupSnapshot>, ClientError> {
    let mut groups = BTreeMap::new();
    for listed in admin.list_groups().await?.into_iter().take(GROUPS_MAX) {
        // One that is gone meanwhile has committed nothing.
        let committed = admin.list_group_offsets(&listed.group).await.unwrap_or_default();
        let committed = committed.into_iter().map(|(partition, committed)| (partition, committed.offset.0));
        groups.insert(listed.group, GroupSnapshot { state: listed.state, committed: committed.collect() });
    }
    Ok(groups)
}
