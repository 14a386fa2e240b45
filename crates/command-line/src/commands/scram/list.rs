//! `milena scram list`.

use clap::Args;
use client::admin::{ScramCredential, ScramMechanism};

use crate::commands::arguments::AskArguments;
use crate::commands::{connect, missing};
use crate::failure::Failure;
use crate::output::{Column, Report, Value, View, column};

const COLUMNS: &[Column] =
    &[column("USER", "name"), column("MECHANISM", "mechanism"), column("ITERATIONS", "iterations")];

/// Options of `milena scram list`.
#[derive(Args, Clone, Debug)]
pub struct ListArguments {
    /// The users [default: all].
    #[arg(value_name = "USER")]
    pub users: Vec<String>,

    /// The options of every verb.
    #[command(flatten)]
    pub ask: AskArguments,
}

pub(crate) fn list(arguments: &ListArguments) -> Result<(), Failure> {
    let named = Some(arguments.users.as_slice()).filter(|users| !users.is_empty());
    let (found, failures) = arguments.ask.ask(async |admin| {
        let described = admin.describe_scram_credentials(named).await;
        let described = described.map_err(|error| connect::failure(&error))?;
        Ok(missing::settle(admin, described).await)
    })?;
    let items = found.iter().flat_map(|(user, credentials)| credentials.iter().map(|it| item(user, *it)));
    Report::many(items.collect(), View::Table(COLUMNS)).print(&arguments.ask.output.output)?;
    Failure::of_all(failures)
}

fn item(user: &str, credential: ScramCredential) -> Value {
    let mechanism = match credential.mechanism {
        ScramMechanism::Sha256 => "SCRAM-SHA-256".to_owned(),
        ScramMechanism::Sha512 => "SCRAM-SHA-512".to_owned(),
        ScramMechanism::Other(number) => format!("unknown ({number})"),
    };
    Value::object([
        ("name", user.into()),
        ("mechanism", mechanism.into()),
        ("iterations", credential.iterations.into()),
    ])
}
