//! `milena txn abort`.

use clap::Args;
use types::{Offset, TopicPartition};

use crate::commands::arguments::ChangeArguments;
use crate::commands::{connect, missing, topic_partition};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena txn abort`.
#[derive(Args, Clone, Debug)]
pub struct AbortArguments {
    /// The partition, such as orders-0.
    #[arg(value_name = "TOPIC-PARTITION", value_parser = topic_partition::parse)]
    pub partition: TopicPartition,

    /// Where the transaction begins there, as find-hanging and partition producers tell.
    #[arg(long, value_name = "OFFSET")]
    pub start_offset: i64,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn abort(arguments: &AbortArguments) -> Result<(), Failure> {
    let AbortArguments { partition, start_offset, change } = arguments;
    let producer_id = change.ask.ask(async |admin| {
        let asked = std::slice::from_ref(partition);
        let described = admin.describe_producers(asked).await.map_err(|error| connect::failure(&error))?;
        let (found, failures) = missing::settle(admin, described).await;
        Failure::of_all(failures)?;
        let mut producers = found.into_iter().flat_map(|(_, producers)| producers);
        let producer =
            producers.find(|it| it.transaction_start == Some(Offset(*start_offset))).ok_or_else(|| {
                let message = format!("no transaction that is open in {partition} begins at {start_offset}");
                Failure::not_found("no-transaction", message)
            })?;
        if !change.dry_run {
            let outcomes = admin.abort_transaction(partition, &producer).await;
            let outcomes = outcomes.map_err(|error| connect::failure(&error))?;
            let (_, failures) = missing::settle(admin, outcomes).await;
            Failure::of_all(failures)?;
        }
        Ok(producer.producer_id)
    })?;
    let item = Value::object([
        ("name", partition.to_string().into()),
        ("start_offset", (*start_offset).into()),
        ("producer_id", producer_id.into()),
        ("outcome", change.done("aborted").into()),
    ]);
    let view = View::Sentences("{name}: transaction of producer {producer_id} from {start_offset} {outcome}");
    Report::many(vec![item], view).print(&change.ask.output.output)
}
