//! The contexts that somebody has given names to: a file of their own, `milena/contexts.json` in their configuration
//! directory (`XDG_CONFIG_HOME`, else `~/.config`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::output::suggest::{nearest, or_nearest};

/// Names the context of a shell.
pub(crate) const VARIABLE: &str = "MILENA_CONTEXT";

/// Clusters by the names that somebody has given them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Contexts {
    /// The one that counts where none is named.
    pub(crate) current: Option<String>,
    /// By name.
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// How to reach a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// host:port.
    pub(crate) bootstrap_server: Vec<String>,
}

impl Contexts {
    /// What is in the file; nothing where there is none.
    pub(crate) fn load() -> Result<Self, Failure> {
        path(|name| std::env::var_os(name)).map_or_else(|| Ok(Self::default()), |path| Self::load_from(&path))
    }

    fn load_from(path: &Path) -> Result<Self, Failure> {
        let unreadable = |reason: &dyn std::fmt::Display| {
            Failure::usage("contexts", format!("cannot read the contexts in {}: {reason}", path.display()))
        };
        match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| unreadable(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(unreadable(&error)),
        }
    }

    /// Replaces the file.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let Some(path) = path(|name| std::env::var_os(name)) else {
            let told = "there is no place for contexts: neither XDG_CONFIG_HOME nor HOME is set";
            return Err(Failure::runtime("contexts", told));
        };
        self.save_to(&path).map_err(|error| {
            Failure::runtime("contexts", format!("cannot write the contexts to {}: {error}", path.display()))
        })
    }

    fn save_to(&self, path: &Path) -> io::Result<()> {
        let directory = path.parent().unwrap_or(path);
        std::fs::create_dir_all(directory)?;
        // Whoever reads it meanwhile sees the old file or the new one.
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    /// The context of this name.
    pub(crate) fn named(&self, name: &str) -> Result<&Context, Failure> {
        self.contexts.get(name).ok_or_else(|| {
            let known = self.contexts.keys().map(String::as_str);
            Failure::not_found(
                "context",
                format!(
                    "there is no context {name}{}; milena ctx set makes one",
                    or_nearest(nearest(name, known))
                ),
            )
        })
    }

    /// The context to use: the one that is named, in the environment or on the command line, else the current one; `None`
    /// where there is neither.
    pub(crate) fn chosen(&self, named: Option<&str>) -> Result<Option<&Context>, Failure> {
        named.or(self.current.as_deref()).map(|name| self.named(name)).transpose()
    }
}

fn path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(base.join("milena").join("contexts.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts() -> Contexts {
        let context = |server: &str| Context { bootstrap_server: vec![server.to_owned()] };
        let contexts =
            [("here", "a:1"), ("there", "b:2")].map(|(name, server)| (name.to_owned(), context(server)));
        Contexts { current: Some("here".to_owned()), contexts: contexts.into() }
    }

    #[test]
    fn what_is_saved_is_loaded_again() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("not/yet/contexts.json");
        assert_eq!(Contexts::load_from(&path).expect("none is fine"), Contexts::default());
        contexts().save_to(&path).expect("written");
        assert_eq!(Contexts::load_from(&path).expect("readable"), contexts());
        std::fs::write(&path, "{\"curent\": 1}").expect("written");
        let told = Contexts::load_from(&path).expect_err("a slip").to_string();
        assert!(told.contains("contexts.json: unknown field `curent`"), "{told}");
    }

    #[test]
    fn who_is_named_counts_before_who_is_current() {
        let server =
            |named| Ok::<_, Failure>(contexts().chosen(named)?.map(|it| it.bootstrap_server[0].clone()));
        assert_eq!(server(None).expect("known").as_deref(), Some("a:1"));
        assert_eq!(server(Some("there")).expect("known").as_deref(), Some("b:2"));
        let told = server(Some("thre")).expect_err("unknown").to_string();
        assert!(told.contains("there is no context thre; did you mean there?"), "{told}");
        assert!(Contexts::default().chosen(None).expect("none is fine").is_none());
    }

    #[test]
    fn the_file_lies_where_such_files_lie() {
        let at = |set: &'static [(&str, &str)]| {
            path(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
        };
        assert_eq!(at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/c")]), Some("/c/milena/contexts.json".into()));
        assert_eq!(
            at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "")]),
            Some("/h/.config/milena/contexts.json".into())
        );
        assert_eq!(at(&[]), None);
    }
}
