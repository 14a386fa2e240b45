//! `.kafka_cleanshutdown`: all logs of a data directory were closed, and by which registration of the broker (KIP-966).

use std::io;
use std::path::{Path, PathBuf};

use ::io::Disk;
use types::BrokerEpoch;

/// The marker in a data directory.
#[derive(Clone, Debug)]
pub struct CleanShutdownFile {
    disk: Disk,
    path: PathBuf,
}

impl CleanShutdownFile {
    /// The marker of the data directory `directory`.
    pub fn new(disk: Disk, directory: &Path) -> Self {
        Self { disk, path: directory.join(".kafka_cleanshutdown") }
    }

    /// Whether the directory was closed cleanly.
    pub fn exists(&self) -> bool {
        self.disk.exists(&self.path)
    }

    /// The broker epoch at the clean stop; `None` where there is no marker or it does not say.
    pub fn read(&self) -> Option<BrokerEpoch> {
        let content = self.disk.read(&self.path).ok()?;
        let text = String::from_utf8(content).ok()?;
        let after = text.split_once("\"brokerEpoch\":")?.1;
        let number: String =
            after.trim_start().chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
        number.parse().ok().map(BrokerEpoch)
    }

    /// Writes the marker.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, epoch: BrokerEpoch) -> io::Result<()> {
        let text = format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}");
        self.disk.write_atomically(&self.path, text.as_bytes())
    }

    /// Takes the marker away before any log is opened, so that a crash while loading counts as unclean (KAFKA-10471).
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove(&self) -> io::Result<()> {
        match self.disk.remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}
