//! `milena group describe`.

use std::collections::BTreeMap;

use clap::Args;
use client::admin::{Admin, GroupDescription, GroupMember, OffsetSpec};
use client::consumer::IsolationLevel;
use types::{Offset, TopicPartition};

use crate::commands::arguments::AskArguments;
use crate::commands::{completion, connect, missing};
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column, wide};

const FACTS: &[Column] = &[
    column("group", "name"),
    column("state", "state"),
    column("coordinator", "coordinator"),
    column("assignor", "protocol"),
    column("lag", "lag"),
    wide("epoch", "epoch"),
    wide("assigned in", "assignment_epoch"),
];

const OFFSETS: &[Column] = &[
    column("TOPIC", "topic"),
    column("PARTITION", "partition"),
    column("COMMITTED", "committed"),
    column("END", "end"),
    column("LAG", "lag"),
    column("CLIENT", "client_id"),
    wide("HOST", "host"),
    wide("MEMBER", "member_id"),
];

const MEMBERS: &[Column] = &[
    column("CLIENT", "client_id"),
    column("HOST", "host"),
    column("PARTITIONS", "partition_count"),
    wide("INSTANCE", "instance_id"),
    wide("MEMBER", "member_id"),
    wide("ASSIGNMENT", "assignment"),
    wide("EPOCH", "epoch"),
    wide("TARGET", "target"),
];

/// Options of `milena group describe`.
#[derive(Args, Clone, Debug)]
pub struct DescribeArguments {
    /// The groups.
    #[arg(required = true, value_name = "GROUP", add = completion::groups())]
    pub groups: Vec<String>,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn describe(arguments: &DescribeArguments) -> Result<(), Failure> {
    let (items, failures) = arguments.ask.ask(async |admin| {
        let described = admin.describe_groups(&arguments.groups).await;
        let described = described.map_err(|error| connect::failure(&error))?;
        let (found, failures) = missing::settle(admin, described).await;
        let mut items = Vec::new();
        for (_, group) in found {
            items.push(item(admin, group).await?);
        }
        Ok((items, failures))
    })?;
    let view = View::Pages { facts: FACTS, tables: &[("offsets", OFFSETS), ("members", MEMBERS)] };
    Report::many(items, view).print(&arguments.ask.output.output)?;
    Failure::of_all(failures)
}

async fn item(admin: &Admin, group: GroupDescription) -> Result<Value, Failure> {
    let committed = admin.list_group_offsets(&group.group).await;
    let committed = committed.map_err(|error| connect::failure(&error))?;
    let readers: BTreeMap<TopicPartition, &GroupMember> = group
        .members
        .iter()
        .flat_map(|member| {
            member.assignment.iter().flat_map(move |(topic, partitions)| {
                partitions.iter().map(move |index| (TopicPartition::new(topic.as_str(), *index), member))
            })
        })
        .collect();
    let queries = committed.keys().chain(readers.keys()).map(|it| (it.clone(), OffsetSpec::Latest)).collect();
    let ends = admin.list_offsets(&queries, IsolationLevel::ReadUncommitted).await;
    let ends = ends.map_err(|error| connect::failure(&error))?;
    let mut total = 0;
    let mut offsets = Vec::new();
    for partition in queries.keys() {
        // A topic that was deleted has no end, and what was committed for it no lag.
        let end = ends.get(partition).and_then(|outcome| outcome.as_ref().ok()?.offset);
        let committed = committed.get(partition).map(|committed| committed.offset);
        let lag = lag(committed, end);
        total += lag.unwrap_or(0);
        let reader = readers.get(partition);
        offsets.push(Value::object([
            ("topic", partition.topic.as_ref().into()),
            ("partition", partition.partition.0.into()),
            ("committed", committed.map(|offset| offset.0).into()),
            ("end", end.map(|offset| offset.0).into()),
            ("lag", lag.into()),
            ("client_id", reader.map(|member| member.client_id.as_str()).into()),
            ("host", reader.map(|member| member.host.as_str()).into()),
            ("member_id", reader.map(|member| member.member_id.as_str()).into()),
        ]));
    }
    Ok(Value::object([
        ("name", group.group.as_str().into()),
        ("state", group.state.as_str().into()),
        ("coordinator", group.coordinator.into()),
        ("protocol_type", group.protocol_type.as_str().into()),
        ("protocol", group.protocol.as_str().into()),
        ("lag", total.into()),
        ("type", if group.epochs.is_some() { "consumer" } else { "classic" }.into()),
        ("epoch", group.epochs.map(|epochs| epochs.group).into()),
        ("assignment_epoch", group.epochs.map(|epochs| epochs.assignment).into()),
        ("offsets", Value::List(offsets)),
        ("members", Value::List(group.members.iter().map(member).collect())),
    ]))
}

/// Records that are not read yet; nothing where nothing is committed.
fn lag(committed: Option<Offset>, end: Option<Offset>) -> Option<i64> {
    Some((end?.0 - committed?.0).max(0))
}

fn member(member: &GroupMember) -> Value {
    let partitions = |(topic, partitions): &(String, Vec<types::PartitionIndex>)| {
        (topic.clone(), Value::list(partitions.iter().map(|index| index.0)))
    };
    let protocol = match member.target.as_ref().map(|target| target.is_classic) {
        None | Some(Some(true)) => Some("classic"),
        Some(Some(false)) => Some("consumer"),
        Some(None) => None,
    };
    Value::object([
        ("member_id", member.member_id.as_str().into()),
        ("instance_id", member.instance_id.as_deref().into()),
        ("client_id", member.client_id.as_str().into()),
        ("host", member.host.as_str().into()),
        (
            "partition_count",
            member.assignment.iter().map(|(_, partitions)| partitions.len()).sum::<usize>().into(),
        ),
        ("assignment", Value::Object(member.assignment.iter().map(partitions).collect())),
        ("epoch", member.target.as_ref().map(|target| target.epoch).into()),
        ("protocol", protocol.into()),
        (
            "target",
            match &member.target {
                Some(target) => Value::Object(target.assignment.iter().map(partitions).collect()),
                None => Value::Null,
            },
        ),
    ])
}
