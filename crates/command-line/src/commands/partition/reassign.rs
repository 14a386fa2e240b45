//! `milena partition reassign`.

use std::collections::BTreeMap;

use clap::Args;
use types::{NodeId, TopicPartition};

use super::known;
use crate::commands::arguments::ChangeArguments;
use crate::commands::{connect, missing, topic_partition};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena partition reassign`.
#[derive(Args, Clone, Debug)]
pub struct ReassignArguments {
    /// Partitions and the brokers that are to have them, the preferred leader first, such as orders-0=1,2,3; without brokers,
    /// as in orders-0=, a move that is under way is called off.
    #[arg(required = true, value_name = "TOPIC-PARTITION=ID,...", value_parser = one_move)]
    pub moves: Vec<(TopicPartition, Option<Vec<i32>>)>,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn reassign(arguments: &ReassignArguments) -> Result<(), Failure> {
    let moves: BTreeMap<TopicPartition, Option<Vec<NodeId>>> = arguments
        .moves
        .iter()
        .map(|(partition, nodes)| {
            let nodes = nodes.as_ref().map(|nodes| nodes.iter().copied().map(NodeId).collect());
            (partition.clone(), nodes)
        })
        .collect();
    let (items, failures) = arguments.change.ask.ask(async |admin| {
        let (mut known, mut failures) = known::split(admin, moves.keys()).await?;
        if !arguments.change.dry_run && !known.is_empty() {
            let known_moves = moves.iter().filter(|(partition, _)| known.contains(partition));
            let known_moves =
                known_moves.map(|(partition, nodes)| (partition.clone(), nodes.clone())).collect();
            let altered = admin.alter_reassignments(&known_moves).await;
            let altered = altered.map_err(|error| connect::failure(&error))?;
            let (done, refused) = missing::settle(admin, altered).await;
            failures.extend(refused);
            known = done.into_iter().map(|(partition, ())| partition).collect();
        }
        Ok((known.into_iter().map(|partition| item(arguments, &moves, &partition)).collect(), failures))
    })?;
    let view = View::Sentences("partition {name} {outcome}");
    Report::many(items, view).print(&arguments.change.ask.output.output)?;
    Failure::of_all(failures)
}

fn item(
    arguments: &ReassignArguments,
    moves: &BTreeMap<TopicPartition, Option<Vec<NodeId>>>,
    partition: &TopicPartition,
) -> Value {
    let nodes = moves.get(partition).cloned().flatten();
    let participle = match &nodes {
        Some(nodes) => {
            let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            format!("moved to {}", nodes.join(","))
        }
        None => "left where it is".to_owned(),
    };
    Value::object([
        ("name", partition.to_string().into()),
        ("outcome", arguments.change.done(&participle).into()),
        ("replicas", nodes.map_or(Value::Null, Value::list)),
    ])
}

fn one_move(text: &str) -> Result<(TopicPartition, Option<Vec<i32>>), String> {
    let expected = || "expected a partition and brokers, such as orders-0=1,2,3".to_owned();
    let (partition, nodes) = text.rsplit_once('=').ok_or_else(expected)?;
    let partition = topic_partition::parse(partition)?;
    if nodes.trim().is_empty() {
        return Ok((partition, None));
    }
    let nodes: Result<Vec<i32>, _> = nodes.split(',').map(|node| node.trim().parse()).collect();
    Ok((partition, Some(nodes.map_err(|_| expected())?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_read_as_typed() {
        let partition = TopicPartition::new("my-topic", 0);
        assert_eq!(one_move("my-topic-0=1,2"), Ok((partition.clone(), Some(vec![1, 2]))));
        assert_eq!(one_move("my-topic-0="), Ok((partition, None)));
        for wrong in ["my-topic-0", "my-topic=1", "my-topic-0=a", "=1"] {
            assert!(one_move(wrong).is_err(), "{wrong}");
        }
    }
}
