//! What a measurement found: throughput, latencies, and what it cost this process.

use std::time::Duration;

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::output::{Column, Format, Report, Value, View, column};

/// The longest latency that is told apart.
const LATENCY_MAX: Duration = Duration::from_secs(600);

const FACTS: &[Column] = &[
    column("records", "records"),
    column("seconds", "seconds"),
    column("records/s", "records_per_second"),
    column("MB/s", "megabytes_per_second"),
    column("CPU s", "cpu_seconds"),
    column("CPU us/record", "cpu_us_per_record"),
];

const LATENCIES: &[Column] = &[column("LATENCY", "percentile"), column("MS", "ms")];

/// Latencies, to a thousandth of their size, from a microsecond on.
#[derive(Clone, Debug)]
pub(super) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(super) fn new() -> Self {
        let max = u64::try_from(LATENCY_MAX.as_micros()).unwrap_or(u64::MAX);
        Self(Histogram::new_with_bounds(1, max, 3).expect("the bounds are in order"))
    }

    pub(super) fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
    }

    fn value(&self) -> Value {
        let row = |name: &str, us: f64| {
            Value::object([("percentile", name.into()), ("ms", rounded(us / 1000.0).into())])
        };
        let quantiles =
            [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];
        let quantiles =
            quantiles.map(|(name, quantile)| row(name, self.0.value_at_quantile(quantile) as f64));
        Value::List([row("mean", self.0.mean())].into_iter().chain(quantiles).collect())
    }
}

/// A measurement that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch {
    begun: Instant,
    cpu_begun: Duration,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self { begun: Instant::now(), cpu_begun: cpu_time() }
    }

    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// What there is to tell of `records` with `bytes` in all.
    pub(super) fn stop(self, records: u64, bytes: u64) -> Figures {
        Figures {
            records,
            bytes,
            elapsed: self.begun.elapsed(),
            cpu: cpu_time().saturating_sub(self.cpu_begun),
        }
    }
}

/// What a measurement found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    records: u64,
    bytes: u64,
    elapsed: Duration,
    /// Of all threads of this process, in user and system mode.
    cpu: Duration,
}

impl Figures {
    /// Prints them, with the latencies where there are any.
    pub(super) fn print(
        &self,
        name: &str,
        latencies: Option<&Latencies>,
        format: &Format,
    ) -> Result<(), Failure> {
        let view = View::Pages { facts: FACTS, tables: &[("latencies", LATENCIES)] };
        Report::one(self.item(name, latencies), view).print(format)
    }

    fn item(&self, name: &str, latencies: Option<&Latencies>) -> Value {
        let (seconds, records) = (self.elapsed.as_secs_f64(), self.records as f64);
        let each = |amount: f64, of: f64| if of > 0.0 { rounded(amount / of) } else { 0.0 };
        let count = |count: u64| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        Value::object([
            ("name", name.into()),
            ("records", count(self.records)),
            ("bytes", count(self.bytes)),
            ("seconds", rounded(seconds).into()),
            ("records_per_second", each(records, seconds).into()),
            ("megabytes_per_second", each(self.bytes as f64 / 1e6, seconds).into()),
            ("cpu_seconds", rounded(self.cpu.as_secs_f64()).into()),
            ("cpu_us_per_record", each(self.cpu.as_secs_f64() * 1e6, records).into()),
            ("latencies", latencies.map_or(Value::Null, Latencies::value)),
        ])
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// To a thousandth: the rest is noise.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut latencies = Latencies::new();
        for ms in 1..=1000 {
            latencies.record(Duration::from_millis(ms));
        }
        let told = latencies.value();
        for (row, (name, expected)) in told.items().iter().zip([
            ("mean", 500.5),
            ("p50", 500.0),
            ("p90", 900.0),
            ("p95", 950.0),
            ("p99", 990.0),
            ("p99.9", 999.0),
            ("max", 1000.0),
        ]) {
            assert_eq!(row.at("percentile"), Some(&name.into()));
            let Some(Value::Float(ms)) = row.at("ms") else { panic!("{row:?}") };
            assert!((ms - expected).abs() <= expected / 500.0, "{name}: {ms}, not {expected}");
        }
    }

    #[test]
    fn figures_are_told_by_the_second_and_by_the_record() {
        let (elapsed, cpu) = (Duration::from_secs(2), Duration::from_millis(500));
        let item = Figures { records: 1000, bytes: 4_000_000, elapsed, cpu }.item("t", None);
        for (field, expected) in [
            ("records_per_second", 500.0),
            ("megabytes_per_second", 2.0),
            ("cpu_seconds", 0.5),
            ("cpu_us_per_record", 500.0),
        ] {
            assert_eq!(item.at(field), Some(&Value::Float(expected)), "{field}");
        }
        let nothing = Figures { records: 0, bytes: 0, elapsed: Duration::ZERO, cpu }.item("t", None);
        assert_eq!(nothing.at("records_per_second"), Some(&Value::Float(0.0)), "and no NaN");
    }
}
