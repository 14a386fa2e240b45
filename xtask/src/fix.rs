//! `cargo xtask fix`: mends by machine what a machine can mend.

use crate::command::cargo;

/// Applies clippy's suggestions, then formats.
///
/// # Errors
/// When the code does not compile.
pub fn run() -> anyhow::Result<()> {
    cargo(["clippy", "--workspace", "--all-targets", "--fix", "--allow-dirty", "--allow-staged"])?;
    cargo(["fmt", "--all"])
}
