//! The syntax of `server.properties`: Java's `.properties`.

use std::collections::BTreeMap;

use crate::node_error::ConfigError;

/// Keys and values as they were written, before any of them is checked; the last of a repeated key counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// The properties in the bytes of a file (ISO 8859-1 and `\u` escapes, as Java reads them).
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] with the line, for a malformed escape.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        let mut properties = Self::default();
        java_properties::PropertiesIter::new(bytes)
            .read_into(|key, value| properties.set(key, value))
            .map_err(|error| ConfigError::Syntax { line: error.line_number(), reason: error.to_string() })?;
        Ok(properties)
    }

    /// The property written as `key=value`, as on a command line.
    ///
    /// # Errors
    /// [`ConfigError::NoValue`] where there is no `=` or nothing before it.
    pub fn parse_assignment(text: &str) -> Result<(String, String), ConfigError> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok((key.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(ConfigError::NoValue { text: text.to_owned() }),
        }
    }

    /// Sets `key`, over what it was.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    /// Forgets `key`.
    pub fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// The value of `key`, if it is set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Lays `upper` over these: what it sets counts.
    pub fn overlay(&mut self, upper: Properties) {
        self.0.extend(upper.0);
    }

    /// Every property in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
