//! `milena cluster describe`.

use clap::Args;
use client::admin::{Fenced, NodeDescription};

use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const FACTS: &[Column] =
    &[column("cluster", "name"), column("controller", "controller"), column("brokers", "brokers")];

const NODES: &[Column] =
    &[column("NODE", "node"), column("ADDRESS", "address"), column("RACK", "rack"), column("STATE", "state")];

/// Options of `milena cluster describe`.
#[derive(Args, Clone, Debug)]
pub struct DescribeArguments {
    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn describe(arguments: &DescribeArguments) -> Result<(), Failure> {
    let cluster = arguments.ask.ask(async |admin| {
        admin.describe_cluster(Fenced::Included).await.map_err(|error| connect::failure(&error))
    })?;
    let item = Value::object([
        ("name", cluster.cluster_id.into()),
        ("controller", cluster.controller.into()),
        ("brokers", cluster.nodes.len().into()),
        ("nodes", Value::List(cluster.nodes.iter().map(node).collect())),
    ]);
    let view = View::Pages { facts: FACTS, tables: &[("nodes", NODES)] };
    Report::one(item, view).print(&arguments.ask.output.output)
}

fn node(node: &NodeDescription) -> Value {
    Value::object([
        ("node", node.id.into()),
        ("address", format!("{}:{}", node.host, node.port).into()),
        ("rack", node.rack.clone().into()),
        ("state", if node.is_fenced { "fenced" } else { "in service" }.into()),
    ])
}
