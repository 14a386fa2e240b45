//! Taste is printed, never enforced: the longest files, for whoever looks for a verb to move out.

use crate::tree;

/// Above this many lines a file smells.
const LONG_LINES: usize = 800;

#[test]
fn the_longest_files_are_printed() {
    let mut lengths: Vec<(usize, String)> = tree::files()
        .into_iter()
        .filter(|path| path.ends_with(".rs") || path.ends_with(".py"))
        .filter_map(|path| tree::text(&path).map(|text| (text.lines().count(), path)))
        .collect();
    assert!(!lengths.is_empty(), "the repository holds source files");
    lengths.sort_by(|a, b| b.cmp(a));
    let long = lengths.iter().filter(|(lines, _)| *lines > LONG_LINES).count();
    println!("the ten longest files ({long} over {LONG_LINES} lines):");
    for (lines, path) in lengths.iter().take(long.max(10)) {
        println!("{lines:6} {path}");
    }
}
