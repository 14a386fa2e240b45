//! Nothing in the repository depends on the machine it was written on.

use crate::tree;

/// Beginnings of absolute paths that no file may name.
const FOREIGN: [&str; 4] = ["work", "shared", "home", "Users"];

#[test]
fn no_file_names_a_path_of_one_machine() {
    let mut breaches = Vec::new();
    for path in tree::files() {
        let Some(text) = tree::text(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            if FOREIGN.iter().any(|top| names_absolute(line, top)) {
                breaches.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(breaches.is_empty(), "paths of one machine:\n{}", breaches.join("\n"));
}

#[test]
fn an_absolute_path_is_seen_and_a_relative_one_is_not() {
    let named = |top: &str| format!("cd /{top}/main");
    assert!(names_absolute(&named("work"), "work"));
    assert!(!names_absolute("see docs/work/page", "work"));
    assert!(!names_absolute("/workers", "work"));
}

/// Whether `line` names `/top` or a path below it as an absolute path.
fn names_absolute(line: &str, top: &str) -> bool {
    let needle = format!("/{top}");
    line.match_indices(&needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + needle.len()..].chars().next();
        !before.is_some_and(|letter| letter.is_alphanumeric() || "._-$}/)".contains(letter))
            && !after.is_some_and(|letter| letter.is_alphanumeric() || "_-".contains(letter))
    })
}
