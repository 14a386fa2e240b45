//! What a person reads when the node is ready.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The facts of a start.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// As `meta.properties` spells it.
    pub cluster_id: String,
    /// `node.id`.
    pub node_id: i32,
    /// host:port for clients.
    pub bootstrap: String,
    /// Every data directory.
    pub log_dirs: Vec<PathBuf>,
    /// From the process's start until clients could connect.
    pub time_to_ready: Duration,
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let directories: Vec<String> = self.log_dirs.iter().map(|dir| dir.display().to_string()).collect();
        writeln!(
            f,
            "milena {} is ready in {} ms",
            env!("CARGO_PKG_VERSION"),
            self.time_to_ready.as_millis()
        )?;
        writeln!(f, "  clients  {}", self.bootstrap)?;
        writeln!(f, "  data     {}", directories.join(", "))?;
        write!(f, "  cluster  {} (node {})", self.cluster_id, self.node_id)
    }
}
