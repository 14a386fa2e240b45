//! What this broker keeps where (KIP-113, KIP-827).

use ::io::disk::VolumeSpace;
use metadata::MetadataImage;
use types::{TopicIdPartition, TopicPartition};

use crate::Broker;

/// One data directory.
#[derive(Debug)]
pub struct DescribedLogDir {
    /// Where it is, from the root.
    pub path: String,
    /// The room on its volume, or why the directory cannot be looked at.
    pub space: std::io::Result<VolumeSpace>,
    /// It takes no new replicas (KIP-1066).
    pub is_cordoned: bool,
    /// The replicas in it, by topic and partition.
    pub replicas: Vec<DescribedReplica>,
}

/// One replica's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedReplica {
    /// The partition.
    pub partition: TopicPartition,
    /// Bytes of its batches.
    pub size_bytes: u64,
    /// How far its end is behind the high watermark; `None` where the partition is not served here.
    pub offset_lag: Option<i64>,
}

impl Broker {
    /// Every data directory, in the order of `log.dirs`. Asks the file system.
    pub fn describe_log_dirs(&self) -> Vec<DescribedLogDir> {
        let image = self.image();
        let registration = image.cluster.broker(self.node_id());
        let cordoned = registration.and_then(|it| it.cordoned_directories.as_deref()).unwrap_or_default();
        let described = self.log_dirs().describe().into_iter().map(|directory| {
            let replicas = directory.logs.into_iter().map(|(partition, log)| DescribedReplica {
                offset_lag: self.hosts(&image, &partition).then(|| {
                    let offsets = log.offsets();
                    (offsets.high_watermark.0 - offsets.log_end.0).max(0)
                }),
                size_bytes: log.size(),
                partition,
            });
            DescribedLogDir {
                path: directory.path.to_string_lossy().into_owned(),
                is_cordoned: directory.id.is_some_and(|id| cordoned.contains(&id)),
                space: directory.space,
                replicas: replicas.collect(),
            }
        });
        described.collect()
    }

    fn hosts(&self, image: &MetadataImage, partition: &TopicPartition) -> bool {
        image.topics.id_of(&partition.topic).is_some_and(|topic_id| {
            let id = TopicIdPartition { topic_id, partition: partition.partition };
            self.partitions().get(&id).is_some()
        })
    }
}
