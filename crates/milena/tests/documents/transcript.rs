//! A transcript: commands behind `$ `, each followed by what it prints.
//!
//! In what is printed `…` stands for any text, and alone on a line for any lines. Times, addresses, ids and how far columns are
//! apart differ from run to run and are not compared.

use std::sync::LazyLock;

use regex::Regex;

/// A command and what it prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// As it is typed; `^C` is the key that interrupts.
    pub command: String,
    /// Whether it ends in `&`: it goes on while others run.
    pub in_background: bool,
    /// What it prints.
    pub printed: String,
}

/// The steps of a block. A command goes on in the next line where its own ends in a backslash.
///
/// # Panics
/// When the block does not begin with a command.
pub fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        if goes_on {
            let step = steps.last_mut().expect("a command goes on");
            step.command.push('\n');
            step.command.push_str(line);
        } else if let Some(command) = line.strip_prefix("$ ").or((line == "^C").then_some(line)) {
            steps.push(Step { command: command.to_owned(), in_background: false, printed: String::new() });
        } else {
            let step = steps.last_mut().expect("a transcript begins with a command");
            step.printed.push_str(line);
            step.printed.push('\n');
            continue;
        }
        goes_on = line.ends_with('\\');
    }
    for step in &mut steps {
        if let Some(command) = step.command.strip_suffix(" &") {
            (step.command, step.in_background) = (command.to_owned(), true);
        }
    }
    steps
}

/// Whether `found` is what was to be `printed`.
pub fn is_as_printed(printed: &str, found: &str) -> bool {
    pattern(printed, "$").is_match(&masked(found))
}

/// Whether `found` begins with what was to be `printed`.
pub fn begins_as_printed(printed: &str, found: &str) -> bool {
    pattern(printed, "").is_match(&masked(found))
}

fn pattern(printed: &str, end: &str) -> Regex {
    let mut pattern = "^".to_owned();
    for line in masked(printed).lines() {
        match line {
            "…" => pattern.push_str("(?:.*\n)*"),
            line => {
                let parts: Vec<String> = line.split('…').map(regex::escape).collect();
                pattern.push_str(&parts.join(".*"));
                pattern.push('\n');
            }
        }
    }
    Regex::new(&(pattern + end)).expect("a pattern of escaped text")
}

/// What differs from run to run, and what stands for it.
static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"127\.0\.0\.1:\d+", "ADDRESS"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*Z?", "TIME"),
        (r"\b\d+(\.\d+)? ?(ms|s)\b", "DURATION"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
        (r"(?:^|\b)[A-Za-z0-9_-]{22}(?:\b|$)", "ID"),
        (r"[ \t]+", " "),
    ]
    .map(|(what, stands)| (Regex::new(what).expect("a pattern"), stands))
    .into()
});

/// The text with all of that made equal.
pub fn masked(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let line = MASKS.iter().fold(line.trim_end().to_owned(), |line, (what, stands)| {
            what.replace_all(&line, *stands).into_owned()
        });
        masked.push_str(&line);
        masked.push('\n');
    }
    masked
}

#[test]
fn steps_are_commands_and_what_they_print() {
    let found = steps("$ a \\\n  b\n1\n2\n$ c &\n^C\n3\n");
    let of = |command: &str, in_background, printed: &str| Step {
        command: command.to_owned(),
        in_background,
        printed: printed.to_owned(),
    };
    assert_eq!(found, [of("a \\\n  b", false, "1\n2\n"), of("c", true, ""), of("^C", false, "3\n")]);
}

#[test]
fn what_differs_from_run_to_run_is_not_compared() {
    let printed = "ready in 14 ms\n clients  127.0.0.1:9092\n cluster  kYUTztq2QhuLmCe0YOqUdg (node 1)\n";
    let found = "ready in 2.5 ms\n clients 127.0.0.1:40123\n cluster  AAAAztq2QhuL-Ce0YOqUdg (node 1)\n";
    assert!(is_as_printed(printed, found));
    assert!(!is_as_printed(printed, &found.replace("node 1", "node 2")));
    assert!(!is_as_printed(printed, &found.replace("ready", "not ready")));
}

#[test]
fn an_ellipsis_stands_for_any_text() {
    assert!(is_as_printed("a … b\n…\nc\n", "a x y b\nd\ne\nc\n"));
    assert!(is_as_printed("…\nc\n", "c\n"));
    assert!(!is_as_printed("…\nc\n", "c\nd\n"));
    assert!(begins_as_printed("…\nc\n", "a\nc\nd\n"));
    assert!(!is_as_printed("", "a\n"));
    assert!(is_as_printed("", ""));
}
