//! `milena node unregister`.

use clap::Args;
use client::admin::Fenced;
use types::NodeId;

use crate::commands::arguments::ChangeArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena node unregister`.
#[derive(Args, Clone, Debug)]
pub struct UnregisterArguments {
    /// The broker's number. It has to be gone: one that runs is not struck from the list.
    #[arg(value_name = "ID")]
    pub node: i32,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn unregister(arguments: &UnregisterArguments) -> Result<(), Failure> {
    let node = NodeId(arguments.node);
    arguments.change.ask.ask(async |admin| {
        let cluster =
            admin.describe_cluster(Fenced::Included).await.map_err(|error| connect::failure(&error))?;
        // Kafka strikes a running broker too, which then comes back under a new registration or stands there without one.
        match cluster.nodes.iter().find(|known| known.id == node) {
            Some(known) if !known.is_fenced => {
                let told =
                    format!("node {node} is in service at {}:{}: stop it first", known.host, known.port);
                return Err(Failure::new(crate::failure::FailureClass::Refused, "in-service", told));
            }
            None if arguments.change.dry_run => {
                let known: Vec<String> = cluster.nodes.iter().map(|known| known.id.to_string()).collect();
                let told = format!("there is no broker {node}; there are {}", known.join(", "));
                return Err(Failure::not_found("node", told));
            }
            _ => {}
        }
        if arguments.change.dry_run {
            return Ok(());
        }
        admin.unregister_broker(node).await.map_err(|error| connect::failure(&error))
    })?;
    let outcome = arguments.change.done("struck from the list");
    let item = Value::object([("name", node.to_string().into()), ("outcome", outcome.into())]);
    Report::one(item, View::Sentences("node {name} {outcome}")).print(&arguments.change.ask.output.output)
}
