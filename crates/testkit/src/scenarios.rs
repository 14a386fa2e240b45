//! Scenarios in files: lines that say what happens, and indented ones that say what Kafka's own classes made of it.

use std::fs;
use std::path::Path;

/// Plays every file of a directory, of which there are at least so many. `play` takes a file's text and gives it back with
/// indented lines of its own.
///
/// # Panics
/// Where a text comes back changed, with the first line that differs in each file.
pub fn agree(directory: &Path, at_least: usize, play: impl Fn(&str) -> String) {
    let entries = fs::read_dir(directory).expect("the scenarios are there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    assert!(files.len() >= at_least, "{} scenarios", files.len());
    let differing: Vec<String> = files.iter().filter_map(|file| differs(file, &play)).collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

fn differs(file: &Path, play: impl Fn(&str) -> String) -> Option<String> {
    let kafka = fs::read_to_string(file).expect("it can be read");
    let ours = play(&kafka);
    let mut lines = kafka.lines().zip(ours.lines()).enumerate();
    match lines.find(|(_, (kafka, ours))| kafka != ours) {
        Some((at, (kafka, ours))) => {
            Some(format!("{}:{}\n  Kafka: {kafka}\n  ours:  {ours}", file.display(), at + 1))
        }
        None => (kafka != ours).then(|| format!("{}: one has more lines", file.display())),
    }
}
