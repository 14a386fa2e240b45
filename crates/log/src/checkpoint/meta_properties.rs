//! `meta.properties`: whose data directory this is (KIP-631, KIP-858).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ::io::Disk;
use types::{NodeId, Uuid};

/// What `meta.properties` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// The cluster's id: an arbitrary text, by custom a [`Uuid`].
    pub cluster_id: String,
    /// The node the directory belongs to.
    pub node_id: NodeId,
    /// The directory's id; absent in directories formatted before 3.7.
    pub directory_id: Option<Uuid>,
}

/// Why `meta.properties` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MetaPropertiesError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A needed key is missing or its value is unusable.
    #[error("{path}: {key} is missing or unusable: {value:?}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value; `None` where it is missing.
        value: Option<String>,
    },
}

const NAME: &str = "meta.properties";

impl MetaProperties {
    /// Reads the file of the data directory `directory`; `None` where there is none: the directory is not formatted.
    ///
    /// # Errors
    /// When the file cannot be read, its version is not 1, or a key is unusable.
    pub fn read(disk: &Disk, directory: &Path) -> Result<Option<Self>, MetaPropertiesError> {
        let path = directory.join(NAME);
        let content = match disk.read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(MetaPropertiesError::Io { path, source }),
        };
        let text = String::from_utf8_lossy(&content);
        let values = parse(&text);
        let malformed = |key: &'static str| MetaPropertiesError::Malformed {
            path: path.clone(),
            key,
            value: values.get(key).cloned(),
        };
        if values.get("version").map(String::as_str) != Some("1") {
            return Err(malformed("version"));
        }
        let cluster_id = values.get("cluster.id").cloned().ok_or_else(|| malformed("cluster.id"))?;
        let node_id =
            values.get("node.id").and_then(|id| id.parse().ok()).ok_or_else(|| malformed("node.id"))?;
        let directory_id = match values.get("directory.id") {
            None => None,
            Some(id) => Some(id.parse().map_err(|_| malformed("directory.id"))?),
        };
        Ok(Some(Self { cluster_id, node_id: NodeId(node_id), directory_id }))
    }

    /// Replaces the file of the data directory `directory`.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, disk: &Disk, directory: &Path) -> Result<(), MetaPropertiesError> {
        let path = directory.join(NAME);
        let mut text = format!("#\ncluster.id={}\n", self.cluster_id);
        if let Some(directory_id) = self.directory_id {
            text.push_str(&format!("directory.id={directory_id}\n"));
        }
        text.push_str(&format!("node.id={}\nversion=1\n", self.node_id));
        disk.write_atomically(&path, text.as_bytes())
            .map_err(|source| MetaPropertiesError::Io { path, source })
    }
}

/// Reads `key=value` lines as Java's properties have them, as far as this file uses them: comments, white space
/// around the separator, backslash before a character.
fn parse(text: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        if let Some((key, value)) = line.split_once(['=', ':']) {
            values.insert(key.trim().to_owned(), value.trim().replace('\\', ""));
        }
    }
    values
}
