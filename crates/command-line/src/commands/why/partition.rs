//! `milena why partition`.

use clap::Args;
use types::TopicPartition;

use super::report;
use crate::commands::arguments::AskArguments;
use crate::commands::{missing, topic_partition};
use crate::failure::Failure;

/// Options of `milena why partition`.
#[derive(Args, Clone, Debug)]
pub struct PartitionArguments {
    /// The partition, such as orders-0.
    #[arg(value_name = "TOPIC-PARTITION", value_parser = topic_partition::parse)]
    pub partition: TopicPartition,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn partition(arguments: &PartitionArguments) -> Result<(), Failure> {
    let told = arguments.ask.ask(async |admin| match admin.why_partition(&arguments.partition).await {
        Ok(told) => Ok(told),
        Err(error) => Err(missing::explain(admin, &error).await),
    })?;
    report("partition", &arguments.partition.to_string(), &told).print(&arguments.ask.output.output)
}
