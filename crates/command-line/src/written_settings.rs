//! What was written for a node, and where: the file, over it the environment, over that the overrides of the command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use config::{CLUSTER_ID_VARIABLE, ConfigError, Properties, key_of_variable};

use crate::command_line::StartArguments;
use crate::settings::SettingsError;

/// Where a key was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the file of `--config`.
    File(PathBuf),
    /// In this variable of the environment.
    Variable(String),
    /// On the command line.
    Override,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Variable(name) => write!(f, "in the environment, as {name}"),
            Self::Override => f.write_str("with --override"),
        }
    }
}

/// Everything that was written, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct WrittenSettings {
    pub(crate) properties: Properties,
    /// The cluster that the environment names.
    pub(crate) cluster_id: Option<String>,
    origins: BTreeMap<String, Origin>,
}

impl WrittenSettings {
    /// Reads all of it. Of several variables that are the same key the last by name counts.
    pub(crate) fn read(
        arguments: &StartArguments,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let mut written = Self::default();
        if let Some(path) = &arguments.config {
            written.read_file(path.clone())?;
        }
        let environment: BTreeMap<OsString, OsString> = environment.collect();
        for (variable, value) in &environment {
            written.read_variable(variable, value)?;
        }
        for assignment in &arguments.overrides {
            let (key, value) = Properties::parse_assignment(assignment)
                .map_err(|source| SettingsError::Config { origin: Some(Origin::Override), source })?;
            written.set(key, value, Origin::Override);
        }
        Ok(written)
    }

    fn read_file(&mut self, path: PathBuf) -> Result<(), SettingsError> {
        let bytes =
            std::fs::read(&path).map_err(|source| SettingsError::Read { path: path.clone(), source })?;
        let origin = Origin::File(path);
        let properties = Properties::parse(&bytes)
            .map_err(|source| SettingsError::Config { origin: Some(origin.clone()), source })?;
        for (key, value) in properties.iter() {
            self.set(key.to_owned(), value.to_owned(), origin.clone());
        }
        Ok(())
    }

    fn read_variable(&mut self, variable: &OsString, value: &OsString) -> Result<(), SettingsError> {
        let Some(name) = variable.to_str() else { return Ok(()) };
        if name == CLUSTER_ID_VARIABLE {
            return self.read_cluster_id(value);
        }
        let Some(key) = key_of_variable(name) else { return Ok(()) };
        let origin = Origin::Variable(name.to_owned());
        let Some(value) = value.to_str() else {
            let (value, expected) = (value.to_string_lossy().into_owned(), "text in UTF-8".to_owned());
            let source = ConfigError::Invalid { key, value, expected };
            return Err(SettingsError::Config { origin: Some(origin), source });
        };
        self.set(key, value.trim().to_owned(), origin);
        Ok(())
    }

    /// One that is empty names none, as in the official image.
    fn read_cluster_id(&mut self, value: &OsString) -> Result<(), SettingsError> {
        let told = value.to_string_lossy().trim().to_owned();
        if told.contains(|sign: char| sign.is_whitespace() || sign.is_control() || sign == '\u{fffd}') {
            let (key, expected) =
                (CLUSTER_ID_VARIABLE.to_owned(), "the id of a cluster, one word".to_owned());
            let origin = Some(Origin::Variable(key.clone()));
            return Err(SettingsError::Config {
                origin,
                source: ConfigError::Invalid { key, value: told, expected },
            });
        }
        self.cluster_id = Some(told).filter(|told| !told.is_empty());
        Ok(())
    }

    fn set(&mut self, key: String, value: String, origin: Origin) {
        self.origins.insert(key.clone(), origin);
        self.properties.set(key, value);
    }

    /// Where a key was written; `None` where nobody wrote it.
    pub(crate) fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }
}
