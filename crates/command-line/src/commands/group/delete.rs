//! `milena group delete`.

use clap::Args;
use client::ClientError;
use client::admin::{GroupDescription, Outcomes};
use types::ErrorCode;

use crate::commands::arguments::ChangeArguments;
use crate::commands::{completion, connect, missing};
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena group delete`.
#[derive(Args, Clone, Debug)]
pub struct DeleteArguments {
    /// The groups.
    #[arg(required = true, value_name = "GROUP", add = completion::groups())]
    pub groups: Vec<String>,

    /// The options of every verb that changes something.
    #[command(flatten)]
    pub change: ChangeArguments,
}

pub(crate) fn delete(arguments: &DeleteArguments) -> Result<(), Failure> {
    let (names, failures) = arguments.change.ask.ask(async |admin| {
        let outcomes = match arguments.change.dry_run {
            false => admin.delete_groups(&arguments.groups).await,
            true => admin.describe_groups(&arguments.groups).await.map(deletable),
        };
        let outcomes = outcomes.map_err(|error| connect::failure(&error))?;
        Ok(missing::settle(admin, outcomes).await)
    })?;
    let outcome = arguments.change.done("deleted");
    let items = names
        .into_iter()
        .map(|(name, ())| Value::object([("name", name.into()), ("outcome", outcome.as_str().into())]));
    let view = View::Sentences("group {name} {outcome}");
    Report::many(items.collect(), view).print(&arguments.change.ask.output.output)?;
    Failure::of_all(failures)
}

/// DeleteGroups cannot be asked to validate only: a group without members can be deleted.
fn deletable(described: Outcomes<String, GroupDescription>) -> Outcomes<String, ()> {
    let verdict = |name: &str, group: GroupDescription| match group.members.len() {
        0 => Ok(()),
        members => Err(ClientError::Topic {
            subject: format!("group {name}"),
            code: ErrorCode::NonEmptyGroup,
            message: Some(format!("it has {members} members")),
        }),
    };
    described
        .into_iter()
        .map(|(name, group)| {
            let verdict = group.and_then(|group| verdict(&name, group));
            (name, verdict)
        })
        .collect()
}
