//! What the checks read: the repository's files, as version control lists them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root").to_path_buf()
}

/// Paths of all files that belong to the repository, relative to its root and sorted; what git ignores is left out.
///
/// Outside a git checkout (a source archive) the tree is walked instead, build output left out.
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|output| output.status.success());
    let mut paths = match listed {
        Some(output) => String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect(),
        None => {
            let mut found = Vec::new();
            walk(&root(), "", &mut found);
            found
        }
    };
    paths.retain(|path| root().join(path).is_file());
    paths.sort();
    paths
}

/// The text of a file of [`files`]; `None` where it is not text.
pub fn text(path: &str) -> Option<String> {
    std::fs::read(root().join(path)).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

fn walk(directory: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if !entry.path().is_dir() {
            found.push(path);
        } else if name != "target" && name != ".git" {
            walk(&entry.path(), &path, found);
        }
    }
}
