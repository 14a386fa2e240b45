//! `cargo xtask sim`: seeds of the simulated node.

use clap::Args;

use crate::command;

/// What the simulation is told.
#[derive(Args)]
pub struct Options {
    /// `[SEED] [--seeds N] [--long] [--keep-going] [--log]`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the simulation; it prints the first seed that fails, and how to run it again.
///
/// # Errors
/// When a seed fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let fixed = ["run", "--quiet", "--package", "sim", "--"].map(str::to_owned);
    command::run(&cargo, fixed.into_iter().chain(options.arguments.iter().cloned()))
}
