//! Partitions: their offsets, records, producers, leaders and replicas.

mod ask_leaders;
mod delete_records;
mod elect_leaders;
mod list_offsets;
mod producers;
mod reassignments;

pub use elect_leaders::ElectionType;
pub use list_offsets::{ListedOffset, OffsetSpec};
pub use producers::ProducerDescription;
pub use reassignments::Reassignment;
