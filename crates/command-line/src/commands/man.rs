//! `milena man`: pages for man(1), made of the same definitions as `--help`.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::command_line::CommandLine;
use crate::failure::Failure;
use crate::output::suggest::{nearest, or_nearest};

/// Options of `milena man`.
#[derive(Args, Clone, Debug)]
pub struct ManArguments {
    /// The command, such as topic create [default: the page of milena].
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,

    /// Write the pages of all commands into this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "words")]
    pub dir: Option<PathBuf>,
}

pub(crate) fn man(arguments: &ManArguments) -> Result<(), Failure> {
    let mut command = CommandLine::command();
    if let Some(directory) = &arguments.dir {
        let written =
            std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(command, directory));
        return written.map_err(|error| Failure::runtime("output", error).about(directory.display()));
    }
    command.build();
    let mut found = &command;
    for word in &arguments.words {
        found = found.find_subcommand(word).ok_or_else(|| {
            let nearest = nearest(word, found.get_subcommands().map(clap::Command::get_name));
            Failure::usage("command", format!("there is no command {word}{}", or_nearest(nearest)))
        })?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(found.clone())
        .render(&mut page)
        .and_then(|()| std::io::stdout().lock().write_all(&page))
        .map_err(|error| Failure::output(&error))
}
