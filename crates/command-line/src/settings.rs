//! From what was written to a node's settings.
//!
//! What stands lower in this list counts over what stands higher:
//! 1. the embedded defaults, unless somebody sets `process.roles` and so describes a whole node, as Kafka's own file does;
//! 2. `--config FILE`; 3. `KAFKA_…` in the environment, as the official image of Apache Kafka takes it;
//! 4. `--override KEY=VALUE`; 5. `--data-dir`, `--ephemeral`, `--port`.
//!
//! `CLUSTER_ID` in the environment is no key: it names the cluster that the directories belong to.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use config::{CLUSTER_ID_VARIABLE, ConfigError, ConfigWarning, NodeConfig, Properties};

use crate::command_line::StartArguments;
use crate::written_settings::{Origin, WrittenSettings};

/// A node's settings and what else its start was asked for.
#[derive(Debug)]
pub struct NodeSettings {
    /// What the node runs on. Its directories are absolute.
    pub config: NodeConfig,
    /// Where and how it runs.
    pub options: NodeOptions,
    /// Keys that do not do what their writer may expect, and where they were written.
    pub warnings: Vec<(ConfigWarning, Origin)>,
}

/// Where and how a node runs, beyond its keys.
#[derive(Debug, Default)]
pub struct NodeOptions {
    /// Written once the node is ready (see [`crate::ready_file`]).
    pub ready_file: Option<PathBuf>,
    /// The data directory of `--ephemeral`; removed when this is dropped, which must be after the node's end.
    pub ephemeral: Option<tempfile::TempDir>,
}

/// Why the settings could not be resolved.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file of `--config` cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Read {
        /// As given.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key that was written somewhere.
    #[error("{source}{}", origin.as_ref().map_or_else(String::new, |origin| format!(" ({origin})")))]
    Config {
        /// Where, where that is known.
        origin: Option<Origin>,
        /// What is wrong.
        source: ConfigError,
    },
    /// A directory that `log.dirs`, a list with commas, cannot name.
    #[error("the directory {} cannot be a data directory: its name must be text without commas", path.display())]
    DirectoryName {
        /// As given.
        path: PathBuf,
    },
    /// No temporary directory for `--ephemeral`, or no current one.
    #[error("cannot make a data directory: {0}")]
    Directory(#[from] std::io::Error),
}

impl SettingsError {
    /// Every code that [`SettingsError::code`] may tell.
    pub const CODES: &'static [&'static str] = &[
        "config-file",
        "config-syntax",
        "config-override",
        "config-value",
        "config-missing",
        "config-not-served",
        "config-conflict",
        "advertised-address",
        "data-directory",
    ];

    /// A stable name of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "config-file",
            Self::Config { source, .. } => match source {
                ConfigError::Syntax { .. } => "config-syntax",
                ConfigError::NoValue { .. } => "config-override",
                ConfigError::Invalid { .. } => "config-value",
                ConfigError::Missing { .. } => "config-missing",
                ConfigError::Refused { .. } => "config-not-served",
                ConfigError::Conflict { .. } => "config-conflict",
                ConfigError::Unreachable { .. } => "advertised-address",
            },
            Self::DirectoryName { .. } | Self::Directory(_) => "data-directory",
        }
    }

    /// What a person can do about it: a command where there is one.
    pub fn help(&self) -> String {
        match self {
            Self::Read { path, .. } => format!("ls -l {}", path.display()),
            Self::Config { source: ConfigError::Syntax { line, .. }, origin } => match (line, origin) {
                (Some(line), Some(Origin::File(path))) => format!("sed -n {line}p {}", path.display()),
                _ => "write key=value, a line each".to_owned(),
            },
            Self::Config { source: ConfigError::NoValue { .. }, .. } => {
                "milena start --override num.partitions=3".to_owned()
            }
            Self::Config { source: ConfigError::Unreachable { .. }, .. } => {
                "milena start --override advertised.listeners=PLAINTEXT://NAME:PORT, as clients reach this machine".to_owned()
            }
            Self::Config { source, .. } if source.key() == Some(CLUSTER_ID_VARIABLE) => {
                "CLUSTER_ID=$(milena storage random-uuid) makes one".to_owned()
            }
            Self::Config { source, .. } => {
                format!("milena config explain {}", source.key().unwrap_or("KEY"))
            }
            Self::DirectoryName { .. } | Self::Directory(_) => "milena start --data-dir DIR".to_owned(),
        }
    }
}

/// The settings that `arguments` and `environment` ask for. Makes the temporary directory of `--ephemeral` and nothing else.
///
/// # Errors
/// The first thing that keeps a node from starting.
pub fn resolve(
    arguments: &StartArguments,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<NodeSettings, SettingsError> {
    let written = WrittenSettings::read(arguments, environment)?;
    let mut properties = if written.properties.get("process.roles").is_some() {
        Properties::default()
    } else {
        NodeConfig::embedded_defaults()
    };
    properties.overlay(written.properties.clone());

    let ephemeral =
        if arguments.ephemeral { Some(tempfile::Builder::new().prefix("milena-").tempdir()?) } else { None };
    if let Some(directory) = ephemeral.as_ref().map(|made| made.path()).or(arguments.data_dir.as_deref()) {
        keep_data_in(directory, &mut properties)?;
    }

    let (mut config, warnings) = NodeConfig::from_properties(properties, &host_name()).map_err(|source| {
        let of_key = source.key().and_then(|key| written.origin(key)).cloned();
        let file = || arguments.config.clone().map(Origin::File);
        SettingsError::Config { origin: of_key.or_else(file), source }
    })?;
    config.cluster_id = written.cluster_id.clone();
    if let Some(port) = arguments.port {
        config.set_client_port(port);
    }
    for directory in config.log_dirs.iter_mut().chain([&mut config.metadata_log_dir]) {
        *directory = std::path::absolute(&directory)?;
    }
    // Nobody wrote the embedded defaults, so nobody is warned of them.
    let written_by = |warning: ConfigWarning| {
        let origin = written.origin(warning.key())?.clone();
        Some((warning, origin))
    };
    let warnings = warnings.into_iter().filter_map(written_by).collect();
    let options = NodeOptions { ready_file: arguments.ready_file.clone(), ephemeral };
    Ok(NodeSettings { config, options, warnings })
}

fn keep_data_in(directory: &Path, properties: &mut Properties) -> Result<(), SettingsError> {
    let name = directory.to_str().filter(|name| !name.contains(',') && !name.trim().is_empty());
    let name = name.ok_or_else(|| SettingsError::DirectoryName { path: directory.to_owned() })?;
    properties.set("log.dirs", name);
    properties.remove("metadata.log.dir");
    Ok(())
}

/// This machine's name, which clients are told where a listener is bound on every interface and nothing is advertised.
fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}
