//! What a command of `milena` may print behind `error[` stands in docs/commands.md, and nothing else does. The codes of a
//! start have pages of their own (docs/errors.md, `crates/milena/tests/start_failures.rs`), those of a broker are Kafka's.

use std::collections::BTreeSet;

use crate::tree;

const PAGE: &str = "docs/commands.md";
const HEADING: &str = "### Codes\n";
const COMMANDS: &str = "crates/command-line/src/commands/";
/// Where a failure is made whatever the command.
const SHARED: [&str; 2] = ["crates/command-line/src/failure.rs", "crates/command-line/src/output/report.rs"];

#[test]
fn the_codes_of_commands_are_those_of_the_page() {
    let (in_source, on_page) = (codes_in_source(), codes_on_page());
    assert!(in_source.len() > 20, "the codes are found: {in_source:?}");
    let unexplained: Vec<_> = in_source.difference(&on_page).collect();
    let gone: Vec<_> = on_page.difference(&in_source).collect();
    assert!(
        unexplained.is_empty() && gone.is_empty(),
        "{PAGE}: without a line {unexplained:?}, of nobody {gone:?}"
    );
}

/// The second column of the page's table: a code in backticks.
fn codes_on_page() -> BTreeSet<String> {
    let page = tree::text(PAGE).unwrap_or_default();
    let (_, behind) = page.split_once(HEADING).expect("the page has a table of codes");
    let section = behind.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(code, _)| code.to_owned()).collect()
}

/// The first literal of a failure's constructor.
fn codes_in_source() -> BTreeSet<String> {
    let is_read = |path: &String| {
        path.ends_with(".rs") && (path.starts_with(COMMANDS) || SHARED.contains(&path.as_str()))
    };
    let mut codes = BTreeSet::new();
    for path in tree::files().into_iter().filter(is_read) {
        let text = tree::text(&path).unwrap_or_default();
        for made in ["Failure::usage(", "Failure::runtime(", "Failure::not_found("] {
            codes.extend(text.split(made).skip(1).filter_map(literal_in_front));
        }
        for made in ["Failure::new(", "Self::new("] {
            let behind_class = |rest: &str| literal_in_front(rest.split_once(',')?.1);
            codes.extend(text.split(made).skip(1).filter_map(behind_class));
        }
    }
    codes
}

/// `rest` begins, but for white space, with a literal.
fn literal_in_front(rest: &str) -> Option<String> {
    let (literal, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(literal.to_owned())
}
