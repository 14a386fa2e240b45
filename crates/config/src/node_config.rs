//! The typed settings of one node: what a `server.properties` says, checked as a whole.

use std::path::PathBuf;

use types::NodeId;

use crate::TopicConfig;
use crate::node_error::{ConfigError, ConfigWarning};
use crate::node_groups::{ConsumerGroupsConfig, consumer_groups};
use crate::node_listeners::{
    Endpoint, HostPort, Listener, ListenerSettings, Voter, bootstrap_servers, voters,
};
use crate::node_topic_defaults::topic_defaults;
use crate::node_values::NodeValues;
use crate::properties::Properties;
use crate::transaction_config::{TransactionConfig, transactions};

/// The settings of one node. Field names are the keys', dots for underscores; times in milliseconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeConfig {
    /// `node.id`, or its older name `broker.id`.
    pub node_id: NodeId,
    /// The cluster that the data directories belong to, and fresh ones are formatted for; `None`: whichever they name. No
    /// key says it: `CLUSTER_ID` of the environment does.
    pub cluster_id: Option<String>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Where connections are accepted: from clients, brokers and controllers.
    pub listeners: Vec<Listener>,
    /// What others are told about them. Every name stands in `listeners`.
    pub advertised_listeners: Vec<Endpoint>,
    /// Which names are for controllers, in upper case.
    pub controller_listener_names: Vec<String>,
    /// The listener by which brokers reach each other.
    pub inter_broker_listener_name: String,
    /// `controller.quorum.voters`: given, the quorum is static (`kraft.version` 0). Empty, or this node alone.
    pub quorum_voters: Vec<Voter>,
    /// Directories for partitions; at least one.
    pub log_dirs: Vec<PathBuf>,
    /// The directory of the metadata log: `metadata.log.dir`, else the first of `log_dirs`.
    pub metadata_log_dir: PathBuf,
    /// Sockets and connections.
    pub connections: ConnectionConfig,
    /// Bounds of single requests.
    pub requests: RequestConfig,
    /// Creation and deletion of topics.
    pub topics: TopicCreationConfig,
    /// The settings of a topic that sets none itself.
    pub topic_defaults: TopicConfig,
    /// Background work on the logs.
    pub logs: LogConfig,
    /// Log compaction.
    pub log_cleaner: LogCleanerConfig,
    /// The metadata log and its snapshots.
    pub metadata_log: MetadataLogConfig,
    /// How this broker keeps its registration alive.
    pub lifecycle: LifecycleConfig,
    /// Idempotent producers.
    pub producers: ProducerConfig,
    /// Groups and committed offsets.
    pub groups: GroupCoordinatorConfig,
    /// Transactions.
    pub transactions: TransactionConfig,
    /// Everything that was set, as it was written: the difference between a static value and a default.
    pub properties: Properties,
}

/// Sockets and connections.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name")]
pub struct ConnectionConfig {
    /// Negative: never closed for being idle.
    pub connections_max_idle_ms: i64,
    pub max_connections: i32,
    pub max_connections_per_ip: i32,
    /// Hosts or addresses with a bound of their own.
    pub max_connections_per_ip_overrides: Vec<(String, i32)>,
    /// Bytes of requests in flight over all connections; `None`: no bound.
    pub queued_max_request_bytes: Option<u64>,
    pub socket_listen_backlog_size: i32,
    /// −1: the system's default.
    pub socket_receive_buffer_bytes: i32,
    /// −1: the system's default.
    pub socket_send_buffer_bytes: i32,
    pub socket_request_max_bytes: i32,
}

/// Bounds of single requests.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name")]
pub struct RequestConfig {
    pub fetch_max_bytes: i32,
    pub max_incremental_fetch_session_cache_slots: i32,
    pub max_request_partition_size_limit: i32,
}

/// Creation and deletion of topics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name")]
pub struct TopicCreationConfig {
    pub auto_create_topics_enable: bool,
    pub default_replication_factor: i32,
    pub delete_topic_enable: bool,
    pub num_partitions: i32,
}

