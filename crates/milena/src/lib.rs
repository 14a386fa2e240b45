//! The one binary: a node's roles and the command line.
//!
//! `main` → [`run`] → the verb of the command line: `start` (no verb) resolves settings and runs [`node`].

pub mod announcement;
pub mod command_line;
mod failure;
mod logging;
pub mod node;
pub mod ready_file;
pub mod settings;
mod start;

use std::process::ExitCode;

use clap::Parser;

use crate::command_line::CommandLine;
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
        command_line::Command::Start(arguments) => start::start(&arguments),
    }
}

#[cfg(test)]
mod settings_test;
