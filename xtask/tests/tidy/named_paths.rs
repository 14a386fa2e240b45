//! A path that ARCHITECTURE.md names exists: the page is read as a map.

use crate::tree;

#[test]
fn every_path_of_the_architecture_page_exists() {
    let page = tree::text("ARCHITECTURE.md").expect("ARCHITECTURE.md exists");
    let missing: Vec<&str> = paths(&page).filter(|path| !tree::root().join(path).exists()).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names what does not exist:\n{}", missing.join("\n"));
    assert!(page.lines().count() < 400, "ARCHITECTURE.md is a bird's-eye view: fewer than 400 lines");
}

#[test]
fn only_quoted_paths_count() {
    let page = "see `crates/io/src`, `Disk::open` and `docs/differences.md`, not crates/none or `a/b c`";
    assert_eq!(paths(page).collect::<Vec<_>>(), ["crates/io/src", "docs/differences.md"]);
}

/// Paths in back quotes: they start at a top-level directory of the repository and hold no blank.
fn paths(page: &str) -> impl Iterator<Item = &str> {
    const TOPS: [&str; 6] = ["crates/", "xtask/", "conformance/", "docs/", "fuzz/", ".ci/"];
    page.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| TOPS.iter().any(|top| quoted.starts_with(top)))
        .filter(|quoted| !quoted.contains([' ', '<', '*', '{']))
}
