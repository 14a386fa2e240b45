//! The door for every task of this project: `cargo xtask --help`.

mod check;
mod command;
mod conformance;
mod dist;
mod fix;
mod golden;
mod instructions;
mod sim;

use clap::{Parser, Subcommand};

/// Tasks of the Milena project.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Tests, format, lints and dependency rules, as CI asks them; writes nothing but build output.
    Check,
    /// Formats the code and applies what clippy can mend by itself.
    Fix,
    /// Runs other people's clients and tools against a node (needs Java, Maven, Python 3 and kcat).
    Conformance(conformance::Options),
    /// Measures a node beside Apache Kafka in one run and prints the ratios.
    Bench(conformance::BenchOptions),
    /// Runs Apache Kafka: `start DIR`, `adopt DIR DATA`, or `run CLASS ARGS...` for one of its tools.
    Oracle(conformance::OracleOptions),
    /// Counts the instructions of the hot paths, per request (needs valgrind).
    Instructions,
    /// Runs seeds of the simulated node: `SEED`, or `--seeds N`; `--long` for long runs, `--log` for what it logs.
    Sim(sim::Options),
    /// Makes what is shipped: a static program, a Debian package, an OCI image (needs musl-gcc).
    Dist(dist::Options),
    /// Makes the golden bytes anew with Apache Kafka's own classes.
    Golden(golden::Options),
}

fn main() -> anyhow::Result<()> {
    match Options::parse().task {
        Task::Check => check::run(),
        Task::Fix => fix::run(),
        Task::Conformance(options) => conformance::run(&options),
        Task::Bench(options) => conformance::bench(&options),
        Task::Oracle(options) => conformance::oracle(&options),
        Task::Instructions => instructions::run(),
        Task::Sim(options) => sim::run(&options),
        Task::Dist(options) => dist::run(&options).map(drop),
        Task::Golden(options) => golden::run(&options),
    }
}
