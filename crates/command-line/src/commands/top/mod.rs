//! `milena top`: what a cluster is doing, seen live: throughput, lag, partitions; sorted and filtered by key.
//!
//! | module | |
//! |---|---|
//! | `snapshot` | what was asked of the cluster at one moment |
//! | `table` | two snapshots as rows: what changed between them is throughput |
//! | `controls` | what the keys do; a machine without a terminal |
//! | `screen` | table, controls and a size as lines of text |
//! | `terminal` | the terminal itself |

mod controls;
mod screen;
mod snapshot;
mod table;
mod terminal;

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use client::admin::Admin;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use self::controls::{Controls, Reaction, Tab};
use self::snapshot::Snapshot;
use self::table::Table;
use self::terminal::Terminal;
use super::arguments::AskArguments;
use super::{connect, duration};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena top`.
#[derive(Args, Clone, Debug)]
pub struct TopArguments {
    /// How long between two looks.
    #[arg(short, long, value_name = "DURATION", default_value = "2s", value_parser = duration::parse)]
    pub interval: Duration,

    /// Also topics that belong to the cluster itself, such as __consumer_offsets.
    #[arg(long)]
    pub internal: bool,

    /// Take two looks, print what changed between them, and end.
    #[arg(long)]
    pub once: bool,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn top(arguments: &TopArguments) -> Result<(), Failure> {
    if arguments.once {
        let [before, after] = arguments.ask.ask(async |admin| {
            let before = look(arguments, admin).await?;
            sleep(arguments.interval).await;
            Ok([before, look(arguments, admin).await?])
        })?;
        return report(&before, &after).print(&arguments.ask.output.output);
    }
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        let told = "standard input and output are not a terminal: milena top --once -o json prints what would be seen";
        return Err(Failure::usage("terminal", told));
    }
    arguments.ask.ask(async |admin| follow(arguments, admin).await)
}

async fn look(arguments: &TopArguments, admin: &Admin) -> Result<Snapshot, Failure> {
    Snapshot::take(admin, arguments.internal).await.map_err(|error| connect::failure(&error))
}

/// Draws until somebody has seen enough.
async fn follow(arguments: &TopArguments, admin: &Admin) -> Result<(), Failure> {
    let mut controls = Controls::default();
    let mut after = look(arguments, admin).await?;
    let mut before = after.clone();
    // It would end the process with the terminal as it is now.
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|error| Failure::runtime("terminal", error))?;
    let mut terminal = Terminal::open().map_err(|error| Failure::runtime("terminal", error))?;
    let mut problem = None;
    loop {
        let next = async {
            sleep(arguments.interval).await;
            look(arguments, admin).await
        };
        tokio::pin!(next);
        let taken = loop {
            let table = Table::of(controls.tab, &before, &after);
            let lines = screen::render(&table, &mut controls, &after, problem.as_deref(), terminal.size());
            terminal.draw(&lines).map_err(|error| Failure::output(&error))?;
            tokio::select! {
                biased;
                _ = terminate.recv() => return Ok(()),
                key = terminal.next_key() => match key.map(|key| controls.press(key)) {
                    None | Some(Reaction::Quit) => return Ok(()),
                    Some(Reaction::Redraw) => {}
                },
                taken = &mut next => break taken,
            }
        };
        match taken {
            Ok(taken) => {
                before = std::mem::replace(&mut after, taken);
                problem = None;
            }
            // It may come back; until then the last look stands, and what is wrong is told.
            Err(failure) => problem = Some(failure.to_string()),
        }
    }
}

/// All three tables, for programs.
fn report(before: &Snapshot, after: &Snapshot) -> Report {
    let tables = [Tab::Topics, Tab::Partitions, Tab::Groups].map(|tab| Table::of(tab, before, after));
    let texts = tables.iter().map(|table| table.lines().join("\n")).collect::<Vec<_>>().join("\n\n");
    let [topics, partitions, groups] = tables.map(|table| table.value());
    let item = Value::object([
        ("name", after.cluster_id.as_str().into()),
        ("topics", topics),
        ("partitions", partitions),
        ("groups", groups),
    ]);
    Report::one(item, View::Texts(vec![texts]))
}
