//! `milena completions`: what a shell has to be told so that it completes the words of this program.

use std::io::Write;

use clap::Args;
use clap_complete::env::Shells;

use crate::failure::Failure;
use crate::output::suggest::{nearest, or_nearest};

/// Set while a shell asks for completions.
const VARIABLE: &str = "COMPLETE";

/// Options of `milena completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArguments {
    /// The shell: bash, elvish, fish, powershell or zsh. Its start file is the place for it, such as
    /// source <(milena completions bash) in .bashrc.
    pub shell: String,
}

pub(crate) fn completions(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(&arguments.shell) else {
        let known: Vec<&str> = shells.names().collect();
        let nearest = nearest(&arguments.shell, known.iter().copied());
        let told = format!("there are {}, not {}{}", known.join(", "), arguments.shell, or_nearest(nearest));
        return Err(Failure::usage("shell", told));
    };
    let mut script = Vec::new();
    let written = shell.write_registration(VARIABLE, "milena", "milena", "milena", &mut script);
    written
        .and_then(|()| std::io::stdout().lock().write_all(&script))
        .map_err(|error| Failure::output(&error))
}
