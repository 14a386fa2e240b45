//! Settings as texts, checked against the table of keys, and read by type.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::{ClientKey, ClientKind, SettingError, Support};

/// What was set; defaults stand for the rest.
pub(super) struct Values {
    kind: ClientKind,
    given: BTreeMap<&'static str, String>,
}

impl Values {
    /// Checks names, and refuses what is not served.
    pub(super) fn new<'a>(
        kind: ClientKind,
        settings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SettingError> {
        let mut given = BTreeMap::new();
        for (name, value) in settings {
            let value = value.trim();
            let unknown = || SettingError::Unknown {
                kind,
                key: name.to_owned(),
                nearest: ClientKey::nearest(kind, name),
            };
            let key = ClientKey::by_name(kind, name).ok_or_else(unknown)?;
            let is_default = key.default(kind) == Some(value);
            match key.support {
                Support::Refused(reason) if !is_default => {
                    return Err(SettingError::NotServed { key: key.name, value: value.to_owned(), reason });
                }
                Support::NoEffect(reason) if !is_default => {
                    tracing::warn!(key = key.name, value, reason, "the setting has no effect");
                }
                _ => {}
            }
            given.insert(key.name, value.to_owned());
        }
        Ok(Self { kind, given })
    }

    pub(super) fn is_given(&self, key: &'static str) -> bool {
        self.given.contains_key(key)
    }

    /// What was set, or the default; empty where there is none.
    pub(super) fn text(&self, key: &'static str) -> &str {
        let default = || ClientKey::by_name(self.kind, key).and_then(|key| key.default(self.kind));
        self.given.get(key).map(String::as_str).or_else(default).unwrap_or_default()
    }

    pub(super) fn text_if_any(&self, key: &'static str) -> Option<String> {
        Some(self.text(key)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    pub(super) fn list(&self, key: &'static str) -> impl Iterator<Item = &str> {
        self.text(key).split(',').map(str::trim).filter(|text| !text.is_empty())
    }

    /// A number no smaller than `least`.
    pub(super) fn number<T: FromStr<Err: Display> + PartialOrd + Display>(
        &self,
        key: &'static str,
        least: T,
    ) -> Result<T, SettingError> {
        let number: T = self.text(key).parse().map_err(|error: T::Err| self.invalid(key, &error))?;
        if number < least {
            return Err(self.invalid(key, &format_args!("is less than {least}")));
        }
        Ok(number)
    }

    pub(super) fn boolean(&self, key: &'static str) -> Result<bool, SettingError> {
        match self.text(key).to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.invalid(key, &"is neither true nor false")),
        }
    }

    pub(super) fn millis(&self, key: &'static str) -> Result<Duration, SettingError> {
        Ok(Duration::from_millis(self.number(key, 0_u64)?))
    }

    /// Picks what a word stands for.
    pub(super) fn one_of<T>(&self, key: &'static str, words: &[(&str, T)]) -> Result<T, SettingError>
    where
        T: Copy,
    {
        let text = self.text(key);
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| self.invalid(key, &format_args!("is none of {}", known())))
    }

    pub(super) fn invalid(&self, key: &'static str, reason: &dyn Display) -> SettingError {
        SettingError::Invalid { key, value: self.text(key).to_owned(), reason: reason.to_string() }
    }
}
