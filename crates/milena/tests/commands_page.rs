//! docs/commands.md says what the command line takes: its reference is made of the same definitions as `--help`.
//!
//! `MILENA_WRITE_DOCS=1 cargo test -p milena --test commands_page` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};
use command_line::command_line::CommandLine;

/// What is above it is written by hand.
const MARK: &str = "<!-- made by crates/milena/tests/commands_page.rs -->\n";

/// Shared by nearly all verbs, and described once by hand.
const SHARED: &[&str] =
    &["bootstrap_server", "context", "timeout", "output", "log_level", "help", "version", "dry_run"];

#[test]
fn the_page_of_commands_is_that_of_the_command_line() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands.md");
    let page = std::fs::read_to_string(&path).expect("docs/commands.md");
    let (by_hand, _) = page.split_once(MARK).expect("docs/commands.md has the mark of its reference");
    let mut expected = format!("{by_hand}{MARK}");
    let mut program = CommandLine::command();
    program.build();
    for noun in program.get_subcommands().filter(|noun| noun.get_name() != "help") {
        write_command(&mut expected, noun);
    }
    if std::env::var_os("MILENA_WRITE_DOCS").is_some() {
        std::fs::write(&path, &expected).expect("docs/commands.md can be written");
        return;
    }
    assert!(page == expected, "docs/commands.md is not that of the command line: see this test's header");
}

fn write_command(page: &mut String, command: &Command) {
    let verbs: Vec<&Command> =
        command.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set()).collect();
    let name = command.get_bin_name().expect("built").to_owned();
    if !verbs.is_empty() {
        verbs.into_iter().for_each(|verb| write_command(page, verb));
        return;
    }
    let arguments = || command.get_positionals().filter(|argument| !argument.is_hide_set());
    let mut usage = name;
    for argument in arguments() {
        let value = value_name(argument);
        let many = argument.get_num_args().is_some_and(|count| count.max_values() > 1);
        let dots = if many { "..." } else { "" };
        match argument.is_required_set() {
            true => write!(usage, " {value}{dots}"),
            false => write!(usage, " [{value}]{dots}"),
        }
        .expect("a string takes all");
    }
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    write!(page, "\n### `{usage}`\n\n{about}.\n").expect("a string takes all");
    let options: Vec<&Arg> = command
        .get_arguments()
        .filter(|argument| !SHARED.contains(&argument.get_id().as_str()) && !argument.is_hide_set())
        .collect();
    if options.is_empty() {
        return;
    }
    page.push_str("\n| option | |\n|---|---|\n");
    for option in options {
        let help = option.get_long_help().or(option.get_help()).map(ToString::to_string).unwrap_or_default();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        let help = help.trim_end_matches('.');
        writeln!(page, "| {} | {help}{} |", spelling(option), extras(option)).expect("a string takes all");
    }
}

fn spelling(option: &Arg) -> String {
    if option.is_positional() {
        return format!("`{}`", value_name(option));
    }
    let value = match option.get_action().takes_values() {
        true => format!(" {}", value_name(option)),
        false => String::new(),
    };
    let short = option.get_short().map(|short| format!("`-{short}`, ")).unwrap_or_default();
    format!("{short}`--{}{value}`", option.get_long().expect("every option has a long name"))
}

fn value_name(option: &Arg) -> String {
    match option.get_value_names() {
        Some([name, ..]) => name.to_string(),
        _ => option.get_id().as_str().to_uppercase(),
    }
}

/// What else a reader must know: a sentence's end, the values there are, the default.
fn extras(option: &Arg) -> String {
    if !option.get_action().takes_values() {
        return ".".to_owned();
    }
    let values: Vec<String> =
        option.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    let default: Vec<String> =
        option.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let mut text = ".".to_owned();
    if !values.is_empty() {
        write!(text, " One of {}.", values.join(", ")).expect("a string takes all");
    }
    if !default.is_empty() {
        write!(text, " Default: `{}`.", default.join(",")).expect("a string takes all");
    }
    text
}
