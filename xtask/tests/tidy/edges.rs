//! Which crate may know which: every edge of the house, and the layers that keep them pointing down.

use std::collections::BTreeMap;

use crate::tree;

/// A room of the house: crate, layer, and the crates of ours that it may depend on.
///
/// Layer 0 stands beside the house: it may see everything and nothing sees it. Within a layer an edge is allowed
/// only where this list names it. Development dependencies are free: a test may look at anything.
const ROOMS: &[(&str, u8, &[&str])] = &[
    ("types", 1, &[]),
    ("record", 1, &["types"]),
    ("protocol", 1, &["types"]),
    ("config", 1, &["types"]),
    ("partition", 2, &["types"]),
    ("purgatory", 2, &["types"]),
    ("raft", 2, &["types", "protocol"]),
    ("coordinator", 2, &["types", "record"]),
    ("group-coordinator", 2, &["types", "protocol", "coordinator"]),
    ("transaction-coordinator", 2, &["types", "protocol", "coordinator"]),
    ("metadata", 2, &["types", "protocol"]),
    ("controller", 2, &["types", "protocol", "config", "metadata"]),
    ("io", 3, &["types"]),
    ("net", 3, &["types", "protocol", "io"]),
    ("log", 3, &["types", "record", "config", "partition", "io"]),
    (
        "controller-node",
        4,
        &["types", "record", "protocol", "config", "raft", "metadata", "controller", "io", "log"],
    ),
    (
        "broker",
        4,
        &[
            "types",
            "record",
            "protocol",
            "config",
            "metadata",
            "partition",
            "purgatory",
            "coordinator",
            "group-coordinator",
            "transaction-coordinator",
            "io",
            "log",
            "controller-node",
        ],
    ),
    (
        "handlers",
        5,
        &["types", "record", "protocol", "config", "metadata", "io", "net", "broker", "controller-node"],
    ),
    ("client", 6, &["types", "record", "protocol", "io", "net"]),
    (
        "node",
        6,
        &["types", "config", "metadata", "io", "net", "log", "broker", "controller-node", "handlers"],
    ),
    (
        "command-line",
        7,
        &[
            "types",
            "record",
            "config",
            "metadata",
            "io",
            "net",
            "log",
            "broker",
            "controller-node",
            "node",
            "client",
        ],
    ),
    ("milena", 7, &["command-line"]),
    ("protocol-generator", 0, &[]),
    (
        "embedded",
        0,
        &["types", "record", "protocol", "config", "io", "net", "broker", "handlers", "client", "node"],
    ),
    ("sim", 0, &["types", "record", "protocol", "config", "io", "net", "handlers", "node"]),
    ("testkit", 0, &[]),
    ("xtask", 0, &[]),
];

/// The layer of a crate, by its name.
pub fn layer(room: &str) -> Option<u8> {
    ROOMS.iter().find(|(name, ..)| *name == room).map(|(_, layer, _)| *layer)
}

#[test]
fn every_edge_between_crates_is_allowed() {
    let manifests = manifests();
    let mut breaches = Vec::new();
    for (room, manifest) in &manifests {
        let Some((_, _, allowed)) = ROOMS.iter().find(|(name, ..)| name == room) else {
            breaches.push(format!("{room}: has no place in ROOMS (xtask/tests/tidy/edges.rs)"));
            continue;
        };
        for dependency in dependencies(manifest) {
            if manifests.contains_key(&dependency) && !allowed.contains(&dependency.as_str()) {
                breaches.push(format!("{room} -> {dependency}: not an allowed edge"));
            }
        }
    }
    assert!(breaches.is_empty(), "edges that the house does not have:\n{}", breaches.join("\n"));
}

#[test]
fn allowed_edges_never_point_up() {
    for (room, from, allowed) in ROOMS {
        for target in *allowed {
            let to = layer(target).unwrap_or_else(|| panic!("{room} may see {target}, which is no room"));
            assert!(
                to != 0 && (*from == 0 || to <= *from),
                "{room} (layer {from}) may not see {target} ({to})"
            );
        }
    }
}

#[test]
fn an_edge_in_any_notation_is_seen() {
    let manifest = "[dependencies]\nlog.workspace = true\nio = { path = \"../io\" }\n[dependencies.net]\npath = \"x\"\n\
                    [target.'cfg(unix)'.dependencies]\nraft = \"1\"\n[dev-dependencies]\nbroker.workspace = true\n\
                    [build-dependencies]\nxtask = \"1\"\n";
    assert_eq!(dependencies(manifest), ["log", "io", "net", "raft"]);
}

/// Manifest text by crate name, of every crate of the workspace.
fn manifests() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in tree::files() {
        if !(path == "xtask/Cargo.toml" || path.starts_with("crates/") && path.ends_with("/Cargo.toml")) {
            continue;
        }
        let manifest = tree::text(&path).expect("a manifest is text");
        let name = manifest
            .lines()
            .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"').map(str::to_owned))
            .unwrap_or_else(|| panic!("{path} names its crate"));
        found.insert(name, manifest);
    }
    found
}

/// Names under `[dependencies]` and its per-target forms, in the manifest's order.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut listing = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let section = section.rsplit_once("'.").map_or(section, |(_, kind)| kind);
            listing = section == "dependencies";
            if let Some(name) = section.strip_prefix("dependencies.") {
                names.push(name.to_owned());
            }
        } else if listing && !line.is_empty() && !line.starts_with('#') {
            let end = line.find(['.', ' ', '=']).unwrap_or(line.len());
            names.push(line[..end].to_owned());
        }
    }
    names
}
