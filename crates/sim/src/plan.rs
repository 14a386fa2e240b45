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
    /// Members of classic groups.
    pub(crate) members: Vec<Member>,
    /// Members of consumer groups (KIP-848).
    pub(crate) consumer_members: Vec<ConsumerMember>,
    /// `group.consumer.session.timeout.ms`.
    pub(crate) consumer_session_ms: u64,
    /// Clients that only keep offsets with the coordinator.
    pub(crate) simple_committers: usize,
    /// Clients that write in transactions; only where every append is synced, for what else a power cut takes may be the
    /// half of one.
    pub(crate) transactional_producers: usize,
    /// What coordinators write is synced before it is acknowledged.
    pub(crate) is_offsets_topic_flushed: bool,
    /// Of a thousand calls so many lose their connection at a random byte.
    pub(crate) drops_per_mille: u64,
    /// Mean pause of a client between two calls.
    pub(crate) pause: Duration,
}

/// A member of a classic group, as it was drawn.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) group: String,
    /// `group.instance.id` of a static member.
    pub(crate) instance: Option<String>,
    pub(crate) session_ms: u64,
    /// Never less than the session.
    pub(crate) rebalance_ms: u64,
}

/// A member of a consumer group, as it was drawn.
#[derive(Clone, Debug)]
pub(crate) struct ConsumerMember {
    pub(crate) name: String,
    pub(crate) group: String,
    /// `group.instance.id` of a static member.
    pub(crate) instance: Option<String>,
    /// `group.remote.assignor`.
    pub(crate) assignor: Option<&'static str>,
    pub(crate) may_use_patterns: bool,
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
            Size::Short => (2 + entropy.below(3), 250),
            Size::Long => (3 + entropy.below(10), 4_000),
        };
        let is_offsets_topic_flushed = entropy.below(2) == 0;
        let members = members(entropy);
        // Whoever is there besides them is there in other runs, too.
        let consumer_members = consumer_members(entropy);
        let others = if members.is_empty() && consumer_members.is_empty() { 2 } else { 1 };
        // Longer than the longest pause between two heartbeats, so that members that are calm stay.
        let consumer_session_ms = 150 + entropy.below(150);
        Self {
            config: node_config(entropy, is_offsets_topic_flushed, consumer_session_ms),
            lives: (0..lives).map(|_| Life::draw(entropy, length_ms)).collect(),
            idempotent_producers: 1 + entropy.below(others) as usize,
            plain_producers: entropy.below(others + 1) as usize,
            consumers: entropy.below(others + 1) as usize,
            members,
            consumer_members,
            consumer_session_ms,
            simple_committers: entropy.below(2) as usize,
            transactional_producers: if is_offsets_topic_flushed { entropy.below(3) as usize } else { 0 },
            is_offsets_topic_flushed,
            drops_per_mille: [0, 20, 100][entropy.below(3) as usize],
            pause: Duration::from_millis(8 + entropy.below(24)),
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

/// None at all in half of the runs; else one or two groups of one to three.
fn members(entropy: &Entropy) -> Vec<Member> {
    let mut members = Vec::new();
    for group in 0..[0, 0, 1, 2][entropy.below(4) as usize] {
        for _ in 0..1 + entropy.below(3) {
            let name = format!("m{}", members.len());
            let instance = (entropy.below(3) == 0).then(|| format!("of-{name}"));
            let session_ms = 60 + entropy.below(200);
            let rebalance_ms = session_ms + entropy.below(100);
            members.push(Member { name, group: format!("g{group}"), instance, session_ms, rebalance_ms });
        }
    }
    members
}

/// As [`members`], of the other protocol.
fn consumer_members(entropy: &Entropy) -> Vec<ConsumerMember> {
    let mut members = Vec::new();
    for group in 0..[0, 0, 1, 2][entropy.below(4) as usize] {
        let assignor = [None, Some("uniform"), Some("range")][entropy.below(3) as usize];
        for _ in 0..1 + entropy.below(3) {
            let name = format!("k{}", members.len());
            let instance = (entropy.below(3) == 0).then(|| format!("of-{name}"));
            let may_use_patterns = entropy.below(2) == 0;
            members.push(ConsumerMember {
                name,
                group: format!("c{group}"),
                instance,
                assignor,
                may_use_patterns,
            });
        }
    }
    members
}

fn node_config(entropy: &Entropy, is_offsets_topic_flushed: bool, consumer_session_ms: u64) -> NodeConfig {
    let mut properties = NodeConfig::embedded_defaults();
    properties.set("log.dirs", Path::new(DATA).display().to_string());
    if is_offsets_topic_flushed {
        properties.set("log.flush.interval.messages", "1");
    }
    properties.set("group.consumer.session.timeout.ms", consumer_session_ms.to_string());
    let draws: &[(&str, &[&str])] = &[
        ("message.max.bytes", &["1048588", "2000", "1200"]),
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
        ("log.cleaner.backoff.ms", &["15000", "20", "70"]),
        ("log.cleaner.dedupe.buffer.size", &["134217728", "2097152"]),
        ("offsets.topic.num.partitions", &["1", "3"]),
        ("offsets.topic.compression.codec", &["0", "0", "1", "4"]),
        ("group.initial.rebalance.delay.ms", &["0", "30"]),
        ("transaction.state.log.num.partitions", &["1", "3"]),
        ("transaction.abort.timed.out.transaction.cleanup.interval.ms", &["20", "100"]),
        ("group.min.session.timeout.ms", &["1"]),
        ("group.consumer.min.session.timeout.ms", &["1"]),
        ("group.consumer.min.heartbeat.interval.ms", &["1"]),
        ("group.consumer.heartbeat.interval.ms", &["20"]),
        ("group.consumer.assignment.interval.ms", &["0", "50", "1000"]),
    ];
    for (key, values) in draws {
        properties.set(*key, values[entropy.below(values.len() as u64) as usize]);
    }
    let (config, _) =
        NodeConfig::from_properties(properties, "localhost").expect("every value drawn is a valid one");
    config
}
