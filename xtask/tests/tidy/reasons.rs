//! A dependency on other people's code is an edge out of the house: each has its reason in docs/dependencies.md.

use crate::tree;

#[test]
fn every_dependency_has_its_reason() {
    let manifest = tree::text("Cargo.toml").expect("the workspace has a manifest");
    let page = tree::text("docs/dependencies.md").expect("the page of dependencies exists");
    let listed: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .flat_map(|names| names.split(", "))
        .map(|name| name.split(' ').next().unwrap_or(name))
        .collect();
    let foreign = foreign(&manifest);
    assert!(!foreign.is_empty(), "the manifest lists dependencies");
    let missing: Vec<&str> = foreign.into_iter().filter(|name| !listed.contains(name)).collect();
    assert!(missing.is_empty(), "docs/dependencies.md gives no reason for: {}", missing.join(", "));
}

#[test]
fn our_own_crates_need_no_reason() {
    let manifest = "[workspace.dependencies]\nlog = { path = \"crates/log\" }\nbytes = \"1\"\n\n[profile.dev]\ndebug = 1\n";
    assert_eq!(foreign(manifest), ["bytes"]);
}

/// Names under `[workspace.dependencies]` that are not paths into the repository.
fn foreign(manifest: &str) -> Vec<&str> {
    manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#') && !line.contains("path = "))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .collect()
}
