//! `cargo xtask instructions`: what one request costs, in instructions.
//!
//! Each hot path runs under callgrind at two counts; the difference, divided by the requests between them, leaves out
//! the start and is the same on a busy machine and on an idle one.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::command::cargo;

/// The paths of `crates/milena/examples/hot_paths.rs`, and how many requests the second run has more than the first.
const PATHS: [(&str, u64); 4] =
    [("produce-100k", 100), ("produce-1k", 1000), ("fetch-100k", 1000), ("metadata", 1000)];

/// Requests of the first run: caches and lazily made things are warm after it.
const FEW: u64 = 20;

/// Builds the example and prints a table in Markdown.
///
/// # Errors
/// When the build fails or valgrind is not there.
pub fn run() -> anyhow::Result<()> {
    cargo(["build", "--release", "--package", "milena", "--example", "hot_paths"])?;
    println!("| path | instructions per request |");
    println!("|---|---|");
    for (path, more) in PATHS {
        let (few, many) = (count(path, FEW)?, count(path, FEW + more)?);
        println!("| {path} | {} |", (many - few) / more);
    }
    Ok(())
}

/// Instructions of a whole run.
fn count(path: &str, requests: u64) -> anyhow::Result<u64> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(target.join("release/examples/hot_paths"))
        .args([path, &requests.to_string()])
        .output()
        .context("valgrind could not be started")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "hot_paths {path} failed:\n{told}");
    let collected =
        told.lines().find_map(|line| line.split_once("Collected : ")).context("callgrind told no count")?;
    collected.1.trim().parse().context("callgrind told no number")
}
