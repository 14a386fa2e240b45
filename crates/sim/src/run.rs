//! A run: the lives of one node on one disk, and what became of its promises.

use std::cell::Cell;
use std::fmt;
use std::panic;
use std::rc::Rc;
use std::sync::Once;

use io::Entropy;

use crate::actors::Actors;
use crate::invariants::Violation;
use crate::life;
use crate::plan::{Plan, Size};
use crate::world::World;

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of every request, answer and fault, with its simulated time.
    pub trace_digest: u64,
    /// How much happened.
    pub counts: Counts,
}

/// How much happened in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field counts what its name says")]
pub struct Counts {
    pub lives: u64,
    pub requests: u64,
    pub connections: u64,
    pub records_acknowledged: u64,
    pub records_read: u64,
    pub deaths: u64,
    pub power_cuts: u64,
    pub disk_faults: u64,
    pub starts_on_failing_disks: u64,
    pub connections_cut: u64,
    pub clock_jumps: u64,
    pub shares: u64,
    pub consumer_group_shares: u64,
    pub commits: u64,
    pub offset_fetches: u64,
    pub stable_groups: u64,
    pub stable_consumer_groups: u64,
    pub transactions_committed: u64,
    pub transactions_aborted: u64,
}

/// A run that broke a promise.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What to run again.
    pub seed: u64,
    /// How much the run did.
    pub size: Size,
    /// The first promise that was broken.
    pub violation: Violation,
    /// What happened until then.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        let long = if self.size == Size::Long { " --long" } else { "" };
        writeln!(f, "seed {} broke {}", self.seed, self.violation)?;
        write!(f, "run it again: cargo xtask sim {}{long}", self.seed)
    }
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.requests += other.requests;
        self.connections += other.connections;
        self.records_acknowledged += other.records_acknowledged;
        self.records_read += other.records_read;
        self.deaths += other.deaths;
        self.power_cuts += other.power_cuts;
        self.disk_faults += other.disk_faults;
        self.starts_on_failing_disks += other.starts_on_failing_disks;
        self.connections_cut += other.connections_cut;
        self.clock_jumps += other.clock_jumps;
        self.shares += other.shares;
        self.consumer_group_shares += other.consumer_group_shares;
        self.commits += other.commits;
        self.offset_fetches += other.offset_fetches;
        self.stable_groups += other.stable_groups;
        self.stable_consumer_groups += other.stable_consumer_groups;
        self.transactions_committed += other.transactions_committed;
        self.transactions_aborted += other.transactions_aborted;
    }
}

/// Runs a seed.
///
/// # Errors
/// The first promise that the node broke, with all that led to it.
pub fn run(seed: u64, size: Size) -> Result<Report, Box<Failure>> {
    count_panics();
    let entropy = Entropy::from_seed(seed);
    let plan = Plan::draw(&entropy, size);
    let lives = plan.lives.clone();
    let world = Rc::new(World::new(plan, Entropy::from_seed(entropy.next_u64())));
    let actors = Actors::new(&world, &entropy);
    for (number, life) in lives.iter().enumerate() {
        life::live(&world, &actors, number, *life);
        check_panics(&world);
        if world.is_broken() {
            break;
        }
    }
    if !world.is_broken() {
        life::last(&world, &actors, lives.len());
        check_panics(&world);
    }
    match world.take_violation() {
        Some(violation) => Err(Box::new(Failure { seed, size, violation, trace: world.trace.take_lines() })),
        None => Ok(Report { trace_digest: world.trace.digest(), counts: *world.counts.borrow() }),
    }
}

thread_local! {
    /// Panics on this thread: a task's panic stays with the task, and must not go unseen.
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

fn count_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            before(info);
        }));
    });
}

fn check_panics(world: &World) {
    if PANICS.replace(0) > 0 {
        world.fail(Violation::new("nothing_panics", "see the message above the trace".to_owned()));
    }
}
