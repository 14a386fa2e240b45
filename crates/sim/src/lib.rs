//! A whole node on a simulated disk, clock and network, with clients that keep book of what they were promised.
//!
//! [`run`] draws everything from one seed: settings, what clients do and when, which faults happen. A run is a few lives
//! of a node on one disk; each ends in a clean stop, the death of the process or a power cut. The clients live on and
//! hold the next node to what the last one promised. One seed gives one trace, so a failure is run again by its seed:
//! `cargo xtask sim SEED`.
//!
//! | file | what |
//! |---|---|
//! | `run` | a run: its lives, its report |
//! | `plan` | what a seed draws: settings of the node, lives, faults |
//! | `life` | one life of the node, from its start to its end |
//! | `world` | what a run shares: ports, book, trace, the first broken promise |
//! | `wire` | a client's connection: raw messages, cut at any byte |
//! | `book` | what clients asked for, were promised and saw |
//! | `groups` | the same of groups: commits, generations, sessions, what members of consumer groups have |
//! | `transactions` | the same of transactions: what each wrote and how it was to end |
//! | `invariants` | what must hold, by name |
//! | `keyed` | records with keys, for compacted topics |
//! | `actors` | the clients: admin, producers, consumers, members of groups, those who write in transactions, the audits after each start |
//! | `trace` | what happened, with its simulated time, as text and as a digest |

mod actors;
mod book;
mod groups;
mod invariants;
mod keyed;
mod life;
mod plan;
mod run;
mod trace;
mod transactions;
mod wire;
mod world;

pub use invariants::Violation;
pub use plan::Size;
pub use run::{Counts, Failure, Report, run};