/// Background work on the logs; the keys are `log.…`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name")]
pub struct LogConfig {
    /// How often recovery points are written.
    pub flush_offset_checkpoint_interval_ms: i32,
    /// `None`: not set.
    pub flush_scheduler_interval_ms: Option<i64>,
    pub flush_start_offset_checkpoint_interval_ms: i32,
    /// How long after the start background work begins.
    pub initial_task_delay_ms: i64,
    pub retention_check_interval_ms: i64,
    pub num_recovery_threads_per_data_dir: i32,
    pub replica_high_watermark_checkpoint_interval_ms: i64,
}

/// Log compaction; the keys are `log.cleaner.…`. Those that topics inherit stand with the topics' settings.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each field is the key of the same name")]
pub struct LogCleanerConfig {
    /// How long to wait where no log needs cleaning.
    pub backoff_ms: i64,
    /// Bytes for the keys of dirty logs, shared by the threads.
    pub dedupe_buffer_size: i64,
    pub enable: bool,
    /// The part of it that may be filled.
    pub io_buffer_load_factor: f64,
    /// Bytes for reading and writing, shared by the threads.
    pub io_buffer_size: i32,
    /// Read and written, by all threads.
    pub io_max_bytes_per_second: f64,
    /// Logs cleaned at one time.
    pub threads: i32,
}

/// The metadata log; the keys are `metadata.…`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name")]
pub struct MetadataLogConfig {
    pub log_max_record_bytes_between_snapshots: i64,
    /// 0: no snapshots by time.
    pub log_max_snapshot_interval_ms: i64,
    pub log_segment_bytes: i32,
    pub log_segment_ms: i64,
    pub max_retention_bytes: i64,
    pub max_retention_ms: i64,
    /// `internal.metadata.max.batch.size.in.bytes`.
    pub max_batch_bytes: i32,
    /// `internal.metadata.delete.delay.millis`.
    pub delete_delay_ms: i64,
}

/// How a broker keeps its registration alive (KIP-631).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name")]
pub struct LifecycleConfig {
    pub broker_heartbeat_interval_ms: i32,
    pub broker_session_timeout_ms: i32,
    pub controlled_shutdown_enable: bool,
}

/// Idempotent producers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name")]
pub struct ProducerConfig {
    /// How long a silent producer's state is kept.
    pub producer_id_expiration_ms: i32,
    pub producer_id_expiration_check_interval_ms: i32,
}

/// Groups and committed offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the key of the same name, but for the dots")]
pub struct GroupCoordinatorConfig {
    pub group_initial_rebalance_delay_ms: i32,
    pub group_max_session_timeout_ms: i32,
    pub group_max_size: i32,
    pub group_min_session_timeout_ms: i32,
    pub offset_metadata_max_bytes: i32,
    pub offsets_commit_timeout_ms: i32,
    pub offsets_load_buffer_size: i32,
    pub offsets_retention_check_interval_ms: i64,
    pub offsets_retention_minutes: i32,
    /// The id of a codec, as batches have it: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub offsets_topic_compression_codec: i32,
    pub offsets_topic_num_partitions: i32,
    pub offsets_topic_replication_factor: i16,
    pub offsets_topic_segment_bytes: i32,
    /// Groups of the consumer protocol.
    pub consumer: ConsumerGroupsConfig,
}

impl NodeConfig {
    /// What a node without a file runs on: one broker and controller for clients on this machine. It binds no
    /// controller listener, since in a quorum of one nobody else calls.
    pub fn embedded_defaults() -> Properties {
        let mut properties = Properties::default();
        for (key, value) in [
            ("process.roles", "broker,controller"),
            ("node.id", "1"),
            ("listeners", "PLAINTEXT://127.0.0.1:9092"),
            ("controller.listener.names", "CONTROLLER"),
            ("log.dirs", "milena-data"),
            ("offsets.topic.replication.factor", "1"),
            ("transaction.state.log.replication.factor", "1"),
            ("transaction.state.log.min.isr", "1"),
            ("share.coordinator.state.topic.replication.factor", "1"),
            ("share.coordinator.state.topic.min.isr", "1"),
        ] {
            properties.set(key, value);
        }
        properties
    }

