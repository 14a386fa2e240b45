//! Why a node does not start, or ends other than by being asked to: what failed, the value, a stable code and the command
//! that helps. docs/errors.md has a page for each code.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use broker::metadata_applier::BeginError;
use config::CLUSTER_ID_VARIABLE;
use controller_node::format::FormatError;
use controller_node::{CallError, ControllerFailure};
use log::log_dirs::DataDirectoryError;
use net::server::BindError;

use crate::holder::{self, Holder};

/// Why a node does not start, or ends other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Another process has locked a data directory.
    #[error("the data directory {} is in use by {}", path.display(), told(holder))]
    DirectoryLocked {
        /// The directory.
        path: PathBuf,
        /// Who has it, where that is known.
        holder: Option<Holder>,
    },
    /// A data directory cannot be used.
    #[error(transparent)]
    Directory(DataDirectoryError),
    /// Fresh directories cannot be formatted.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A directory belongs to another node.
    #[error("{} belongs to node {found} of its cluster, and this is node {configured}", path.display())]
    OtherNode {
        /// The directory.
        path: PathBuf,
        /// `node.id` in its `meta.properties`.
        found: i32,
        /// `node.id` of this node.
        configured: i32,
    },
    /// The data directories belong to different clusters.
    #[error("{} belongs to cluster {found} and {} to cluster {expected}", path.display(), first.display())]
    OtherCluster {
        /// The directory.
        path: PathBuf,
        /// Its cluster.
        found: String,
        /// Another directory of the node.
        first: PathBuf,
        /// That one's cluster.
        expected: String,
    },
    /// A data directory belongs to another cluster than the environment asks for.
    #[error("{} belongs to cluster {found}, and {CLUSTER_ID_VARIABLE} asks for {asked}", path.display())]
    NotOfCluster {
        /// The directory.
        path: PathBuf,
        /// Its cluster.
        found: String,
        /// The one that is asked for.
        asked: String,
    },
    /// Another process listens at an address.
    #[error("listener {listener}: {address} is taken by {}", told(holder))]
    PortTaken {
        /// The listener's name.
        listener: String,
        /// Where it should listen.
        address: std::net::SocketAddr,
        /// Who listens there, where that is known.
        holder: Option<Holder>,
    },
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(BindError),
    /// The system lets this process open too few files.
    #[error("this process may open {limit} files and sockets, and a node needs {minimum} at least")]
    TooFewDescriptors {
        /// The limit.
        limit: u64,
        /// With fewer a node does not start.
        minimum: u64,
    },
    /// The file of `--ready-file` cannot be written.
    #[error("the ready file {} cannot be written: {source}", path.display())]
    ReadyFile {
        /// As given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The controller does not start or has failed.
    #[error("the controller: {0}")]
    Controller(#[from] ControllerFailure),
    /// The controller does not take the broker.
    #[error("the broker is not registered: {0}")]
    Registration(#[from] CallError),
    /// The data directories cannot be searched for logs.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// The system gives no randomness, threads or signals.
    #[error("the system: {0}")]
    System(#[from] io::Error),
    /// A signal came while the node was starting, or a second one while it was stopping.
    #[error("a signal ended the node before it had started, or a second one before it had stopped")]
    EndedAtOnce,
}

fn told(holder: &Option<Holder>) -> String {
    holder.as_ref().map_or_else(|| "another process".to_owned(), Holder::to_string)
}

impl From<DataDirectoryError> for NodeError {
    fn from(error: DataDirectoryError) -> Self {
        match error {
            DataDirectoryError::Locked(path) => {
                let holder = holder::of_lock(&path.join(".lock"));
                Self::DirectoryLocked { path, holder }
            }
            other => Self::Directory(other),
        }
    }
}

impl From<BindError> for NodeError {
    fn from(error: BindError) -> Self {
        match error {
            BindError::Taken { listener, address } => {
                Self::PortTaken { listener, address, holder: holder::of_port(address) }
            }
            other => Self::Listen(other),
        }
    }
}

impl NodeError {
    /// Every code that [`NodeError::code`] may tell.
    pub const CODES: &'static [&'static str] = &[
        "port-taken",
        "listen-address",
        "directory-locked",
        "directory-unusable",
        "directory-not-mounted",
        "directory-of-other-node",
        "directory-of-other-cluster",
        "no-space",
        "too-few-descriptors",
        "ready-file",
        "node-failed",
        "ended-at-once",
    ];

    /// A stable name of this kind of error.
    pub fn code(&self) -> &'static str {
        match (self, system_error(self)) {
            (_, Some(error)) if is_no_space(error) => "no-space",
            (_, Some(error)) if is_no_descriptor(error) => "too-few-descriptors",
            (Self::TooFewDescriptors { .. }, _) => "too-few-descriptors",
            (Self::PortTaken { .. }, _) => "port-taken",
            (Self::Listen(_), _) => "listen-address",
            (Self::DirectoryLocked { .. }, _) => "directory-locked",
            (Self::Format(FormatError::PartlyFormatted { .. }), _) => "directory-not-mounted",
            (Self::Directory(_) | Self::Format(_) | Self::Begin(_), _) => "directory-unusable",
            (Self::OtherNode { .. }, _) => "directory-of-other-node",
            (Self::OtherCluster { .. } | Self::NotOfCluster { .. }, _) => "directory-of-other-cluster",
            (Self::ReadyFile { .. }, _) => "ready-file",
            (Self::Controller(_) | Self::Registration(_) | Self::System(_), _) => "node-failed",
            (Self::EndedAtOnce, _) => "ended-at-once",
        }
    }

    /// What a person can do about it: a command where there is one.
    pub fn help(&self) -> String {
        match self.code() {
            "no-space" => {
                return "make room where the data is: df -h, then du -sh on its directories".to_owned();
            }
            "too-few-descriptors" => {
                return "ulimit -n 100000 before the start, or LimitNOFILE=100000 in its systemd unit"
                    .to_owned();
            }
            _ => {}
        }
        match self {
            Self::PortTaken { holder, .. } => {
                format!("{}choose another port: milena start --port 0", end(holder))
            }
            Self::Listen(BindError::Refused { error, .. })
                if error.kind() == io::ErrorKind::PermissionDenied =>
            {
                "ports below 1024 need a privilege; choose another: milena start --port 9092".to_owned()
            }
            Self::Listen(_) => {
                "name an address of this machine in listeners; they are: ip -brief address".to_owned()
            }
            Self::DirectoryLocked { holder, .. } => {
                format!("{}choose another directory: milena start --data-dir DIR", end(holder))
            }
            Self::Format(FormatError::PartlyFormatted { fresh, .. }) => {
                format!("mount the disk of {0}: findmnt --target {0}", fresh.display())
            }
            Self::OtherNode { found, .. } => {
                format!("be that node: milena start --override node.id={found}; or choose another --data-dir")
            }
            Self::OtherCluster { path, first, .. } => {
                let [path, first] = [path, first].map(|path| path.join("meta.properties"));
                format!(
                    "name directories of one cluster in log.dirs: head {} {}",
                    first.display(),
                    path.display()
                )
            }
            Self::NotOfCluster { found, .. } => {
                format!(
                    "be of that cluster: {CLUSTER_ID_VARIABLE}={found} milena start; or choose another --data-dir"
                )
            }
            Self::Directory(DataDirectoryError::Io { path, .. }) => {
                format!("ls -ld {}", existing(path).display())
            }
            Self::ReadyFile { path, .. } => format!("ls -ld {}", existing(path).display()),
            Self::EndedAtOnce => "nothing is lost: the next start recovers the logs".to_owned(),
            _ => "see what the log says: milena start --log-level debug".to_owned(),
        }
    }
}

/// The nearest directory above `path` that is there: where a person must look.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|above| above.exists()).unwrap_or(path)
}

fn end(holder: &Option<Holder>) -> String {
    holder.as_ref().map_or_else(String::new, |holder| format!("end it: kill {}; or ", holder.pid))
}

/// What the system said at the bottom of an error.
fn system_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn is_no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// EMFILE: this process has no descriptor left; ENFILE: the machine has none.
fn is_no_descriptor(error: &io::Error) -> bool {
    let codes = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE].map(rustix::io::Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}
