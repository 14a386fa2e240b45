//! Topics: listed, described, created, deleted, given partitions.

mod create;
mod create_partitions;
mod delete;
mod describe;
mod list;

pub use create::{CreatedTopic, NewTopic};
pub use describe::{PartitionDescription, TopicDescription};
pub use list::TopicListing;