    /// The settings that `properties` ask for. `host_name`: this machine's, told to others where a listener is bound
    /// on every interface and nothing is advertised.
    ///
    /// # Errors
    /// The first thing that keeps a node from starting with them.
    pub fn from_properties(
        properties: Properties,
        host_name: &str,
    ) -> Result<(Self, Vec<ConfigWarning>), ConfigError> {
        let (values, warnings) = NodeValues::check(&properties)?;
        check_required(&values)?;
        check_roles(&values)?;
        let node_id = NodeId(values.int("node.id"));
        let listeners = ListenerSettings::from_values(&values, host_name)?;
        let quorum_voters = voters(&values)?;
        let quorum_bootstrap_servers = bootstrap_servers(&values)?;
        check_quorum(node_id, &listeners, &quorum_voters, &quorum_bootstrap_servers)?;
        let log_dirs: Vec<PathBuf> = values
            .list(if values.is_set("log.dirs") { "log.dirs" } else { "log.dir" })
            .iter()
            .map(PathBuf::from)
            .collect();
        let metadata_log_dir =
            values.text("metadata.log.dir").map_or_else(|| log_dirs[0].clone(), PathBuf::from);
        let config = Self {
            node_id,
            cluster_id: None,
            rack: values.text("broker.rack"),
            listeners: listeners.listeners,
            advertised_listeners: listeners.advertised,
            controller_listener_names: listeners.controller_names,
            inter_broker_listener_name: listeners.inter_broker_name,
            quorum_voters,
            log_dirs,
            metadata_log_dir,
            connections: connections(&values)?,
            requests: RequestConfig {
                fetch_max_bytes: values.int("fetch.max.bytes"),
                max_incremental_fetch_session_cache_slots: values
                    .int("max.incremental.fetch.session.cache.slots"),
                max_request_partition_size_limit: values.int("max.request.partition.size.limit"),
            },
            topics: TopicCreationConfig {
                auto_create_topics_enable: values.boolean("auto.create.topics.enable"),
                default_replication_factor: values.int("default.replication.factor"),
                delete_topic_enable: values.boolean("delete.topic.enable"),
                num_partitions: values.int("num.partitions"),
            },
            topic_defaults: topic_defaults(&properties)?,
            logs: logs(&values),
            log_cleaner: log_cleaner(&values),
            metadata_log: metadata_log(&values),
            lifecycle: lifecycle(&values),
            producers: producers(&values),
            groups: groups(&values)?,
            transactions: transactions(&values),
            properties,
        };
        Ok((config, warnings))
    }

    /// The listener for clients that is named first.
    pub fn client_listener(&self) -> &Listener {
        self.client_listeners().next().expect("a node was checked to have a listener for clients")
    }

    /// The listeners for clients and brokers.
    pub fn client_listeners(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(|listener| !self.controller_listener_names.contains(&listener.name))
    }

    /// Binds and advertises the first listener for clients at `port`; 0: one that is free.
    pub fn set_client_port(&mut self, port: u16) {
        let name = self.client_listener().name.clone();
        for listener in self.listeners.iter_mut().filter(|listener| listener.name == name) {
            listener.port = port;
        }
        for endpoint in self.advertised_listeners.iter_mut().filter(|endpoint| endpoint.listener == name) {
            endpoint.port = port;
        }
    }
}

fn check_required(values: &NodeValues) -> Result<(), ConfigError> {
    for (key, fix) in [
        ("process.roles", "set it to broker,controller"),
        ("node.id", "set it to a number of this node's own, such as 1"),
        ("controller.listener.names", "set it to the name of the controllers' listener, such as CONTROLLER"),
    ] {
        if !values.is_set(key) {
            return Err(ConfigError::Missing { key, fix });
        }
    }
    let node_id = values.long("node.id");
    if node_id < 0 {
        return Err(ConfigError::Conflict {
            key: "node.id",
            value: node_id.to_string(),
            rule: "must be at least 0".to_owned(),
        });
    }
    Ok(())
}

fn check_roles(values: &NodeValues) -> Result<(), ConfigError> {
    let roles = values.list("process.roles");
    if roles.len() < 2 {
        return Err(ConfigError::Refused {
            key: "process.roles".to_owned(),
            value: roles.join(","),
            what: "a node with one role of two (use broker,controller)".to_owned(),
        });
    }
    Ok(())
}

