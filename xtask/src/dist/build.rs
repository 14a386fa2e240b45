//! The static program.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::command::{root, run};

/// Linked with musl.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds the program and says where it is.
///
/// # Errors
/// When the target or its C compiler is not there, or the build fails.
pub fn binary(profile: &str) -> anyhow::Result<PathBuf> {
    ensure!(has("musl-gcc"), "musl-gcc is not installed: apt install musl-tools");
    if has("rustup") {
        run("rustup", ["target", "add", TARGET])?;
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    // Paths of this machine in messages of panics would make the program another one on each machine.
    let cargo_home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")))?;
    let target = std::path::absolute(target_directory())?;
    // Of several that fit the last one counts.
    let prefixes = [(root(), "."), (PathBuf::from(cargo_home), "cargo"), (target, "target")];
    let prefixes = prefixes.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    // Relocations of a program that may lie anywhere, by the dozen in a word: a third of a megabyte less.
    let packed = "-Clink-arg=-Wl,-z,pack-relative-relocs";
    let flags = format!("{} -Ctarget-feature=+crt-static {packed}", prefixes.join(" "));
    let arguments = ["build", "--locked", "--package", "milena", "--target", TARGET, "--profile", profile];
    let flags = format!("CARGO_TARGET_{}_RUSTFLAGS={flags}", TARGET.to_uppercase().replace('-', "_"));
    run("env", [flags.as_str(), cargo.as_str()].into_iter().chain(arguments))?;
    let directory = if profile == "dev" { "debug" } else { profile };
    Ok(target_directory().join(TARGET).join(directory).join("milena"))
}

/// Where cargo builds.
pub fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The time that every file bears.
///
/// # Errors
/// When `SOURCE_DATE_EPOCH` is no number, or it is not set and git does not tell when the last commit was.
pub fn epoch() -> anyhow::Result<u64> {
    if let Ok(set) = std::env::var("SOURCE_DATE_EPOCH") {
        return set.parse().context("SOURCE_DATE_EPOCH is no number of seconds");
    }
    let told = Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(root()).output()?;
    let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    told.parse().context("git does not tell when the last commit was: set SOURCE_DATE_EPOCH")
}

fn has(program: &str) -> bool {
    let found = |directory: PathBuf| directory.join(program).is_file();
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(found))
}
