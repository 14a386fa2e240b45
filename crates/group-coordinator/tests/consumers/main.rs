//! Groups of the consumer protocol, beside members with the classic one, under fire and in peace: two thousand seeds
//! against named invariants. `MILENA_SEED=N` plays one of them.

mod client;
#[allow(dead_code, reason = "scenarios use more of it")]
#[path = "../groups/cluster.rs"]
mod cluster;
mod invariants;
mod random;
mod world;
