//! `cargo xtask check`: what has to hold before a change lands.

use crate::command::cargo;

/// Runs the checks, cheapest first; the first that fails ends them.
///
/// # Errors
/// When a check fails, or cargo-deny is not installed (`cargo install --locked cargo-deny`).
pub fn run() -> anyhow::Result<()> {
    cargo(["fmt", "--all", "--check"])?;
    cargo(["deny", "check", "bans", "licenses", "sources"])?;
    cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    cargo(["test", "--workspace"])
}
