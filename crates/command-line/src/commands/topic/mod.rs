//! `milena topic`: topics and their partitions.

pub mod alter;
pub mod create;
pub mod delete;
pub mod describe;
pub mod list;

use clap::Subcommand;

use crate::failure::Failure;

/// What is done with topics.
#[derive(Clone, Debug, Subcommand)]
pub enum TopicVerb {
    /// Name the topics there are
    #[command(visible_alias = "ls")]
    List(list::ListArguments),
    /// Show partitions, replicas and the keys set for topics
    Describe(describe::DescribeArguments),
    /// Create topics
    Create(create::CreateArguments),
    /// Delete topics with all that is in them
    #[command(visible_alias = "rm")]
    Delete(delete::DeleteArguments),
    /// Give topics more partitions, or other keys
    Alter(alter::AlterArguments),
}

pub(crate) fn perform(verb: &TopicVerb) -> Result<(), Failure> {
    match verb {
        TopicVerb::List(arguments) => list::list(arguments),
        TopicVerb::Describe(arguments) => describe::describe(arguments),
        TopicVerb::Create(arguments) => create::create(arguments),
        TopicVerb::Delete(arguments) => delete::delete(arguments),
        TopicVerb::Alter(arguments) => alter::alter(arguments),
    }
}
