//! The one binary: a node's roles and the command line.
//!
//! `main` → [`run`] → the verb of the command line: `start` (no verb) resolves settings and runs [`node`];
//! `produce`, `consume` and `why` are clients of a cluster, this one or another.

pub mod announcement;
mod cluster;
pub mod command_line;
pub mod config_explain;
mod consume;
mod failure;
mod holder;
mod lines;
mod loggers;
mod logging;
pub mod node;
mod produce;
pub mod ready_file;
pub mod settings;
pub mod start;
mod why;
pub mod written_settings;

use std::process::ExitCode;

use clap::Parser;

use crate::command_line::{Command, CommandLine, ConfigVerb};
use crate::failure::Failure;

/// Does what the command line asks and returns the process's exit code: 0 when done, 1 when it failed, 2 when the command
/// line or the settings are wrong.
pub fn run() -> ExitCode {
    let command_line = CommandLine::parse();
    match perform(command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

fn perform(command_line: CommandLine) -> Result<(), Failure> {
    match command_line.into_command() {
        Command::Start(arguments) => start::start(&arguments),
        Command::Produce(arguments) => produce::produce(&arguments),
        Command::Consume(arguments) => consume::consume(&arguments),
        Command::Config { verb: ConfigVerb::Explain(arguments) } => config_explain::explain(&arguments),
        Command::Why(command) => why::why(&command),
    }
}

#[cfg(test)]
mod settings_test;
