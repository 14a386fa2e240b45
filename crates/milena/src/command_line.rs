//! The command line: verbs and options.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config_explain::ExplainArguments;

/// Milena, Apache Kafka in one binary. Without a command it starts a node.
#[derive(Debug, Parser)]
#[command(name = "milena", version, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    start: StartArguments,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a node; the same as no command
    Start(StartArguments),
    /// Send the lines of standard input to a topic
    Produce(ProduceArguments),
    /// Print the records of a topic, a line each
    Consume(ConsumeArguments),
    /// Settings
    Config {
        /// What is done with them.
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Tell what waits, what shows it, and what frees it
    #[command(subcommand)]
    Why(WhyCommand),
}

/// What is done with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Say all that is known of a key, without a cluster
    Explain(ExplainArguments),
}

impl CommandLine {
    /// The command; none given means start.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Start(self.start))
    }
}

/// Options of a node's start.
#[derive(Args, Clone, Debug, Default)]
pub struct StartArguments {
    /// A server.properties of Apache Kafka.
    ///
    /// A file that sets process.roles stands alone, as in Apache Kafka; any other is laid over the embedded defaults: one
    /// node for clients on this machine, at 127.0.0.1:9092, data in ./milena-data.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Set one key, over the file; may be repeated.
    #[arg(long = "override", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,

    /// Listen for clients on this port; 0 picks one that is free.
    #[arg(long)]
    pub port: Option<u16>,

    /// Write host:port for clients into this file once the node is ready.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,

    /// Keep all data in this directory (log.dirs).
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Keep all data in a temporary directory that is removed at exit.
    #[arg(long, conflicts_with = "data_dir")]
    pub ephemeral: bool,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// Options of what is told on stderr meanwhile.
#[derive(Args, Clone, Debug, Default)]
pub struct LogArguments {
    /// error, warn, info, debug, trace, or a filter such as info,net=debug [default: RUST_LOG, else info].
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// Options of `milena produce`.
#[derive(Args, Clone, Debug)]
pub struct ProduceArguments {
    /// The topic; created with the brokers' defaults where they do so.
    pub topic: String,

    /// How to reach the cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// Split each line at the first of these into key and value; \t is a tab. A line without one, or with nothing
    /// before it, has no key.
    #[arg(short = 'K', long, value_name = "TEXT")]
    pub key_separator: Option<String>,

    /// Send everything to this partition [default: by key, else wherever it suits].
    #[arg(long, value_name = "NUMBER")]
    pub partition: Option<i32>,

    /// all: acknowledged by every in-sync replica, and written once however often it is sent; 1: by the leader.
    #[arg(long, default_value = "all")]
    pub acks: AcksArgument,

    /// How batches are compressed.
    #[arg(short = 'z', long, default_value = "none")]
    pub compression: CompressionArgument,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// Options of `milena consume`.
#[derive(Args, Clone, Debug)]
pub struct ConsumeArguments {
    /// The topic.
    pub topic: String,

    /// How to reach the cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// Begin at the first record there is; the same as --offset beginning.
    #[arg(long, conflicts_with = "offset")]
    pub from_beginning: bool,

    /// Where to begin: beginning, end or a number [default: end].
    #[arg(short, long)]
    pub offset: Option<OffsetArgument>,

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

    /// See committed transactions only.
    #[arg(long)]
    pub read_committed: bool,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// What `milena why` is asked about.
#[derive(Clone, Debug, Subcommand)]
pub enum WhyCommand {
    /// What a consumer group does, and what it waits for
    Group {
        /// The group.
        name: String,
        /// How it is asked and told.
        #[command(flatten)]
        options: WhyOptions,
    },
}

/// Options of `milena why`.
#[derive(Args, Clone, Debug)]
pub struct WhyOptions {
    /// How to reach the cluster.
    #[command(flatten)]
    pub cluster: ClusterArguments,

    /// For people or for programs.
    #[arg(short, long, default_value = "text")]
    pub output: OutputFormat,

    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum OutputFormat {
    Text,
    Json,
}

/// How to reach a cluster.
#[derive(Args, Clone, Debug)]
pub struct ClusterArguments {
    /// Brokers to begin with, separated by commas.
    #[arg(short, long, value_name = "HOST:PORT", default_value = "127.0.0.1:9092", value_delimiter = ',')]
    pub bootstrap_server: Vec<String>,
}

/// See [`ProduceArguments::acks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum AcksArgument {
    All,
    #[value(name = "1")]
    Leader,
}

/// The codecs of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum CompressionArgument {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// Where to begin reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetArgument {
    /// At the first record there is.
    Beginning,
    /// Behind the last record.
    End,
    /// At this offset of every partition that is read.
    At(i64),
}

impl FromStr for OffsetArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "beginning" => Ok(Self::Beginning),
            "end" => Ok(Self::End),
            number => match number.parse() {
                Ok(offset) if offset >= 0 => Ok(Self::At(offset)),
                _ => Err("expected beginning, end or a number that is not negative".to_owned()),
            },
        }
    }
}