/// A quorum of one, which is this node. Without voters and bootstrap servers nobody else calls, so that the controller
/// listener need not be bound; Kafka insists on both.
fn check_quorum(
    node_id: NodeId,
    listeners: &ListenerSettings,
    voters: &[Voter],
    bootstrap_servers: &[HostPort],
) -> Result<(), ConfigError> {
    let join = |entries: Vec<String>| entries.join(",");
    if voters.len() > 1 || bootstrap_servers.len() > 1 {
        let (key, entries) = if voters.len() > 1 {
            let entries = voters.iter().map(|voter| format!("{}@{}", voter.id, voter.address)).collect();
            ("controller.quorum.voters", entries)
        } else {
            (
                "controller.quorum.bootstrap.servers",
                bootstrap_servers.iter().map(HostPort::to_string).collect(),
            )
        };
        let what = "a quorum of more than one controller".to_owned();
        return Err(ConfigError::Refused { key: key.to_owned(), value: join(entries), what });
    }
    if let Some(voter) = voters.first().filter(|voter| voter.id != node_id) {
        return Err(ConfigError::Conflict {
            key: "controller.quorum.voters",
            value: format!("{}@{}", voter.id, voter.address),
            rule: format!("must name this node, whose node.id is {node_id}"),
        });
    }
    let is_called = !voters.is_empty() || !bootstrap_servers.is_empty();
    let unbound = listeners
        .controller_names
        .iter()
        .find(|name| !listeners.listeners.iter().any(|listener| listener.name == **name));
    match unbound {
        Some(name) if is_called => Err(ConfigError::Conflict {
            key: "controller.listener.names",
            value: name.clone(),
            rule: "must stand in listeners as well, since the quorum has an address".to_owned(),
        }),
        _ => Ok(()),
    }
}

fn connections(values: &NodeValues) -> Result<ConnectionConfig, ConfigError> {
    let overrides = per_ip_overrides(values)?;
    let per_ip = values.int("max.connections.per.ip");
    if per_ip == 0 && overrides.is_empty() {
        return Err(ConfigError::Conflict {
            key: "max.connections.per.ip",
            value: "0".to_owned(),
            rule: "can be 0 only where max.connections.per.ip.overrides lets some in".to_owned(),
        });
    }
    let queued = values.long("queued.max.request.bytes");
    let request_max = values.int("socket.request.max.bytes");
    if queued > 0 && queued < request_max.into() {
        return Err(ConfigError::Conflict {
            key: "queued.max.request.bytes",
            value: queued.to_string(),
            rule: format!("must be at least socket.request.max.bytes, which is {request_max}"),
        });
    }
    Ok(ConnectionConfig {
        connections_max_idle_ms: values.long("connections.max.idle.ms"),
        max_connections: values.int("max.connections"),
        max_connections_per_ip: per_ip,
        max_connections_per_ip_overrides: overrides,
        queued_max_request_bytes: u64::try_from(queued).ok().filter(|bytes| *bytes > 0),
        socket_listen_backlog_size: values.int("socket.listen.backlog.size"),
        socket_receive_buffer_bytes: values.int("socket.receive.buffer.bytes"),
        socket_send_buffer_bytes: values.int("socket.send.buffer.bytes"),
        socket_request_max_bytes: request_max,
    })
}

/// `max.connections.per.ip.overrides`: `host:count,…`.
fn per_ip_overrides(values: &NodeValues) -> Result<Vec<(String, i32)>, ConfigError> {
    const KEY: &str = "max.connections.per.ip.overrides";
    let text = values.text(KEY).unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let parsed = entry
                .rsplit_once(':')
                .and_then(|(host, count)| Some((host.trim(), count.trim().parse::<i32>().ok()?)))
                .filter(|(host, count)| !host.is_empty() && *count >= 0);
            let (host, count) = parsed.ok_or_else(|| ConfigError::Invalid {
                key: KEY.to_owned(),
                value: entry.to_owned(),
                expected: "host:count,…".to_owned(),
            })?;
            Ok((host.to_owned(), count))
        })
        .collect()
}

fn logs(values: &NodeValues) -> LogConfig {
    LogConfig {
        flush_offset_checkpoint_interval_ms: values.int("log.flush.offset.checkpoint.interval.ms"),
        flush_scheduler_interval_ms: Some(values.long("log.flush.scheduler.interval.ms"))
            .filter(|interval_ms| *interval_ms != i64::MAX),
        flush_start_offset_checkpoint_interval_ms: values
            .int("log.flush.start.offset.checkpoint.interval.ms"),
        initial_task_delay_ms: values.long("log.initial.task.delay.ms"),
        retention_check_interval_ms: values.long("log.retention.check.interval.ms"),
        num_recovery_threads_per_data_dir: values.int("num.recovery.threads.per.data.dir"),
        replica_high_watermark_checkpoint_interval_ms: values
            .long("replica.high.watermark.checkpoint.interval.ms"),
    }
}

