//! Checks of a node's data directories: whose they are, whether they can be written, and how much room is left.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access};

use super::finding::{Finding, State};
use crate::commands::storage::directory::{DirectoryState, FoundDirectory};
use crate::commands::storage::info::problems;

/// Below this a node may stop at any time: the smallest room for a few segments.
const FREE_NEEDED: u64 = 1 << 30;

/// Looks at the directories.
pub(super) fn check(found: &[FoundDirectory]) -> Vec<Finding> {
    let mut findings = belongs(found);
    for directory in found.iter().filter(|directory| matches!(directory.state, DirectoryState::Formatted(_)))
    {
        findings.push(owner(&directory.path));
    }
    findings.extend(found.iter().filter_map(space));
    findings.extend(found.iter().filter_map(leftovers));
    findings
}

fn belongs(found: &[FoundDirectory]) -> Vec<Finding> {
    let problems = problems(found);
    let owner = found.iter().find_map(|directory| match &directory.state {
        DirectoryState::Formatted(meta) => {
            Some(format!("node {} of cluster {}", meta.node_id, meta.cluster_id))
        }
        _ => None,
    });
    match owner {
        Some(owner) if problems.is_empty() => {
            vec![Finding::new("directories", State::Fine, format!("all belong to {owner}"))]
        }
        _ => problems
            .into_iter()
            .map(|problem| {
                Finding::new("directories", State::Problem, problem).help("milena storage info -o wide")
            })
            .collect(),
    }
}

/// The process that looks is not always the one that runs the node: whoever owns the directory counts too.
fn owner(path: &Path) -> Finding {
    let told = path.display();
    let Ok(metadata) = std::fs::metadata(path) else {
        return Finding::new("ownership", State::Problem, format!("{told} cannot be looked at"));
    };
    let whose = format!("{told} belongs to user {}, mode {:o}", metadata.uid(), metadata.mode() & 0o7777);
    match access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::new("ownership", State::Fine, format!("{told} can be written")),
        Err(error) => Finding::new(
            "ownership",
            State::Problem,
            format!("{told} cannot be written by this user: {error}"),
        )
        .seen([whose])
        .help(format!("chown -R USER {told}, as the user who runs the node")),
    }
}

fn space(directory: &FoundDirectory) -> Option<Finding> {
    let (free, path) = (directory.free_bytes?, directory.path.display());
    let text = format!("{path} has {} MiB left", free >> 20);
    if free >= FREE_NEEDED {
        return Some(Finding::new("space", State::Fine, text));
    }
    let state = if free < FREE_NEEDED / 16 { State::Problem } else { State::Warning };
    Some(
        Finding::new("space", state, text)
            .seen([format!("the logs in it take {} MiB", directory.content.bytes >> 20)])
            .help("milena config set topic TOPIC retention.bytes=BYTES, or a larger disk"),
    )
}

fn leftovers(directory: &FoundDirectory) -> Option<Finding> {
    let (count, path) = (directory.content.leftovers, directory.path.display());
    // A running node removes what it deletes by itself, a while later.
    (count > 0 && directory.used_by.is_none()).then(|| {
        Finding::new(
            "leftovers",
            State::Warning,
            format!("{path} holds {count} logs that no partition claims"),
        )
        .help(format!(
            "ls -d {path}/*-delete {path}/*-stray; a node removes those of deleted topics after its start"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::storage::directory::Content;

    fn with_free(free: u64) -> FoundDirectory {
        let (state, content) = (DirectoryState::NotFormatted, Content { leftovers: 1, ..Content::default() });
        FoundDirectory {
            path: "/d".into(),
            state,
            used_by: None,
            was_closed_cleanly: None,
            content,
            free_bytes: Some(free),
        }
    }

    #[test]
    fn little_room_is_told_before_there_is_none() {
        for (free, state) in [(2 << 30, State::Fine), (1 << 29, State::Warning), (1 << 20, State::Problem)] {
            assert_eq!(space(&with_free(free)).expect("it is known").state, state, "{free} bytes");
        }
    }

    #[test]
    fn what_is_wrong_with_a_directory_is_told() {
        let found = [with_free(2 << 30)];
        let told: Vec<String> = check(&found).iter().map(Finding::in_words).collect();
        assert!(told[0].starts_with("problem  directories  /d is not formatted"), "{told:?}");
        assert!(told[2].starts_with("warning  leftovers    /d holds 1 logs"), "{told:?}");
    }
}
