//! `cargo xtask golden`: makes the checked-in golden bytes anew with the classes of Apache Kafka.

use anyhow::{Context, bail};
use clap::Args;

use crate::command::{root, run as run_command};

/// Which golden bytes to make.
#[derive(Args)]
pub struct Options {
    /// Makers to run, by their directory's name under conformance/golden/ (all when none is named).
    makers: Vec<String>,
}

/// Runs the `make` script of each maker; it writes into the `testdata` of the crate that it serves.
///
/// # Errors
/// When a maker that was named does not exist, or one fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let directory = root().join("conformance/golden");
    let mut makers = Vec::new();
    for entry in std::fs::read_dir(&directory).context("conformance/golden holds the makers")? {
        let entry = entry?;
        if entry.path().join("make").is_file() {
            makers.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    makers.sort();
    if let Some(unknown) = options.makers.iter().find(|name| !makers.contains(name)) {
        bail!("no maker is called {unknown}; there are: {}", makers.join(", "));
    }
    makers.retain(|maker| options.makers.is_empty() || options.makers.contains(maker));
    for maker in &makers {
        run_command(&format!("conformance/golden/{maker}/make"), [] as [&str; 0])?;
    }
    Ok(())
}
