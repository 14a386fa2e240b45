//! Delayed operations on a hierarchical timing wheel, as a pure machine.
//!
//! An operation waits for something to happen to one of its keys (a partition gets more records, a group a member)
//! or for its deadline. Whoever changes a key asks [`Purgatory::touched`] which operations to look at again; whoever
//! watches the clock asks [`Purgatory::expire`]. Both are the caller's: there is no clock and no task in here.
//!
//! *Invariant:* memory is bounded by the operations that wait now: an operation that is removed leaves nothing behind,
//! neither in the wheel nor under its keys.
//! *Invariant:* with the same calls in the same order, operations come back in the same order.
//! *Cost:* registering and removing is O(keys of the operation), a touch O(operations waiting on the key), time
//! passing O(operations that expire).

mod delayed_operation;
mod linked_slab;
mod timing_wheel;
mod watchers;

pub use delayed_operation::{OperationId, Purgatory};
pub use timing_wheel::{TimerKey, TimingWheel};
pub use watchers::{WatchKey, Watchers};
