//! `milena storage info`.

use std::path::PathBuf;

use clap::Args;

use super::directory::{DirectoryState, FoundDirectory};
use super::{NodeArguments, directories};
use crate::commands::arguments::OutputArguments;
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column, wide};

const FACTS: &[Column] = &[column("cluster", "cluster_id"), column("node", "node_id")];

const DIRECTORIES: &[Column] = &[
    column("DIRECTORY", "name"),
    column("STATE", "state"),
    column("USED BY", "used_by"),
    column("LOGS", "logs"),
    column("BYTES", "bytes"),
    column("FREE", "free_bytes"),
    wide("CLOSED CLEANLY", "was_closed_cleanly"),
    wide("LEFTOVERS", "leftovers"),
    wide("CLUSTER", "cluster_id"),
    wide("NODE", "node_id"),
    wide("ID", "directory_id"),
];

const PROBLEMS: &[Column] = &[column("PROBLEM", "problem")];

/// Options of `milena storage info`.
#[derive(Args, Clone, Debug)]
pub struct InfoArguments {
    /// The directories [default: those of the node].
    #[arg(value_name = "DIR")]
    pub directories: Vec<PathBuf>,

    /// Whose directories.
    #[command(flatten)]
    pub node: NodeArguments,

    /// How the answer is printed.
    #[command(flatten)]
    pub output: OutputArguments,
}

pub(crate) fn info(arguments: &InfoArguments) -> Result<(), Failure> {
    let paths = match arguments.directories.as_slice() {
        [] => directories(&arguments.node.settings()?),
        named => named.to_vec(),
    };
    let found: Vec<FoundDirectory> = paths.iter().map(|path| FoundDirectory::look(path)).collect();
    let problems = problems(&found);
    let owner = found.iter().find_map(|directory| match &directory.state {
        DirectoryState::Formatted(meta) => Some(meta),
        _ => None,
    });
    let item = Value::object([
        ("name", owner.map(|meta| meta.node_id.to_string()).into()),
        ("cluster_id", owner.map(|meta| meta.cluster_id.as_str()).into()),
        ("node_id", owner.map(|meta| meta.node_id).into()),
        ("directories", Value::List(found.iter().map(item).collect())),
        (
            "problems",
            Value::List(
                problems
                    .iter()
                    .map(|problem| Value::object([("problem", problem.as_str().into())]))
                    .collect(),
            ),
        ),
    ]);
    let view = View::Pages { facts: FACTS, tables: &[("directories", DIRECTORIES), ("problems", PROBLEMS)] };
    Report::one(item, view).print(&arguments.output.output)?;
    Failure::of_all(problems.iter().map(|problem| Failure::runtime("storage", problem)))
}

fn item(found: &FoundDirectory) -> Value {
    let (state, meta) = match &found.state {
        DirectoryState::Missing => ("missing", None),
        DirectoryState::NotADirectory => ("not a directory", None),
        DirectoryState::NotFormatted => ("not formatted", None),
        DirectoryState::Formatted(meta) => ("formatted", Some(meta)),
        DirectoryState::Unreadable(_) => ("unreadable", None),
    };
    let number = |count: u64| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
    Value::object([
        ("name", found.path.display().to_string().into()),
        ("state", state.into()),
        ("cluster_id", meta.map(|meta| meta.cluster_id.as_str()).into()),
        ("node_id", meta.map(|meta| meta.node_id).into()),
        ("directory_id", meta.and_then(|meta| meta.directory_id).map(|id| id.to_string()).into()),
        ("used_by", found.used_by.as_deref().into()),
        ("was_closed_cleanly", found.was_closed_cleanly.into()),
        ("logs", found.content.logs.into()),
        ("leftovers", found.content.leftovers.into()),
        ("bytes", number(found.content.bytes)),
        ("free_bytes", found.free_bytes.map(number).into()),
    ])
}

/// What keeps a node from starting on these directories together.
pub(crate) fn problems(found: &[FoundDirectory]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut first: Option<&FoundDirectory> = None;
    for directory in found {
        let path = directory.path.display();
        let meta = match &directory.state {
            DirectoryState::Missing => {
                problems.push(format!("{path} does not exist"));
                continue;
            }
            DirectoryState::NotADirectory => {
                problems.push(format!("{path} is not a directory"));
                continue;
            }
            DirectoryState::NotFormatted => {
                problems.push(format!("{path} is not formatted"));
                continue;
            }
            DirectoryState::Unreadable(reason) => {
                problems.push(format!("{path}: {reason}"));
                continue;
            }
            DirectoryState::Formatted(meta) => meta,
        };
        let Some(first) = first.filter(|first| first.path != directory.path) else {
            first = Some(directory);
            continue;
        };
        let DirectoryState::Formatted(expected) = &first.state else { continue };
        let other = first.path.display();
        if meta.cluster_id != expected.cluster_id {
            let (found, expected) = (&meta.cluster_id, &expected.cluster_id);
            problems.push(format!("{path} belongs to cluster {found}, and {other} to cluster {expected}"));
        } else if meta.node_id != expected.node_id {
            let (found, expected) = (meta.node_id, expected.node_id);
            problems.push(format!("{path} belongs to node {found}, and {other} to node {expected}"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use log::checkpoint::MetaProperties;
    use types::NodeId;

    use super::*;

    fn found(path: &str, state: DirectoryState) -> FoundDirectory {
        let (path, content) = (path.into(), super::super::directory::Content::default());
        FoundDirectory { path, state, used_by: None, was_closed_cleanly: None, content, free_bytes: None }
    }

    fn of(cluster: &str, node: i32) -> DirectoryState {
        let (cluster_id, node_id) = (cluster.to_owned(), NodeId(node));
        DirectoryState::Formatted(MetaProperties { cluster_id, node_id, directory_id: None })
    }

    #[test]
    fn directories_have_to_belong_together() {
        let together = [found("/a", of("c", 1)), found("/b", of("c", 1))];
        assert_eq!(problems(&together), [""; 0]);
        let others = [
            found("/a", of("c", 1)),
            found("/b", of("d", 1)),
            found("/e", of("c", 2)),
            found("/f", DirectoryState::NotFormatted),
            found("/g", DirectoryState::Missing),
        ];
        let expected = [
            "/b belongs to cluster d, and /a to cluster c",
            "/e belongs to node 2, and /a to node 1",
            "/f is not formatted",
            "/g does not exist",
        ];
        assert_eq!(problems(&others), expected);
    }
}
