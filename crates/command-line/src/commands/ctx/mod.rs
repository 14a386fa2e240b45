//! `milena ctx`: names for clusters, so that `--bootstrap-server` need not be typed.

pub(crate) mod contexts;
pub mod delete;
pub mod list;
pub mod make_current;
pub mod set;

use clap::{Args, Subcommand};

use self::contexts::Contexts;
use crate::commands::arguments::OutputArguments;
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// What is done with contexts.
#[derive(Clone, Debug, Subcommand)]
pub enum CtxVerb {
    /// List the contexts, and which of them counts
    List(list::ListArguments),
    /// Let this context count where none is named
    Use(make_current::UseArguments),
    /// Give a cluster a name, or a name another cluster
    Set(set::SetArguments),
    /// Forget contexts
    Delete(delete::DeleteArguments),
}

pub(crate) fn perform(verb: &CtxVerb) -> Result<(), Failure> {
    match verb {
        CtxVerb::List(arguments) => list::list(arguments),
        CtxVerb::Use(arguments) => make_current::make_current(arguments),
        CtxVerb::Set(arguments) => set::set(arguments),
        CtxVerb::Delete(arguments) => delete::delete(arguments),
    }
}

/// Options of a verb that changes the file of contexts.
#[derive(Args, Clone, Debug)]
pub struct EditArguments {
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// How the answer is printed.
    #[command(flatten)]
    pub output: OutputArguments,
}

impl EditArguments {
    /// Saves the contexts, where it is not a dry run, and tells what was done to these.
    fn finish(&self, contexts: &Contexts, names: &[&str], participle: &str) -> Result<(), Failure> {
        let outcome = match self.dry_run {
            true => format!("would be {participle}"),
            false => {
                contexts.save()?;
                participle.to_owned()
            }
        };
        let item =
            |name: &&str| Value::object([("name", (*name).into()), ("outcome", outcome.as_str().into())]);
        Report::many(names.iter().map(item).collect(), View::Sentences("context {name} {outcome}"))
            .print(&self.output.output)
    }
}
