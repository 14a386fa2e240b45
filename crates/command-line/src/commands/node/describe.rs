//! `milena node describe`.

use clap::Args;
use client::admin::{LogDirDescription, Whose};
use types::NodeId;

use crate::commands::arguments::AskArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column, wide};

const FACTS: &[Column] = &[column("node", "name")];

const DIRECTORIES: &[Column] = &[
    column("DIRECTORY", "directory"),
    column("STATE", "state"),
    column("PARTITIONS", "partition_count"),
    column("BYTES", "bytes"),
    column("FREE", "free_bytes"),
    wide("TOTAL", "total_bytes"),
];

/// Options of `milena node describe`.
#[derive(Args, Clone, Debug)]
pub struct DescribeArguments {
    /// The broker's number.
    pub node: i32,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn describe(arguments: &DescribeArguments) -> Result<(), Failure> {
    let directories = arguments.ask.ask(async |admin| {
        let node = NodeId(arguments.node);
        let described = admin.describe_log_dirs(node, Whose::Everyones).await;
        described.map_err(|error| connect::failure(&error))
    })?;
    let item = Value::object([
        ("name", arguments.node.into()),
        ("directories", Value::List(directories.iter().map(directory).collect())),
    ]);
    let view = View::Pages { facts: FACTS, tables: &[("directories", DIRECTORIES)] };
    Report::one(item, view).print(&arguments.ask.output.output)
}

fn directory(directory: &LogDirDescription) -> Value {
    let partitions = directory.partitions.iter().map(|(partition, replica)| {
        Value::object([
            ("partition", partition.to_string().into()),
            ("bytes", replica.bytes.into()),
            ("offset_lag", replica.offset_lag.into()),
            ("future", replica.is_future.into()),
        ])
    });
    Value::object([
        ("directory", directory.path.as_str().into()),
        ("state", directory.error.map_or("online", types::ErrorCode::name).into()),
        ("bytes", directory.partitions.iter().map(|(_, replica)| replica.bytes).sum::<i64>().into()),
        ("free_bytes", directory.usable_bytes.into()),
        ("total_bytes", directory.total_bytes.into()),
        ("partition_count", directory.partitions.len().into()),
        ("partitions", Value::List(partitions.collect())),
    ])
}
