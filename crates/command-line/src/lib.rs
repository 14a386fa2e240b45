//! The command line: settings, starting and stopping, and every verb.
//!
//! `main` → [`run`] → the verb of the command line: `start` (no verb) resolves settings and runs a [`node`];
//! all others, in [`commands`], are clients of a cluster, this one or another, or look at files.

pub mod announcement;
pub mod command_line;
pub mod commands;
mod failure;
mod loggers;
mod logging;
pub mod output;
pub mod ready_file;
mod run;
pub mod settings;
pub mod start;
pub mod supervisor;
pub mod written_settings;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;

use crate::command_line::CommandLine;

/// Does what the command line asks and returns the process's exit code: 0 when done, else one for each class of failure
/// (docs/commands.md).
pub fn run() -> ExitCode {
    // A shell that completes a word is answered here, and that is all.
    CompleteEnv::with_factory(CommandLine::command).complete();
    let command_line = CommandLine::parse();
    match commands::perform(command_line.into_command()) {
        Ok(()) => ExitCode::SUCCESS,
        // `milena ... | head`: whoever reads our output has seen enough.
        Err(failure) if failure.is_of_gone_reader() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

#[cfg(test)]
mod settings_test;
