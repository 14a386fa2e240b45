//! The command line: nouns, and the options of a start. The verbs' options are with the verbs, in [`crate::commands`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::cluster::ClusterVerb;
use crate::commands::completions::CompletionsArguments;
use crate::commands::config::ConfigVerb;
use crate::commands::consume::ConsumeArguments;
use crate::commands::ctx::CtxVerb;
use crate::commands::doctor::DoctorArguments;
use crate::commands::feature::FeatureVerb;
use crate::commands::group::GroupVerb;
use crate::commands::log::LogVerb;
use crate::commands::man::ManArguments;
use crate::commands::node::NodeVerb;
use crate::commands::partition::PartitionVerb;
use crate::commands::perf::PerfVerb;
use crate::commands::produce::ProduceArguments;
use crate::commands::quota::QuotaVerb;
use crate::commands::scram::ScramVerb;
use crate::commands::storage::StorageVerb;
use crate::commands::top::TopArguments;
use crate::commands::topic::TopicVerb;
use crate::commands::txn::TxnVerb;
use crate::commands::why::WhyVerb;

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
    /// Send the lines of standard input, or of files, to a topic
    Produce(ProduceArguments),
    /// Print the records of a topic, a line each
    Consume(ConsumeArguments),
    /// Tell what waits, what shows it, and what frees it
    Why {
        /// What is asked about.
        #[command(subcommand)]
        verb: WhyVerb,
    },
    /// Look for what is wrong with this machine, a node's directories and a cluster, and say what helps
    Doctor(Box<DoctorArguments>),
    /// Show live what a cluster is doing: throughput, lag, partitions
    Top(TopArguments),
    /// Topics and their partitions
    Topic {
        /// What is done with them.
        #[command(subcommand)]
        verb: TopicVerb,
    },
    /// Consumer groups and what they have read
    Group {
        /// What is done with them.
        #[command(subcommand)]
        verb: GroupVerb,
    },
    /// Transactional ids and their transactions
    Txn {
        /// What is done with them.
        #[command(subcommand)]
        verb: TxnVerb,
    },
    /// Keys of topics, brokers, groups and clients' metrics
    Config {
        /// What is done with them.
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Single partitions: moves, leaders, records, producers
    Partition {
        /// What is done with them.
        #[command(subcommand)]
        verb: PartitionVerb,
    },
    /// What a cluster has finalized, such as metadata.version
    Feature {
        /// What is done with them.
        #[command(subcommand)]
        verb: FeatureVerb,
    },
    /// How much users, clients and addresses may take
    Quota {
        /// What is done with them.
        #[command(subcommand)]
        verb: QuotaVerb,
    },
    /// Users and their SCRAM credentials
    Scram {
        /// What is done with them.
        #[command(subcommand)]
        verb: ScramVerb,
    },
    /// The brokers of a cluster
    Node {
        /// What is done with them.
        #[command(subcommand)]
        verb: NodeVerb,
    },
    /// Data directories, without a node
    Storage {
        /// What is done with them.
        #[command(subcommand)]
        verb: StorageVerb,
    },
    /// Segment files, without a node
    Log {
        /// What is done with them.
        #[command(subcommand)]
        verb: LogVerb,
    },
    /// The cluster as a whole
    Cluster {
        /// What is done with it.
        #[command(subcommand)]
        verb: ClusterVerb,
    },
    /// Measure throughput and latency
    Perf {
        /// What is measured.
        #[command(subcommand)]
        verb: PerfVerb,
    },
    /// Names for clusters
    Ctx {
        /// What is done with them.
        #[command(subcommand)]
        verb: CtxVerb,
    },
    /// Print what lets a shell complete commands, topics and groups
    Completions(CompletionsArguments),
    /// Print the page of a command for man, as in milena man topic create | man -l -
    Man(ManArguments),
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
