//! Checks of a cluster, as any client can make them: brokers and their addresses, directories, partitions.

use std::time::Duration;

use client::ClientError;
use client::admin::{
    Admin, ClusterDescription, Fenced, LogDirDescription, NodeDescription, TopicDescription, Whose,
};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::finding::{Finding, State};

/// As long as a client would not mind waiting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Partitions that are named; of the others there is a number.
const NAMED_MAX: usize = 5;

/// Looks at the cluster.
///
/// # Errors
/// Where nobody answers.
pub(super) async fn check(admin: &Admin) -> Result<Vec<Finding>, ClientError> {
    let cluster = admin.describe_cluster(Fenced::Included).await?;
    let mut findings = vec![brokers(&cluster)];
    for node in cluster.nodes.iter().filter(|node| !node.is_fenced) {
        findings.push(address(node).await);
        match admin.describe_log_dirs(node.id, Whose::Of(&[])).await {
            Ok(directories) => findings.extend(directories.iter().filter_map(|it| log_dir(node, it))),
            Err(error) => {
                findings.push(Finding::new("log-dirs", State::Skipped, format!("node {}: {error}", node.id)))
            }
        }
    }
    let listed = admin.list_topics().await?;
    let names: Vec<String> = listed.into_iter().map(|topic| topic.name.to_string()).collect();
    let described = admin.describe_topics(&names).await?;
    // A topic that was deleted meanwhile has no partitions that could be wrong.
    let topics: Vec<TopicDescription> = described.into_values().filter_map(Result::ok).collect();
    findings.extend(partitions(&topics));
    Ok(findings)
}

fn brokers(cluster: &ClusterDescription) -> Finding {
    let fenced: Vec<&NodeDescription> = cluster.nodes.iter().filter(|node| node.is_fenced).collect();
    let count = cluster.nodes.len();
    let text = format!("cluster {} has {count} brokers", cluster.cluster_id);
    if fenced.is_empty() {
        return Finding::new("brokers", State::Fine, text);
    }
    Finding::new("brokers", State::Problem, format!("{text}, of which {} are not in service", fenced.len()))
        .seen(fenced.iter().map(|node| format!("node {} at {}:{}", node.id, node.host, node.port)))
        .help("start them, or strike those that are gone for ever: milena node unregister ID")
}

/// What a broker advertises has to lead to it from here.
async fn address(node: &NodeDescription) -> Finding {
    let told = format!("node {} advertises {}:{}", node.id, node.host, node.port);
    let port = u16::try_from(node.port).unwrap_or(0);
    let reason = match timeout(CONNECT_TIMEOUT, TcpStream::connect((node.host.as_str(), port))).await {
        Ok(Ok(_)) => return Finding::new("address", State::Fine, format!("{told}, which leads to it")),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()),
    };
    Finding::new("address", State::Problem, format!("{told}, where nobody is reached from here"))
        .seen([reason])
        .help("milena start --override advertised.listeners=PLAINTEXT://NAME:PORT, as clients reach that machine")
}

fn log_dir(node: &NodeDescription, directory: &LogDirDescription) -> Option<Finding> {
    let told = format!("{} of node {}", directory.path, node.id);
    if let Some(error) = directory.error {
        return Some(
            Finding::new("log-dirs", State::Problem, format!("{told} is of no use"))
                .seen([error.name().to_owned()])
                .help("look at the node's log and its disk, then start it again"),
        );
    }
    let (total, usable) = (directory.total_bytes.filter(|total| *total > 0)?, directory.usable_bytes?);
    (usable < total / 20).then(|| {
        Finding::new("log-dirs", State::Warning, format!("{told} is nearly full"))
            .seen([format!("{} of {} MiB are free", usable >> 20, total >> 20)])
            .help(format!("milena node describe {}, to see what takes the room", node.id))
    })
}

