//! What is in each data directory, for those who ask (DescribeLogDirs, KIP-113, KIP-827).

use std::path::PathBuf;
use std::sync::Arc;

use ::io::disk::VolumeSpace;
use types::{TopicPartition, Uuid};

use super::LogDirs;
use crate::Log;

/// One data directory.
#[derive(Debug)]
pub struct DescribedDirectory {
    /// Where it is, from the root.
    pub path: PathBuf,
    /// Its `directory.id`, if it is formatted.
    pub id: Option<Uuid>,
    /// The room on its volume, or why the directory cannot be looked at.
    pub space: std::io::Result<VolumeSpace>,
    /// The logs that are open in it, by partition.
    pub logs: Vec<(TopicPartition, Arc<Log>)>,
}

impl LogDirs {
    /// Every data directory, in the order of `log.dirs`. Asks the file system.
    pub fn describe(&self) -> Vec<DescribedDirectory> {
        let describe = |(index, directory): (usize, &super::DataDirectory)| {
            let open = self.lock();
            let logs = open.current.iter().filter(|(_, log)| log.directory == index);
            let logs = logs.map(|(partition, open)| (partition.clone(), open.log.clone())).collect();
            drop(open);
            DescribedDirectory {
                path: std::path::absolute(directory.path()).unwrap_or_else(|_| directory.path().to_owned()),
                id: directory.meta().and_then(|meta| meta.directory_id),
                space: self.disk.space(directory.path()),
                logs,
            }
        };
        self.directories.iter().enumerate().map(describe).collect()
    }
}
