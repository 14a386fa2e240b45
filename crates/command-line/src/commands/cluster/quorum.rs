//! `milena cluster quorum`.

use clap::Args;
use client::admin::{QuorumDescription, QuorumReplica};

use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column, wide};

const FACTS: &[Column] =
    &[column("leader", "leader"), column("epoch", "leader_epoch"), column("committed", "high_watermark")];

const REPLICAS: &[Column] = &[
    column("NODE", "node"),
    column("ROLE", "role"),
    column("END", "log_end"),
    column("BEHIND", "behind"),
    wide("DIRECTORY", "directory_id"),
    wide("FETCHED AT", "last_fetch_ms"),
    wide("CAUGHT UP AT", "last_caught_up_ms"),
];

/// Options of `milena cluster quorum`.
#[derive(Args, Clone, Debug)]
pub struct QuorumArguments {
    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn quorum(arguments: &QuorumArguments) -> Result<(), Failure> {
    let quorum = arguments
        .ask
        .ask(async |admin| admin.describe_quorum().await.map_err(|error| connect::failure(&error)))?;
    let view = View::Pages { facts: FACTS, tables: &[("replicas", REPLICAS)] };
    Report::one(item(&quorum), view).print(&arguments.ask.output.output)
}

fn item(quorum: &QuorumDescription) -> Value {
    let leader_end =
        quorum.voters.iter().find(|replica| replica.node == quorum.leader).and_then(|it| it.log_end);
    let of_role = |role: &'static str| move |replica: &QuorumReplica| (role, *replica);
    let voters = quorum.voters.iter().map(of_role("voter"));
    let replicas = voters.chain(quorum.observers.iter().map(of_role("observer"))).map(|(role, replica)| {
        let role = if replica.node == quorum.leader { "leader" } else { role };
        let behind = leader_end.zip(replica.log_end).map(|(leader, end)| leader.0 - end.0);
        Value::object([
            ("node", replica.node.into()),
            ("role", role.into()),
            ("log_end", replica.log_end.map(|end| end.0).into()),
            ("behind", behind.into()),
            ("directory_id", replica.directory_id.to_string().into()),
            ("last_fetch_ms", replica.last_fetch_ms.into()),
            ("last_caught_up_ms", replica.last_caught_up_ms.into()),
        ])
    });
    Value::object([
        ("name", quorum.leader.to_string().into()),
        ("leader", quorum.leader.into()),
        ("leader_epoch", quorum.leader_epoch.0.into()),
        ("high_watermark", quorum.high_watermark.0.into()),
        ("replicas", Value::List(replicas.collect())),
    ])
}

#[cfg(test)]
mod tests {
    use types::{LeaderEpoch, NodeId, Offset, Uuid};

    use super::*;

    #[test]
    fn who_leads_and_who_is_behind_is_told() {
        let replica = |node, end| QuorumReplica {
            node: NodeId(node),
            directory_id: Uuid::ZERO,
            log_end: Some(Offset(end)),
            last_fetch_ms: None,
            last_caught_up_ms: None,
        };
        let quorum = QuorumDescription {
            leader: NodeId(2),
            leader_epoch: LeaderEpoch(3),
            high_watermark: Offset(90),
            voters: vec![replica(1, 90), replica(2, 100)],
            observers: vec![replica(4, 70)],
        };
        let told: Vec<String> = (item(&quorum).at("replicas").expect("a field").items().iter())
            .map(|it| {
                format!(
                    "{} {}",
                    it.at("role").map(Value::plain).unwrap_or_default(),
                    it.at("behind").map(Value::plain).unwrap_or_default()
                )
            })
            .collect();
        assert_eq!(told, ["voter 10", "leader 0", "observer 30"]);
    }
}