fn partitions(topics: &[TopicDescription]) -> Vec<Finding> {
    let all = || {
        topics.iter().flat_map(|topic| topic.partitions.iter().map(move |partition| (&topic.name, partition)))
    };
    let mut findings = Vec::new();
    let offline: Vec<String> = all()
        .filter(|(_, partition)| partition.leader.is_none())
        .map(|(topic, partition)| format!("{topic}-{}", partition.index))
        .collect();
    if let Some(first) = offline.first() {
        findings.push(
            Finding::new("partitions", State::Problem, format!("{} have no leader", offline.len()))
                .seen(named(&offline))
                .help(format!("milena why partition {first}")),
        );
    }
    let behind: Vec<String> = all()
        .filter(|(_, partition)| {
            partition.leader.is_some() && partition.in_sync_replicas.len() < partition.replicas.len()
        })
        .map(|(topic, partition)| {
            let (in_sync, all) = (partition.in_sync_replicas.len(), partition.replicas.len());
            format!("{topic}-{}: {in_sync} of {all} replicas are in sync", partition.index)
        })
        .collect();
    if !behind.is_empty() {
        findings.push(
            Finding::new("partitions", State::Problem, format!("{} are under-replicated", behind.len()))
                .seen(named(&behind))
                .help("milena node list, to see which brokers are missing"),
        );
    }
    if findings.is_empty() {
        let count = all().count();
        let text = format!("all {count} have a leader, and their replicas are in sync");
        findings.push(Finding::new("partitions", State::Fine, text));
    }
    findings
}

/// The first of them.
fn named(all: &[String]) -> impl Iterator<Item = String> {
    let rest = all.len().saturating_sub(NAMED_MAX);
    let first = all.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>();
    first.into_iter().chain((rest > 0).then(|| format!("and {rest} others")))
}

#[cfg(test)]
mod tests {
    use client::admin::PartitionDescription;
    use types::{LeaderEpoch, NodeId, PartitionIndex};

    use super::*;

    fn topic(partitions: &[(Option<i32>, &[i32])]) -> TopicDescription {
        let partitions = partitions.iter().zip(0..).map(|((leader, in_sync), index)| PartitionDescription {
            index: PartitionIndex(index),
            leader: leader.map(NodeId),
            leader_epoch: LeaderEpoch(0),
            replicas: vec![NodeId(1), NodeId(2)],
            in_sync_replicas: in_sync.iter().copied().map(NodeId).collect(),
            offline_replicas: Vec::new(),
            eligible_leader_replicas: None,
        });
        TopicDescription {
            name: "t".to_owned(),
            partitions: partitions.collect(),
            ..TopicDescription::default()
        }
    }

    #[test]
    fn partitions_without_leader_and_replicas_that_are_behind_are_told_apart() {
        let told = partitions(&[topic(&[(Some(1), &[1, 2]), (None, &[]), (Some(2), &[2])])]);
        let words: Vec<(State, &str)> =
            told.iter().map(|finding| (finding.state, finding.text.as_str())).collect();
        assert_eq!(words, [(State::Problem, "1 have no leader"), (State::Problem, "1 are under-replicated")]);
        assert_eq!(told[0].help.as_deref(), Some("milena why partition t-1"));
        assert_eq!(told[1].evidence, ["t-2: 1 of 2 replicas are in sync"]);
        let fine = partitions(&[topic(&[(Some(1), &[1, 2])])]);
        assert_eq!((fine.len(), fine[0].state), (1, State::Fine));
    }

    #[test]
    fn many_partitions_are_not_all_named() {
        let all: Vec<String> = (0..7).map(|number| number.to_string()).collect();
        assert_eq!(named(&all).last().as_deref(), Some("and 2 others"));
        assert_eq!(named(&all[..5]).count(), 5);
    }

    #[test]
    fn a_fenced_broker_and_a_full_directory_are_told() {
        let node = |id, is_fenced| NodeDescription {
            id: NodeId(id),
            host: "h".to_owned(),
            port: 1,
            rack: None,
            is_fenced,
        };
        let nodes = vec![node(1, false), node(2, true)];
        let cluster = ClusterDescription { cluster_id: "c".to_owned(), controller: None, nodes };
        let told = brokers(&cluster);
        assert_eq!((told.state, told.evidence), (State::Problem, vec!["node 2 at h:1".to_owned()]));
        let directory = |usable: i64, error| LogDirDescription {
            path: "/d".to_owned(),
            error,
            total_bytes: Some(100 << 20),
            usable_bytes: Some(usable),
            partitions: Vec::new(),
        };
        assert_eq!(log_dir(&node(1, false), &directory(50 << 20, None)), None);
        assert!(
            log_dir(&node(1, false), &directory(4 << 20, None)).is_some_and(|it| it.state == State::Warning)
        );
        let broken = directory(50 << 20, Some(types::ErrorCode::KafkaStorageError));
        assert!(log_dir(&node(1, false), &broken).is_some_and(|it| it.state == State::Problem));
    }
}
