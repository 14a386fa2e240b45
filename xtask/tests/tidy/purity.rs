//! Layers 1 and 2 decide; they touch no socket, file, clock, thread or ambient randomness.

use crate::{edges, tree};

/// What a pure crate may not name, and what it uses instead.
const FORBIDDEN: &[(&str, &str)] = &[
    ("tokio", "effects are returned to a driver"),
    ("async fn", "effects are returned to a driver"),
    ("std::fs", "bytes come in as arguments"),
    ("std::net", "bytes come in as arguments"),
    ("std::thread", "a machine has one owner"),
    ("SystemTime::now", "`now_ms` is an argument"),
    ("Instant::now", "`now` is an argument"),
    ("RandomState", "hashbrown with foldhash's FixedState, or a BTreeMap"),
    ("getrandom", "random ids are arguments"),
    ("rand::", "random ids are arguments"),
    ("thread_rng", "random ids are arguments"),
    ("Uuid::new_v4", "random ids are arguments"),
];

#[test]
fn pure_crates_touch_nothing_outside() {
    let mut breaches = Vec::new();
    for path in tree::files() {
        let Some(room) = pure_room(&path) else { continue };
        let text = tree::text(&path).expect("Rust source is text");
        for (number, line) in text.lines().enumerate() {
            for (name, instead) in breach(line) {
                breaches.push(format!("{path}:{}: `{name}` in {room}: {instead}", number + 1));
            }
        }
    }
    assert!(breaches.is_empty(), "pure crates reach outside:\n{}", breaches.join("\n"));
}

#[test]
fn a_clock_in_code_is_seen_and_in_a_comment_is_not() {
    assert_eq!(breach("let now = SystemTime::now();").count(), 1);
    assert_eq!(breach("use std::collections::{BTreeMap, HashMap};").count(), 1);
    assert_eq!(breach("// SystemTime::now is an argument here").count(), 0);
    assert_eq!(breach("let brand = Brand::new();").count(), 0);
}

/// The pure crate whose shipped source `path` is; tests may use what they like.
fn pure_room(path: &str) -> Option<&str> {
    let room = path.strip_prefix("crates/")?.split('/').next()?;
    let shipped = path.ends_with(".rs") && path.contains("/src/") && !path.ends_with("_test.rs");
    (shipped && matches!(edges::layer(room), Some(1 | 2))).then_some(room)
}

/// What a line of code names that a pure crate may not.
fn breach(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let code = line.split("//").next().unwrap_or_default().to_owned();
    let seeded = code.contains("std::collections") && (code.contains("HashMap") || code.contains("HashSet"));
    let map = seeded.then_some(("std's HashMap", "hashbrown with foldhash's FixedState, or a BTreeMap"));
    FORBIDDEN.iter().copied().filter(move |(name, _)| names(&code, name)).chain(map)
}

/// Whether `code` holds `name` as a word of its own, not as the end of a longer one.
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
    })
}
