//! `milena perf`: how fast a cluster is, as one client sees it.

pub mod consume;
pub mod e2e;
mod figures;
mod payload;
pub mod produce;

use clap::Subcommand;

use crate::failure::Failure;

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
pub enum PerfVerb {
    /// Measure how fast records are acknowledged
    Produce(produce::ProduceArguments),
    /// Measure how fast records are read
    Consume(consume::ConsumeArguments),
    /// Measure how long a record takes from a producer to a consumer, one after the other
    E2e(e2e::E2eArguments),
}

pub(crate) fn perform(verb: &PerfVerb) -> Result<(), Failure> {
    match verb {
        PerfVerb::Produce(arguments) => produce::produce(arguments),
        PerfVerb::Consume(arguments) => consume::consume(arguments),
        PerfVerb::E2e(arguments) => e2e::e2e(arguments),
    }
}
