//! `milena topic delete`.

use clap::Args;

use crate::commands::arguments::ChangeArguments;
use crate::commands::{completion, connect, missing};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena topic delete`.
#[derive(Args, Clone, Debug)]
pub struct DeleteArguments {
    /// The topics.
    #[arg(required = true, value_name = "TOPIC", add = completion::topics())]
    pub topics: Vec<String>,

    /// A topic that does not exist is no error.
    #[arg(long)]
    pub if_exists: bool,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn delete(arguments: &DeleteArguments) -> Result<(), Failure> {
    let (names, mut failures) = arguments.change.ask.ask(async |admin| {
        // DeleteTopics cannot be asked to validate only: what exists can be deleted.
        let outcomes = match arguments.change.dry_run {
            false => admin.delete_topics(&arguments.topics).await,
            true => admin.describe_topics(&arguments.topics).await.map(|described| {
                described.into_iter().map(|(name, topic)| (name, topic.map(|_| ()))).collect()
            }),
        };
        let outcomes = outcomes.map_err(|error| connect::failure(&error))?;
        Ok(missing::settle(admin, outcomes).await)
    })?;
    if arguments.if_exists {
        failures.retain(|failure| !failure.is_not_found());
    }
    let outcome = arguments.change.done("deleted");
    let items = names
        .into_iter()
        .map(|(name, ())| Value::object([("name", name.into()), ("outcome", outcome.as_str().into())]));
    let view = View::Sentences("topic {name} {outcome}");
    Report::many(items.collect(), view).print(&arguments.change.ask.output.output)?;
    Failure::of_all(failures)
}
