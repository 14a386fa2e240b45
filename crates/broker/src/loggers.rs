//! The broker's loggers, as clients see and set them (KIP-412): the rules, and the port behind which the levels are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use config::{ConfigSource, DescribedConfig};
use controller_node::{ConfigChange, ConfigOperation};

use crate::Broker;

/// How much a logger says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are Kafka's own")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    /// As much as [`LogLevel::Error`]: nothing here is worse.
    Fatal,
    /// Nothing; only the start can say so.
    Off,
}

impl LogLevel {
    const ALL: [Self; 7] =
        [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal, Self::Off];

    /// Its name in answers and requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Off => "OFF",
        }
    }

    /// The level of this name, in capitals, that a client may set.
    fn settable(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name && *level != Self::Off)
    }
}

/// The logger that all others inherit from.
pub const ROOT_LOGGER: &str = "root";

/// Where the levels are: the program's log.
pub trait Loggers: Debug + Send + Sync {
    /// The level that counts for each logger.
    fn levels(&self) -> BTreeMap<String, LogLevel>;

    /// Gives a logger a level of its own, or takes it away; the names are of [`Loggers::levels`].
    fn set(&self, changes: &[(String, Option<LogLevel>)]);
}

/// Why loggers are not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoggerError {
    /// No logger has this name.
    #[error("no logger is named {name}; DescribeConfigs tells which there are")]
    Unknown {
        /// As given.
        name: String,
    },
    /// The level is none.
    #[error("{name}={level}: the levels are TRACE, DEBUG, INFO, WARN, ERROR and FATAL")]
    Level {
        /// The logger.
        name: String,
        /// As given.
        level: String,
    },
    /// The change makes no sense.
    #[error("{reason}")]
    Invalid {
        /// Why.
        reason: &'static str,
    },
}

impl Broker {
    /// Every logger and its level, by name; none where the program has no log to be set.
    pub fn describe_loggers(&self) -> Vec<DescribedConfig> {
        let levels = self.loggers().map(Loggers::levels).unwrap_or_default();
        let described = levels.into_iter().map(|(name, level)| DescribedConfig {
            name,
            value: Some(level.name().to_owned()),
            source: ConfigSource::BrokerLogger,
            synonyms: Vec::new(),
            key_type: None,
            is_sensitive: false,
            is_read_only: false,
            doc: None,
        });
        described.collect()
    }

    /// Changes levels, all of them or none; they last until the process ends.
    ///
    /// # Errors
    /// The first change that makes no sense.
    pub fn alter_loggers(&self, changes: &[ConfigChange], validate_only: bool) -> Result<(), LoggerError> {
        let levels = self.loggers().map(Loggers::levels).unwrap_or_default();
        let accepted = accepted(&levels, changes)?;
        if let Some(loggers) = self.loggers()
            && !validate_only
        {
            loggers.set(&accepted);
            for (logger, level) in &accepted {
                let level = level.map_or("none of its own", LogLevel::name);
                tracing::warn!(logger, level, "log level changed");
            }
        }
        Ok(())
    }
}

fn accepted(
    levels: &BTreeMap<String, LogLevel>,
    changes: &[ConfigChange],
) -> Result<Vec<(String, Option<LogLevel>)>, LoggerError> {
    let invalid = |reason| Err(LoggerError::Invalid { reason });
    let names: BTreeSet<_> = changes.iter().map(|change| &change.name).collect();
    if names.len() != changes.len() {
        return invalid("a logger is changed more than once");
    }
    if changes.iter().any(|change| change.operation != ConfigOperation::Delete && change.value.is_none()) {
        return invalid("a logger is given no level");
    }
    let mut accepted = Vec::with_capacity(changes.len());
    for ConfigChange { name, operation, value } in changes {
        let is_known = levels.contains_key(name);
        let level = match operation {
            ConfigOperation::Append | ConfigOperation::Subtract => {
                return invalid("a logger has one level, nothing can be added to it or taken from it");
            }
            _ if !is_known => return Err(LoggerError::Unknown { name: name.clone() }),
            ConfigOperation::Delete if name == ROOT_LOGGER => {
                return invalid("the root logger must have a level");
            }
            ConfigOperation::Delete => None,
            ConfigOperation::Set => {
                let level = value.as_deref().unwrap_or_default();
                let known = LogLevel::settable(level);
                Some(
                    known
                        .ok_or_else(|| LoggerError::Level { name: name.clone(), level: level.to_owned() })?,
                )
            }
        };
        accepted.push((name.clone(), level));
    }
    Ok(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(changes: &[(&str, ConfigOperation, Option<&str>)], fine: bool) {
        let levels = BTreeMap::from([
            ("root".to_owned(), LogLevel::Info),
            ("kafka.server".to_owned(), LogLevel::Info),
        ]);
        let changes: Vec<_> = (changes.iter())
            .map(|(name, operation, value)| ConfigChange {
                name: (*name).to_owned(),
                operation: *operation,
                value: value.map(str::to_owned),
            })
            .collect();
        let verdict = accepted(&levels, &changes);
        assert_eq!(verdict.is_ok(), fine, "{changes:?}: {verdict:?}");
    }

    #[test]
    fn levels_are_set_and_removed_but_for_the_roots() {
        use ConfigOperation::{Append, Delete, Set, Subtract};
        check(&[("kafka.server", Set, Some("DEBUG")), ("root", Set, Some("FATAL"))], true);
        check(&[("kafka.server", Delete, None)], true);
        check(&[("root", Delete, None)], false);
        check(&[("kafka.server", Set, Some("debug"))], false);
        check(&[("kafka.server", Set, Some("OFF"))], false);
        check(&[("kafka.server", Set, None)], false);
        check(&[("no.such.logger", Set, Some("DEBUG"))], false);
        check(&[("no.such.logger", Delete, None)], false);
        check(&[("kafka.server", Append, Some("DEBUG"))], false);
        check(&[("kafka.server", Subtract, Some("DEBUG"))], false);
        check(&[("kafka.server", Set, Some("DEBUG")), ("kafka.server", Delete, None)], false);
    }
}
