//! `milena doctor`: what is wrong with this machine, a node's directories and a cluster; what shows it, and which command
//! helps.

mod cluster;
mod directories;
mod finding;
mod groups;
mod host;

use clap::Args;

use self::finding::{Finding, State};
use super::arguments::AskArguments;
use super::connect;
use super::storage::directory::{DirectoryState, FoundDirectory};
use super::storage::{self, NodeArguments};
use crate::failure::Failure;
use crate::output::{Report, View};

/// Options of `milena doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArguments {
    /// Leave the cluster alone: look at this machine and the directories only.
    #[arg(long)]
    pub offline: bool,

    /// Tell what is fine, too.
    #[arg(short, long)]
    pub all: bool,

    /// Whose directories.
    #[command(flatten)]
    pub node: NodeArguments,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn doctor(arguments: &DoctorArguments) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let found = node_directories(arguments)?;
    let paths: Vec<_> = found.iter().map(|directory| directory.path.clone()).collect();
    findings.extend(host::check(&paths));
    match found.as_slice() {
        [] => findings.push(
            Finding::new("directories", State::Skipped, "no node's directories are here")
                .help("--data-dir DIR names them"),
        ),
        found => findings.extend(directories::check(found)),
    }
    let mut unreachable = None;
    if !arguments.offline {
        let asked = arguments.ask.ask(async |admin| {
            let told = |error| connect::failure(&error);
            let mut asked = cluster::check(admin).await.map_err(told)?;
            asked.extend(groups::check(admin).await.map_err(told)?);
            Ok(asked)
        });
        match asked {
            Ok(asked) => findings.extend(asked),
            Err(failure) => unreachable = Some(failure),
        }
    }
    let failures = problems(&findings).chain(unreachable).collect::<Vec<_>>();
    findings.retain(|finding| arguments.all || finding.state > State::Skipped);
    if findings.is_empty() && failures.is_empty() {
        findings.push(Finding::new(
            "doctor",
            State::Fine,
            "nothing is wrong; --all tells what was looked at",
        ));
    }
    let texts = vec![findings.iter().map(Finding::in_words).collect::<Vec<_>>().join("\n")];
    let items = findings.iter().map(Finding::item).collect();
    if !findings.is_empty() {
        Report::many(items, View::Texts(texts)).print(&arguments.ask.output.output)?;
    }
    Failure::of_all(failures)
}

/// The directories of the node that was named, or of the one that runs without a file, where it has left any.
fn node_directories(arguments: &DoctorArguments) -> Result<Vec<FoundDirectory>, Failure> {
    let node = &arguments.node;
    let is_named = node.config.is_some() || node.data_dir.is_some() || !node.overrides.is_empty();
    let paths = storage::directories(&node.settings()?);
    let mut found: Vec<FoundDirectory> = paths.iter().map(|path| FoundDirectory::look(path)).collect();
    found.retain(|directory| is_named || directory.state != DirectoryState::Missing);
    Ok(found)
}

/// What the exit code is made of.
fn problems(findings: &[Finding]) -> impl Iterator<Item = Failure> {
    let problems = findings.iter().filter(|finding| finding.state == State::Problem);
    problems.map(|finding| Failure::runtime(finding.check, &finding.text))
}
