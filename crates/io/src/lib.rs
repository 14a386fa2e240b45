//! Ports to the outside world: disk, clock, randomness. The node sees only these, so that it can run on real ones
//! or, whole and deterministic, on simulated ones.
//!
//! *Boundary:* no rule of Kafka lives here. Sockets live in `net`.

mod blocking;
mod clock;
pub mod disk;
mod entropy;

pub use blocking::Blocking;
pub use clock::Clock;
pub use disk::{Disk, DiskFile, FileRegion};
pub use entropy::Entropy;
