//! The rules of one partition, pure: what its producers may append, and where its leader epochs began.
//!
//! *Invariant:* no file, clock, thread or randomness in here; times come in as arguments. The crate `log` feeds it
//! with what it appends and stores what must survive.

mod leader_epochs;
pub mod producer_state;

pub use leader_epochs::{EpochEnd, LeaderEpochs};
pub use producer_state::ProducerState;
