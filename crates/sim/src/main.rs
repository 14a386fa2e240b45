//! Runs seeds of the simulation: `cargo xtask sim [SEED] [--seeds N] [--long]`.

use std::process::ExitCode;

use clap::Parser;
use sim::{Counts, Size};

/// Runs a whole node on simulated disk, clock and network.
#[derive(Parser)]
#[command(name = "cargo xtask sim")]
struct Options {
    /// The first seed, or the only one.
    #[arg(default_value_t = 0)]
    seed: u64,
    /// How many seeds to run, from the first on.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Runs of a few thousand requests instead of a few hundred.
    #[arg(long)]
    long: bool,
    /// Goes on after a failure, and shows no traces.
    #[arg(long)]
    keep_going: bool,
    /// Shows what the node logs.
    #[arg(long)]
    log: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.log {
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
            .without_time()
            .init();
    }
    let size = if options.long { Size::Long } else { Size::Short };
    let (mut counts, mut failures) = (Counts::default(), 0);
    for seed in options.seed..options.seed.saturating_add(options.seeds) {
        match sim::run(seed, size) {
            Ok(report) => {
                counts.add(&report.counts);
                if options.seeds == 1 {
                    println!("seed {seed}: trace {:016x}", report.trace_digest);
                }
            }
            Err(failure) if options.keep_going => {
                failures += 1;
                println!("seed {seed} broke {}", failure.violation);
            }
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{} seeds, {failures} failures: {counts:?}", options.seeds);
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
