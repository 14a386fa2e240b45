//! `milena consume TOPIC`: the records of a topic on standard output, a line each.

mod group;
mod partitions;
mod printer;
mod reading;

use clap::{Args, ValueEnum};
use client::consumer::{GroupProtocol, IsolationLevel};

use self::printer::{Layout, Printer, Stop};
use super::arguments::ClusterArguments;
use super::offset_argument::OffsetArgument;
use super::record_format::RecordFormat;
use super::{completion, connect};
use crate::command_line::LogArguments;
use crate::failure::Failure;
use crate::logging;

/// Options of `milena consume`.
#[derive(Args, Clone, Debug)]
pub struct ConsumeArguments {
    /// The topic.
    #[arg(add = completion::topics())]
    pub topic: String,

    /// How to reach the cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// Begin at the first record there is; the same as --offset beginning.
    #[arg(long, conflicts_with = "offset")]
    pub from_beginning: bool,

    /// Where to begin: beginning, end, a number, -NUMBER from the end, or @TIME, which is milliseconds since 1970 or such as
    /// 2026-11-21T15:00:00Z [default: end].
    #[arg(short, long, allow_hyphen_values = true)]
    pub offset: Option<OffsetArgument>,

    /// Read as a member of this group: the members share the partitions out, and what was printed is committed. Begins
    /// where the group was; where it was nowhere, at the end, or with --from-beginning at the first record.
    #[arg(short, long, value_name = "GROUP", add = completion::groups(), conflicts_with_all = ["offset", "partitions"])]
    pub group: Option<String>,

    /// How the group shares partitions out: by a member that leads it, or by its coordinator (KIP-848).
    #[arg(long, value_name = "PROTOCOL", default_value = "classic", requires = "group")]
    pub group_protocol: GroupProtocolArgument,

    /// Read this partition only; may be repeated.
    #[arg(long = "partition", value_name = "NUMBER")]
    pub partitions: Vec<i32>,

    /// Stop at what is the end now, instead of waiting for more.
    #[arg(short, long)]
    pub exit_at_end: bool,

    /// Stop after this many records.
    #[arg(short, long, value_name = "NUMBER")]
    pub count: Option<u64>,

    /// Print each record's key and the separator before its value; nothing stands for no key.
    #[arg(long)]
    pub print_key: bool,

    /// What stands between key and value; \t is a tab.
    #[arg(short = 'K', long, value_name = "TEXT", default_value = "\\t")]
    pub key_separator: String,

    /// Print each record like this: %s value, %k key, %t topic, %p partition, %o offset, %T timestamp, %h headers, %S and %K
    /// bytes of value and key; %s{hex} and %s{base64} for bytes that are no text; \n and \t as elsewhere.
    #[arg(short, long, conflicts_with_all = ["print_key", "key_separator"], value_parser = RecordFormat::parse)]
    pub format: Option<RecordFormat>,

    /// Print each record as an object, a line each, as milena produce --json takes it.
    #[arg(short = 'J', long, conflicts_with_all = ["format", "print_key", "key_separator"])]
    pub json: bool,

    /// See committed transactions only; the same as --isolation-level read_committed.
    #[arg(long, conflicts_with = "isolation_level")]
    pub read_committed: bool,

    /// Which transactions are seen.
    #[arg(long, default_value = "read_uncommitted")]
    pub isolation_level: IsolationArgument,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// See [`ConsumeArguments::isolation_level`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum IsolationArgument {
    #[value(name = "read_uncommitted")]
    ReadUncommitted,
    #[value(name = "read_committed")]
    ReadCommitted,
}

/// See [`ConsumeArguments::group_protocol`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum GroupProtocolArgument {
    Classic,
    Consumer,
}

impl ConsumeArguments {
    fn group_protocol(&self) -> GroupProtocol {
        match self.group_protocol {
            GroupProtocolArgument::Classic => GroupProtocol::Classic,
            GroupProtocolArgument::Consumer => GroupProtocol::Consumer,
        }
    }

    fn isolation_level(&self) -> IsolationLevel {
        match self.read_committed || self.isolation_level == IsolationArgument::ReadCommitted {
            true => IsolationLevel::ReadCommitted,
            false => IsolationLevel::ReadUncommitted,
        }
    }

    fn layout(&self) -> Layout {
        match &self.format {
            Some(format) => Layout::Format(format.clone()),
            None if self.json => Layout::Json,
            None => Layout::Value {
                key_separator: self.print_key.then(|| connect::unescape(&self.key_separator)),
            },
        }
    }
}

pub(crate) fn consume(arguments: &ConsumeArguments) -> Result<(), Failure> {
    logging::start(&arguments.log, "warn")?;
    let mut printer = Printer::new(arguments.layout(), arguments.count);
    let ended = connect::block_on(&connect::runtime()?, async {
        let client = connect::client(&arguments.cluster, "milena-consume").map_err(Stop::Failed)?;
        match &arguments.group {
            Some(group) => group::print_records(arguments, group, &client, &mut printer).await,
            None => partitions::print_records(arguments, &client, &mut printer).await,
        }
    });
    match ended {
        Ok(()) => Ok(()),
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Interrupted) => {
            let words =
                "interrupted before the group knew: it keeps this member's partitions until its session ends";
            Err(Failure::runtime("interrupted", words))
        }
        Err(Stop::Output(error)) => {
            printer.give_up();
            Err(Failure::output(&error))
        }
    }
}
