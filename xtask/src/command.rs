//! Commands that a task runs: shown before they start, and an error when they fail.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root").to_path_buf()
}

/// Runs `program` in the repository's root and waits for it.
///
/// # Errors
/// When it cannot be started (the message names it, so that it can be installed) or ends with another code than 0.
pub fn run<I, A>(program: &str, arguments: I) -> anyhow::Result<()>
where
    I: IntoIterator<Item = A>,
    A: Into<String>,
{
    let arguments: Vec<String> = arguments.into_iter().map(Into::into).collect();
    let shown = format!("{program} {}", arguments.join(" "));
    eprintln!("+ {shown}");
    let status = Command::new(program)
        .args(&arguments)
        .current_dir(root())
        .status()
        .with_context(|| format!("cannot start `{program}`: is it installed?"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// Runs cargo, the one that runs this task.
///
/// # Errors
/// As [`run`].
pub fn cargo<const N: usize>(arguments: [&str; N]) -> anyhow::Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    run(&cargo, arguments)
}
