//! Why a node did not start.

use std::io;
use std::path::PathBuf;

use config::ConfigError;
use node::NodeError;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that keeps any node from starting.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// A key that Kafka has not: a mistype would otherwise leave the test with a default.
    #[error("{key} is no key of Apache Kafka{}", nearest.as_ref().map_or_else(String::new, |it| format!("; did you mean {it}?")))]
    UnknownKey {
        /// As given.
        key: String,
        /// The key that is spelt most like it.
        nearest: Option<String>,
    },
    /// A key that would have no effect: a test that sets it would not test what it says.
    #[error("{key} counts once Milena serves {part}")]
    NotServed {
        /// As given.
        key: String,
        /// The part of Kafka it belongs to.
        part: &'static str,
    },
    /// Another node of this process has the data directory.
    #[error("another node of this process has the data directory {}", path.display())]
    DirectoryInUse {
        /// As given.
        path: PathBuf,
    },
    /// What the binary would end with.
    #[error("{error}; {help}", error = .0, help = .0.help())]
    Node(#[from] NodeError),
    /// No thread, no randomness, or no absolute path for the data directory.
    #[error("the system refuses what a node needs: {0}")]
    System(#[from] io::Error),
}
