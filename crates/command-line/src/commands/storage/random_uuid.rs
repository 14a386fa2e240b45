//! `milena storage random-uuid`.

use clap::Args;

use crate::commands::arguments::OutputArguments;
use crate::commands::connect;
use crate::failure::Failure;
use crate::output::{Report, Value, View};

/// Options of `milena storage random-uuid`.
#[derive(Args, Clone, Debug)]
pub struct RandomUuidArguments {
    /// How the answer is printed.
    #[command(flatten)]
    pub output: OutputArguments,
}

pub(crate) fn random_uuid(arguments: &RandomUuidArguments) -> Result<(), Failure> {
    let item =
        Value::object([("name", controller_node::format::new_id(&connect::entropy()?).to_string().into())]);
    Report::one(item, View::Sentences("{name}")).print(&arguments.output.output)
}
