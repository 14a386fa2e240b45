//! Runs that are drawn from a seed: all of them, or the one that failed, by `MILENA_SEED=N`.

use std::env;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Which seed to run again.
const VARIABLE: &str = "MILENA_SEED";

/// The seeds below `count`, or the one that `MILENA_SEED` names.
///
/// # Panics
/// If `MILENA_SEED` is no number.
pub fn below(count: u64) -> Range<u64> {
    match env::var(VARIABLE) {
        Ok(seed) => {
            let seed = seed.parse().unwrap_or_else(|_| panic!("{VARIABLE} is a number, not {seed}"));
            seed..seed + 1
        }
        Err(_) => 0..count,
    }
}

/// Runs each of [`below`], and returns what they add up to.
///
/// # Panics
/// Where a run panics, with its seed.
pub fn sum(count: u64, run: impl Fn(u64) -> u64) -> u64 {
    let runs = below(count).map(|seed| {
        let ended = catch_unwind(AssertUnwindSafe(|| run(seed)));
        ended.unwrap_or_else(|_| panic!("again with {VARIABLE}={seed}"))
    });
    runs.sum()
}

/// [`sum`], of runs that count nothing.
///
/// # Panics
/// Where a run panics, with its seed.
pub fn each(count: u64, run: impl Fn(u64)) {
    sum(count, |seed| {
        run(seed);
        0
    });
}
