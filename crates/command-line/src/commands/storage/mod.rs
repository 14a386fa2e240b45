//! `milena storage`: the data directories of a node, without the node. They are Kafka's own.

pub mod directory;
pub mod format;
pub mod info;
pub mod random_uuid;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::command_line::{LogArguments, StartArguments};
use crate::failure::Failure;
use crate::settings::{self, NodeSettings};
use crate::start::with_help;

/// What is done with data directories.
#[derive(Clone, Debug, Subcommand)]
pub enum StorageVerb {
    /// Make fresh data directories a node's own; a node that starts on fresh ones does so by itself
    Format(format::FormatArguments),
    /// Tell whose data directories are, in what state, and what lies in them
    Info(info::InfoArguments),
    /// Print an id such as a cluster may have
    RandomUuid(random_uuid::RandomUuidArguments),
}

pub(crate) fn perform(verb: &StorageVerb) -> Result<(), Failure> {
    match verb {
        StorageVerb::Format(arguments) => format::format(arguments),
        StorageVerb::Info(arguments) => info::info(arguments),
        StorageVerb::RandomUuid(arguments) => random_uuid::random_uuid(arguments),
    }
}

/// Whose directories are meant: the settings of a start.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Node")]
pub struct NodeArguments {
    /// The node's server.properties [default: the node that milena starts without a file].
    #[arg(short = 'c', long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Set one key, over the file; may be repeated.
    #[arg(long = "override", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,

    /// The node's data directory (log.dirs).
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl NodeArguments {
    /// The settings with which that node would start.
    pub(crate) fn settings(&self) -> Result<NodeSettings, Failure> {
        let start = StartArguments {
            config: self.config.clone(),
            overrides: self.overrides.clone(),
            data_dir: self.data_dir.clone(),
            log: LogArguments::default(),
            ..StartArguments::default()
        };
        settings::resolve(&start, std::env::vars_os())
            .map_err(|error| Failure::usage(error.code(), with_help(error.code(), &error, &error.help())))
    }
}

/// Every directory of a node, the one with the metadata log first.
pub(crate) fn directories(settings: &NodeSettings) -> Vec<PathBuf> {
    let config = &settings.config;
    let others = config.log_dirs.iter().filter(|path| **path != config.metadata_log_dir);
    std::iter::once(&config.metadata_log_dir).chain(others).cloned().collect()
}
