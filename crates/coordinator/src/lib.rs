//! What every coordinator shares: a shard is the state of one partition of an internal topic, rebuilt by replaying it.
//!
//! A coordinator (of groups, of transactions) is a set of [`Shard`]s, one for each partition of its topic that this
//! broker leads. A shard is a pure machine: requests and the passing of time go in, a [`Step`] comes out. A
//! [`runtime::Runtime`] stands around each: it knows when the shard may be asked and when its replies may leave.
//!
//! [`pattern`] reads the regular expressions that clients send to coordinators, as Kafka's engine does.
//!
//! *Invariant:* a step's state is already that after its records (replay at append, answer at commit): whoever runs a
//! shard appends the records of its steps in order, and holds every reply until all that was appended before it is
//! committed.
//! *Invariant:* where an append fails, the shard is dropped, every parked caller is told so with an error on which
//! clients try again, and the shard is loaded anew from its log. Nothing is rolled back.

mod batch_size;
pub mod pattern;
mod record;
pub mod runtime;
mod shard;

pub use batch_size::fit_into_batch;
pub use record::{CoordinatorRecord, MalformedRecord, Written};
pub use runtime::Unavailable;
pub use shard::{Now, Shard, Step, Token};
