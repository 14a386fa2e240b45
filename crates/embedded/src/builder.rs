//! Where a node keeps its data, by which settings and which time it lives.

use std::path::{Path, PathBuf};

use config::{ConfigWarning, NodeConfig};
use io::{Blocking, Clock, Disk, Entropy};
use node::Environment;

use crate::host::{self, Plan};
use crate::{EphemeralDisk, Milena, StartError};

/// Where the memory's data directory seems to be.
const EPHEMERAL_DIRECTORY: &str = "/ephemeral";

/// A node to be. Without a word it lives in memory, by Kafka's defaults and the machine's clock, on a free port of the
/// loopback interface.
#[derive(Clone, Debug)]
pub struct Builder {
    data: Data,
    settings: Vec<(String, String)>,
    port: Option<u16>,
    seed: Option<u64>,
    time: Time,
}

#[derive(Clone, Debug)]
enum Data {
    Memory(EphemeralDisk),
    Directory(PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Real,
    /// Stands still; begins at this many milliseconds after 1970, or now.
    Virtual(Option<i64>),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            data: Data::Memory(EphemeralDisk::new()),
            settings: Vec::new(),
            port: None,
            seed: None,
            time: Time::Real,
        }
    }
}

impl Builder {
    /// Keeps the data in memory, for as long as the node lives: the default.
    #[must_use]
    pub fn ephemeral(self) -> Self {
        self.on(&EphemeralDisk::new())
    }

    /// Keeps the data on a disk in memory that outlives the node.
    #[must_use]
    pub fn on(mut self, disk: &EphemeralDisk) -> Self {
        self.data = Data::Memory(disk.clone());
        self
    }

    /// Keeps the data in a directory, which is made and formatted where it is fresh. It stays when the node is gone.
    #[must_use]
    pub fn data_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.data = Data::Directory(directory.as_ref().to_owned());
        self
    }

    /// Sets a key of Kafka's, as in `server.properties`; the last word on a key counts.
    ///
    /// One default is not Kafka's: `group.initial.rebalance.delay.ms` is 0 (as in the file that Kafka is delivered with),
    /// so that a group's first member need not wait three seconds.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push((key.into(), value.to_string()));
        self
    }

    /// Listens on this port; 0, the default, is one that is free.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Draws ids and jitter from this seed, so that they are the same each time.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Has the node's time stand still but for [`Milena::advance`]: its wall clock, which begins now, and all it waits
    /// for. Clients keep their own time.
    #[must_use]
    pub fn virtual_clock(mut self) -> Self {
        self.time = Time::Virtual(None);
        self
    }

    /// As [`Self::virtual_clock`]; the wall clock begins at `epoch_ms`, in milliseconds since 1970.
    #[must_use]
    pub fn virtual_clock_at(mut self, epoch_ms: i64) -> Self {
        self.time = Time::Virtual(Some(epoch_ms));
        self
    }

    /// Starts the node on a thread of its own, and returns when it serves.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(self) -> Result<Milena, StartError> {
        host::on_own_thread(self.plan()?)
    }

    /// Starts the node on the runtime of the caller, and returns when it serves. With [`Self::virtual_clock`] the node's
    /// wall clock goes with the runtime's time, which its owner pauses and moves (`tokio::time::pause`).
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// # Panics
    /// Outside a runtime that has sockets and timers.
    pub async fn start_on_this_runtime(self) -> Result<Milena, StartError> {
        host::on_this_runtime(self.plan()?).await
    }

    fn plan(self) -> Result<Plan, StartError> {
        let entropy = match self.seed {
            Some(seed) => Entropy::from_seed(seed),
            None => Entropy::from_system()?,
        };
        let (disk, blocking) = match &self.data {
            // A lock is its node's, and that one is gone: two at a time are refused by who holds the disk.
            Data::Memory(disk) => (Disk::Simulated(disk.simulated().clone()), Blocking::Inline),
            Data::Directory(directory) => {
                refuse_if_ours(directory)?;
                (Disk::Real, Blocking::Threads)
            }
        };
        let virtual_epoch_ms = match self.time {
            Time::Real => None,
            Time::Virtual(epoch_ms) => Some(epoch_ms.unwrap_or_else(|| Clock::System.now_ms())),
        };
        let environment = Environment { disk, clock: Clock::System, entropy, blocking };
        Ok(Plan { config: self.config()?, environment, virtual_epoch_ms })
    }

    fn config(&self) -> Result<NodeConfig, StartError> {
        let directory = match &self.data {
            Data::Memory(_) => PathBuf::from(EPHEMERAL_DIRECTORY),
            Data::Directory(directory) => std::path::absolute(directory)?,
        };
        let mut properties = NodeConfig::embedded_defaults();
        properties.set("group.initial.rebalance.delay.ms", "0");
        properties.set("log.dirs", directory.display().to_string());
        for (key, value) in &self.settings {
            properties.set(key, value);
        }
        let has_listeners = self.settings.iter().any(|(key, _)| key == "listeners");
        let (mut config, warnings) = NodeConfig::from_properties(properties, "localhost")?;
        for warning in warnings {
            match warning {
                ConfigWarning::Unknown { key, nearest } => {
                    return Err(StartError::UnknownKey { key, nearest: nearest.map(|it| it.to_string()) });
                }
                // Among the defaults are some for parts to come.
                ConfigWarning::NotYet { key, part } if self.settings.iter().any(|(set, _)| *set == key) => {
                    return Err(StartError::NotServed { key, part });
                }
                ConfigWarning::NotYet { .. } | ConfigWarning::NoEffect { .. } => {}
            }
        }
        match self.port {
            Some(port) => config.set_client_port(port),
            None if !has_listeners => config.set_client_port(0),
            None => {}
        }
        Ok(config)
    }
}

/// The lock of a data directory, as Kafka has it, is its process's: it does not keep out another node of this one.
fn refuse_if_ours(directory: &Path) -> Result<(), StartError> {
    let Ok(lock) = directory.join(".lock").canonicalize() else { return Ok(()) };
    let mut open = std::fs::read_dir("/proc/self/fd")?.flatten().filter_map(|it| it.path().read_link().ok());
    match open.any(|file| file == lock) {
        true => Err(StartError::DirectoryInUse { path: directory.to_owned() }),
        false => Ok(()),
    }
}
