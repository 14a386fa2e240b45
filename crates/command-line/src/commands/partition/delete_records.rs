//! `milena partition delete-records`.

use std::collections::BTreeMap;

use clap::Args;
use types::{Offset, TopicPartition};

use super::known;
use crate::commands::arguments::ChangeArguments;
use crate::commands::{connect, missing, topic_partition};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena partition delete-records`.
#[derive(Args, Clone, Debug)]
pub struct DeleteRecordsArguments {
    /// Partitions and the first offset that is kept, such as orders-0=1000; orders-0=end deletes all that is committed.
    #[arg(required = true, value_name = "TOPIC-PARTITION=OFFSET", value_parser = one_cut)]
    pub before: Vec<(TopicPartition, Option<i64>)>,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn delete_records(arguments: &DeleteRecordsArguments) -> Result<(), Failure> {
    let before: BTreeMap<TopicPartition, Option<i64>> = arguments.before.iter().cloned().collect();
    let outcome = arguments.change.done("deleted");
    let (items, failures) = arguments.change.ask.ask(async |admin| {
        let (known, mut failures) = known::split(admin, before.keys()).await?;
        let cut = |partition: &TopicPartition| before.get(partition).copied().flatten();
        if arguments.change.dry_run || known.is_empty() {
            let items = known.iter().map(|partition| item(partition, cut(partition), &outcome)).collect();
            return Ok((items, failures));
        }
        let cuts = known.iter().map(|partition| (partition.clone(), cut(partition).map(Offset))).collect();
        let deleted = admin.delete_records(&cuts).await.map_err(|error| connect::failure(&error))?;
        let (deleted, refused) = missing::settle(admin, deleted).await;
        failures.extend(refused);
        let items =
            deleted.iter().map(|(partition, begins)| item(partition, Some(begins.0), &outcome)).collect();
        Ok((items, failures))
    })?;
    let view = View::Sentences("{name}: records before {begins} {outcome}");
    Report::many(items, view).print(&arguments.change.ask.output.output)?;
    Failure::of_all(failures)
}

fn item(partition: &TopicPartition, begins: Option<i64>, outcome: &str) -> Value {
    Value::object([
        ("name", partition.to_string().into()),
        ("begins", begins.map_or_else(|| "the end".into(), Value::Integer)),
        ("outcome", outcome.into()),
    ])
}

fn one_cut(text: &str) -> Result<(TopicPartition, Option<i64>), String> {
    let expected = || "expected a partition and an offset, such as orders-0=1000 or orders-0=end".to_owned();
    let (partition, offset) = text.rsplit_once('=').ok_or_else(expected)?;
    let partition = topic_partition::parse(partition)?;
    match (offset, offset.parse()) {
        ("end", _) => Ok((partition, None)),
        (_, Ok(offset)) if offset >= 0 => Ok((partition, Some(offset))),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_read_as_typed() {
        let partition = TopicPartition::new("t", 0);
        assert_eq!(one_cut("t-0=7"), Ok((partition.clone(), Some(7))));
        assert_eq!(one_cut("t-0=end"), Ok((partition, None)));
        for wrong in ["t-0", "t-0=", "t-0=-1", "t=1"] {
            assert!(one_cut(wrong).is_err(), "{wrong}");
        }
    }
}
