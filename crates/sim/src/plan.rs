//! What a seed draws before a run: the node's settings, its lives and how each ends.

use std::path::Path;
use std::time::Duration;

use config::NodeConfig;
use io::Entropy;

/// Where the simulated node keeps its data.
pub(crate) const DATA: &str = "/data";

/// How much a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// For the tests: a few hundred requests.
    Short,
    /// By command: a few thousand.
    Long,
}

/// A run, as it was drawn.
pub(crate) struct Plan {
    pub(crate) config: NodeConfig,
    pub(crate) lives: Vec<Life>,
    pub(crate) idempotent_producers: usize,
    pub(crate) plain_producers: usize,
    pub(crate) consumers: usize,
    /// Of a thousand calls so many lose their connection at a random byte.
    pub(crate) drops_per_mille: u64,
    /// Mean pause of a client between two calls.
    pub(crate) pause: Duration,
}

/// One life of the node, as it was drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// From the moment it serves until its end.
    pub(crate) length: Duration,
    pub(crate) fault: Option<DiskFault>,
    pub(crate) end: End,
    /// The wall clock stands elsewhere when the life begins, by so many milliseconds.
    pub(crate) clock_jump_ms: i64,
}

/// What befalls the disk in a life; it lasts until the life's end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DiskFault {
    /// Syncs fail, after so many more that succeed, counted from so long after the start.
    Sync { after: Duration, left: u64 },
    /// The disk is full, after so many more bytes.
    Full { after: Duration, left: u64 },
}

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was told to.
    CleanStop,
    /// The process died: what was written stays.
    Death,
    /// What was not synced may be gone.
    PowerCut,
}

impl Plan {
    pub(crate) fn draw(entropy: &Entropy, size: Size) -> Self {
        let (lives, length_ms) = match size {
            Size::Short => (2 + entropy.below(3), 300),
            Size::Long => (3 + entropy.below(10), 4_000),
        };
        Self {
            config: node_config(entropy),
            lives: (0..lives).map(|_| Life::draw(entropy, length_ms)).collect(),
            idempotent_producers: 1 + entropy.below(2) as usize,
            plain_producers: 1 + entropy.below(2) as usize,
            consumers: 1 + entropy.below(2) as usize,
            drops_per_mille: [0, 20, 100][entropy.below(3) as usize],
            pause: Duration::from_millis(5 + entropy.below(20)),
        }
    }
}

impl Life {
    fn draw(entropy: &Entropy, length_ms: u64) -> Self {
        let after = Duration::from_millis(entropy.below(length_ms));
        let fault = match entropy.below(8) {
            0 => Some(DiskFault::Sync { after, left: entropy.below(20) }),
            1 => Some(DiskFault::Full { after, left: entropy.below(4_000) }),
            2 => Some(DiskFault::Sync { after: Duration::ZERO, left: entropy.below(60) }),
            _ => None,
        };
        let end = match entropy.below(5) {
            // A node whose disk fails is not asked to stop cleanly: what it could promise then is nobody's promise.
            0 if fault.is_none() => End::CleanStop,
            0..=2 => End::Death,
            _ => End::PowerCut,
        };
        let jump_ms = entropy.below(7_200_000) as i64 - 3_600_000;
        Self {
            length: Duration::from_millis(length_ms / 4 + entropy.below(length_ms)),
            fault,
            end,
            clock_jump_ms: if entropy.below(3) == 0 { jump_ms } else { 0 },
        }
    }
}

fn node_config(entropy: &Entropy) -> NodeConfig {
    let mut properties = NodeConfig::embedded_defaults();
    properties.set("log.dirs", Path::new(DATA).display().to_string());
    let draws: &[(&str, &[&str])] = &[
        ("message.max.bytes", &["1048588", "2000", "600"]),
        ("num.partitions", &["1", "3"]),
        ("log.initial.task.delay.ms", &["0", "50", "30000"]),
        ("log.flush.offset.checkpoint.interval.ms", &["60000", "100"]),
        ("log.flush.scheduler.interval.ms", &["9223372036854775807", "20"]),
        ("log.flush.start.offset.checkpoint.interval.ms", &["60000", "100"]),
        ("replica.high.watermark.checkpoint.interval.ms", &["5000", "100"]),
        ("log.retention.check.interval.ms", &["300000", "100"]),
        ("log.segment.delete.delay.ms", &["60000", "100", "0"]),
        ("metadata.log.max.record.bytes.between.snapshots", &["20971520", "2000"]),
        ("max.incremental.fetch.session.cache.slots", &["1000", "1", "0"]),
    ];
    for (key, values) in draws {
        properties.set(*key, values[entropy.below(values.len() as u64) as usize]);
    }
    let (config, _) =
        NodeConfig::from_properties(properties, "localhost").expect("every value drawn is a valid one");
    config
}