fn log_cleaner(values: &NodeValues) -> LogCleanerConfig {
    LogCleanerConfig {
        backoff_ms: values.long("log.cleaner.backoff.ms"),
        dedupe_buffer_size: values.long("log.cleaner.dedupe.buffer.size"),
        enable: values.boolean("log.cleaner.enable"),
        io_buffer_load_factor: values.double("log.cleaner.io.buffer.load.factor"),
        io_buffer_size: values.int("log.cleaner.io.buffer.size"),
        io_max_bytes_per_second: values.double("log.cleaner.io.max.bytes.per.second"),
        threads: values.int("log.cleaner.threads"),
    }
}

fn metadata_log(values: &NodeValues) -> MetadataLogConfig {
    MetadataLogConfig {
        log_max_record_bytes_between_snapshots: values
            .long("metadata.log.max.record.bytes.between.snapshots"),
        log_max_snapshot_interval_ms: values.long("metadata.log.max.snapshot.interval.ms"),
        log_segment_bytes: values
            .optional_long("internal.metadata.log.segment.bytes")
            .and_then(|bytes| i32::try_from(bytes).ok())
            .unwrap_or_else(|| values.int("metadata.log.segment.bytes")),
        log_segment_ms: values.long("metadata.log.segment.ms"),
        max_retention_bytes: values.long("metadata.max.retention.bytes"),
        max_retention_ms: values.long("metadata.max.retention.ms"),
        max_batch_bytes: values.int("internal.metadata.max.batch.size.in.bytes"),
        delete_delay_ms: values.long("internal.metadata.delete.delay.millis"),
    }
}

fn lifecycle(values: &NodeValues) -> LifecycleConfig {
    LifecycleConfig {
        broker_heartbeat_interval_ms: values.int("broker.heartbeat.interval.ms"),
        broker_session_timeout_ms: values.int("broker.session.timeout.ms"),
        controlled_shutdown_enable: values.boolean("controlled.shutdown.enable"),
    }
}

fn producers(values: &NodeValues) -> ProducerConfig {
    ProducerConfig {
        producer_id_expiration_ms: values.int("producer.id.expiration.ms"),
        producer_id_expiration_check_interval_ms: values.int("producer.id.expiration.check.interval.ms"),
    }
}

fn groups(values: &NodeValues) -> Result<GroupCoordinatorConfig, ConfigError> {
    let codec = values.int("offsets.topic.compression.codec");
    if !(0..=4).contains(&codec) {
        return Err(ConfigError::Conflict {
            key: "offsets.topic.compression.codec",
            value: codec.to_string(),
            rule: "must be 0 (none), 1 (gzip), 2 (snappy), 3 (lz4) or 4 (zstd)".to_owned(),
        });
    }
    let replication_factor = values.int("offsets.topic.replication.factor");
    Ok(GroupCoordinatorConfig {
        group_initial_rebalance_delay_ms: values.int("group.initial.rebalance.delay.ms"),
        group_max_session_timeout_ms: values.int("group.max.session.timeout.ms"),
        group_max_size: values.int("group.max.size"),
        group_min_session_timeout_ms: values.int("group.min.session.timeout.ms"),
        offset_metadata_max_bytes: values.int("offset.metadata.max.bytes"),
        offsets_commit_timeout_ms: values.int("offsets.commit.timeout.ms"),
        offsets_load_buffer_size: values.int("offsets.load.buffer.size"),
        offsets_retention_check_interval_ms: values.long("offsets.retention.check.interval.ms"),
        offsets_retention_minutes: values.int("offsets.retention.minutes"),
        offsets_topic_compression_codec: codec,
        offsets_topic_num_partitions: values.int("offsets.topic.num.partitions"),
        offsets_topic_replication_factor: i16::try_from(replication_factor)
            .expect("a SHORT key was checked for 16 bits"),
        offsets_topic_segment_bytes: values.int("offsets.topic.segment.bytes"),
        consumer: consumer_groups(values)?,
    })
}
