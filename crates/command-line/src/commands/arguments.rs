//! Options that many verbs share.

use std::time::Duration;

use clap::Args;

use super::{completion, duration};
use crate::command_line::LogArguments;
use crate::output::Format;

/// How to reach a cluster.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterArguments {
    /// Brokers to begin with, separated by commas [default: those of the context, else 127.0.0.1:9092].
    #[arg(short, long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub bootstrap_server: Vec<String>,

    /// The cluster of this name (see milena ctx) [default: MILENA_CONTEXT, else the current one].
    #[arg(long, value_name = "NAME", conflicts_with = "bootstrap_server", add = completion::contexts())]
    pub context: Option<String>,

    /// How long to try before giving up, such as 500ms, 15s or 2m.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration::parse)]
    pub timeout: Duration,
}

/// How an answer is printed.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputArguments {
    /// table, wide, json, yaml, name, or template=TEXT in which {field} stands for a field of the JSON.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
}

/// Options of a verb that asks.
#[derive(Args, Clone, Debug)]
pub struct AskArguments {
    /// How to reach the cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// How the answer is printed.
    #[command(flatten)]
    pub output: OutputArguments,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// Options of a verb that changes something.
#[derive(Args, Clone, Debug)]
pub struct ChangeArguments {
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

impl ChangeArguments {
    /// What the options make of the change.
    pub(crate) fn effect(&self) -> client::admin::Effect {
        match self.dry_run {
            true => client::admin::Effect::ValidateOnly,
            false => client::admin::Effect::Apply,
        }
    }

    /// `created`, or what it is called where it is not done.
    pub(crate) fn done(&self, participle: &str) -> String {
        if self.dry_run { format!("would be {participle}") } else { participle.to_owned() }
    }
}
