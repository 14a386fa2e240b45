//! What README.md and docs/ show is true: every fenced block is of a kind that is known here, and is held against the
//! program itself.
//!
//! | kind | held against the program |
//! |---|---|
//! | `console` | a transcript: `$ ` begins a command, what follows is what it prints ([`transcript`]) |
//! | `sh` | a script that ends well |
//! | `sh not-run` | calls nothing but [`NOT_RUN`], programs that change the machine or need more than Rust |
//! | `properties` | a server.properties that a node starts with, without a key that is unknown |
//! | `rust` | a doctest of the crate that [`RUST_PAGES`] names |
//! | `toml` | dependencies on crates of this workspace |
//! | `text` | nothing to run: no line begins like a command |
//!
//! `MILENA_SHOW_DOCS=1 cargo test -p milena --test documents -- --nocapture` shows what every command prints.

mod fence;
mod pages;
mod session;
mod transcript;

use command_line::command_line::StartArguments;
use command_line::settings;

use crate::fence::Fence;
use crate::session::Session;

/// Programs that a block may call without being run.
const NOT_RUN: &[&str] =
    &["apt", "cargo", "cd", "docker", "dpkg", "export", "git", "journalctl", "kcat", "sudo", "systemctl"];

/// The pages with snippets in Rust, and the file that makes them doctests.
const RUST_PAGES: &[(&str, &str)] = &[("docs/embedding.md", "crates/embedded/src/lib.rs")];

#[test]
fn every_block_says_what_it_is() {
    let mut wrong = Vec::new();
    for fence in pages::fences() {
        let is_known = match fence.info.as_str() {
            "console" | "sh" | "properties" | "text" => true,
            "sh not-run" => {
                let called = fence.commands().map(|command| called(command).to_owned());
                let foreign: Vec<String> = called.filter(|name| !NOT_RUN.contains(&name.as_str())).collect();
                foreign.is_empty()
            }
            "rust" => RUST_PAGES.iter().any(|(page, _)| *page == fence.page),
            "toml" => fence.text.lines().all(|line| line.starts_with('[') || is_dependency(line)),
            info => info.starts_with("console ") && Session::options(info).is_some(),
        };
        let is_command =
            |line: &str| ["$ ", "milena ", "cargo "].iter().any(|begins| line.starts_with(begins));
        if !is_known || fence.info == "text" && fence.text.lines().any(is_command) {
            wrong.push(format!("{}:{}: ```{}", fence.page, fence.line, fence.info));
        }
    }
    assert!(wrong.is_empty(), "blocks of no known kind, see the header of this test:\n{}", wrong.join("\n"));
}

#[test]
fn what_the_pages_show_is_what_the_program_does() {
    let mut blocks = 0;
    for (page, fences) in pages::by_page(|fence| fence.is_run()) {
        let mut session = Session::new(&page);
        for fence in fences {
            session.run(&fence);
            blocks += 1;
        }
        session.end();
    }
    assert!(blocks >= 5, "the pages have blocks to run");
}

#[test]
fn the_settings_of_the_pages_are_settings() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut blocks = 0;
    for fence in pages::fences().into_iter().filter(|fence| fence.info == "properties") {
        let file = directory.path().join("server.properties");
        std::fs::write(&file, &fence.text).expect("written");
        let arguments = StartArguments { config: Some(file), ..StartArguments::default() };
        let resolved = settings::resolve(&arguments, std::iter::empty());
        let resolved = resolved.unwrap_or_else(|error| panic!("{}:{}: {error}", fence.page, fence.line));
        let unknown: Vec<String> =
            resolved.warnings.iter().map(|(warning, _)| format!("{warning:?}")).collect();
        let unknown: Vec<&String> = unknown.iter().filter(|told| told.starts_with("Unknown")).collect();
        assert!(unknown.is_empty(), "{}:{}: {unknown:?}", fence.page, fence.line);
        blocks += 1;
    }
    assert!(blocks >= 1, "the pages have settings");
}

#[test]
fn the_snippets_in_rust_are_doctests() {
    for (page, of) in RUST_PAGES {
        let source = pages::read(of);
        assert!(source.contains(&format!("include_str!(\"../../../{page}\")")), "{of} includes {page}");
        assert!(pages::fences().iter().any(|fence: &Fence| fence.page == *page && fence.info == "rust"));
    }
}

#[test]
fn the_clients_of_the_readme_are_those_of_the_last_report() {
    let table = |page: &str| -> Vec<String> {
        let text = pages::read(page);
        let begin = text.lines().skip_while(|line| !line.starts_with("| client | version |"));
        begin.take_while(|line| line.starts_with('|')).map(str::to_owned).collect()
    };
    let reported = table("docs/conformance.md");
    assert!(reported.len() > 2, "the report has clients");
    assert_eq!(table("README.md"), reported, "conformance/report.py writes both");
}

/// Whether a line of a manifest names a crate that is here.
fn is_dependency(line: &str) -> bool {
    let name = line.split_once(" = ").map(|(name, _)| name);
    name.is_some_and(|name| pages::root().join("crates").join(name).is_dir())
}

/// The program that a line calls: its first word that is no assignment.
fn called(command: &str) -> &str {
    let is_assignment = |word: &&str| word.split_once('=').is_some_and(|(name, _)| !name.contains('/'));
    command.split_whitespace().find(|word| !is_assignment(word)).unwrap_or_default()
}
