//! `cargo xtask conformance`, `bench` and `oracle`: the doors to the Python programs in `conformance/`.
//!
//! They are not Rust on purpose: the judge of a broker is somebody else's client, and a script that drives
//! other people's programs reads best where starting one is a line.

use clap::{Args, ValueEnum};

use crate::command::{cargo, run as run_command};
use crate::dist;

/// Which broker the suites run against.
#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// This project's release binary, built first.
    Milena,
    /// Apache Kafka itself: proves the suites, not the broker.
    Oracle,
}

/// What to run, and against which broker.
#[derive(Args)]
pub struct Options {
    /// The broker under test.
    #[arg(long, value_enum, default_value = "milena")]
    target: Target,
    /// Input sizes of a few seconds instead of the full ones.
    #[arg(long)]
    quick: bool,
    /// As CI runs them: the long suites with --quick, the others in full.
    #[arg(long)]
    ci: bool,
    /// Judge what ships: `cargo xtask dist` first, and its static program in all suites (the suite dist needs it).
    #[arg(long)]
    shipped: bool,
    /// Suites to run, as docs/conformance.md names them (all when none is named).
    suites: Vec<String>,
}

/// What to measure.
#[derive(Args)]
pub struct BenchOptions {
    /// Megabytes to produce and to consume per broker.
    #[arg(long, default_value_t = 1000)]
    megabytes: u32,
    /// Measures only these: cpu, start, partitions, groups, commits, rebalance, transactions, list (needs valgrind), clients.
    measurements: Vec<String>,
}

/// Arguments of `conformance/oracle.py`.
#[derive(Args)]
pub struct OracleOptions {
    /// As `python3 conformance/oracle.py --help` shows them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Runs the suites; the release binary is built first where it is the broker under test.
///
/// # Errors
/// When the build or a suite fails.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let target = match options.target {
        Target::Milena => "milena",
        Target::Oracle => "oracle",
    };
    let mut environment = None;
    if options.shipped {
        let program = dist::run(&dist::Options::default())?;
        environment = Some(format!("MILENA_BINARY={}", program.display()));
    } else if matches!(options.target, Target::Milena) {
        cargo(["build", "--release", "--package", "milena"])?;
    }
    let amount = options.quick.then_some("--quick").into_iter().chain(options.ci.then_some("--ci"));
    let fixed = ["conformance/run.py", "--target", target].into_iter().chain(amount);
    let program = environment.as_deref().into_iter().chain(["python3"]);
    run_command("env", program.chain(fixed).chain(options.suites.iter().map(String::as_str)))
}

/// Builds the release binary and measures it beside the oracle.
///
/// # Errors
/// When the build or a measurement fails.
pub fn bench(options: &BenchOptions) -> anyhow::Result<()> {
    cargo(["build", "--release", "--package", "milena"])?;
    let megabytes = options.megabytes.to_string();
    let fixed = ["conformance/bench.py", "--megabytes", &megabytes];
    run_command("python3", fixed.into_iter().chain(options.measurements.iter().map(String::as_str)))
}

/// Runs Apache Kafka or one of its tools.
///
/// # Errors
/// When it ends with another code than 0.
pub fn oracle(options: &OracleOptions) -> anyhow::Result<()> {
    let arguments = options.arguments.iter().map(String::as_str);
    run_command("python3", ["conformance/oracle.py"].into_iter().chain(arguments))
}
