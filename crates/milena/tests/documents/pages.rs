//! The pages that people read: README.md and those of docs/.

use std::path::{Path, PathBuf};

use crate::fence::{self, Fence};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is there")
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All blocks of all pages, in order.
pub fn fences() -> Vec<Fence> {
    let directory = std::fs::read_dir(root().join("docs")).expect("docs/ is there");
    let mut names: Vec<String> = directory
        .map(|entry| format!("docs/{}", entry.expect("readable").file_name().to_string_lossy()))
        .filter(|name| name.ends_with(".md"))
        .collect();
    names.sort();
    names.insert(0, "README.md".to_owned());
    names.iter().flat_map(|page| fence::parse(page, &read(page))).collect()
}

/// The blocks that `is_wanted`, page by page; pages without one are left out.
pub fn by_page(is_wanted: impl Fn(&Fence) -> bool) -> Vec<(String, Vec<Fence>)> {
    let mut pages: Vec<(String, Vec<Fence>)> = Vec::new();
    for fence in fences().into_iter().filter(is_wanted) {
        match pages.last_mut().filter(|(page, _)| *page == fence.page) {
            Some((_, fences)) => fences.push(fence),
            None => pages.push((fence.page.clone(), vec![fence])),
        }
    }
    pages
}
