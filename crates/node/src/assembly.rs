//! A node without sockets: broker and controller at work on the ports of their environment. A simulation runs it as it
//! is; [`crate::ServedNode`] adds listeners.

use std::sync::Arc;
use std::time::Duration;

use broker::coordinators::groups::OffsetsTopicSettings;
use broker::coordinators::transactions::TransactionsTopicSettings;
use broker::coordinators::{Compression, CoordinatorSettings};
use broker::group_coordinator::GroupSettings;
use broker::group_coordinator::assignors::ServerAssignor;
use broker::group_coordinator::consumer::{ConsumerSettings, MigrationPolicy};
use broker::log_maintenance::MaintenanceSettings;
use broker::metadata_applier::BeginReport;
use broker::transaction_coordinator::TransactionSettings;
use broker::transaction_verification::JoinPatience;
use broker::{
    Broker, BrokerParts, BrokerSettings, ProducerIdBlock, ProducerIds, ProducerIdsError,
    directory_assignments_driver, lifecycle, log_cleaner, log_maintenance, metadata_applier, txn_markers,
};
use config::{ConsumerGroupsConfig, GroupCoordinatorConfig, NodeConfig, TransactionConfig};
use controller_node::{
    CallError, ControllerFailure, ControllerHandle, ControllerNode, ControllerOptions, ControllerSettings,
    LocalVoter, NewBroker, NewController, QuorumOptions, ReplicaKey, VoterSet, supported_features,
};
use handlers::{Authorizer, Handlers};
use log::log_dirs::LogDirs;
use log::{Expiration, LogSettings, Switch};
use metadata::{Endpoint, SecurityProtocol};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use types::{BrokerEpoch, NodeId};

use crate::directories::{self, Directories};
use crate::{Environment, NodeError};

/// Unflushed bytes that a data directory may have: about what half a second of recovery reads again.
const UNFLUSHED_BYTES_MAX: u64 = 256 << 20;
/// How often the unflushed bytes are looked at, and their age where `log.flush.scheduler.interval.ms` is not set.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);
/// How long a change of a transaction waits for the in-sync replicas. Kafka waits as long as the transaction may take.
const TRANSACTION_WRITE_TIMEOUT_MS: i64 = 30_000;

/// A listener that is bound, as others are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundListener {
    /// Its name, such as `PLAINTEXT`.
    pub name: String,
    /// The host that clients are told.
    pub host: String,
    /// The port that clients are told.
    pub port: u16,
}

/// A node at work.
#[derive(Debug)]
pub struct Node {
    handlers: Handlers,
    controller: ControllerHandle,
    controller_task: JoinHandle<Result<(), ControllerFailure>>,
    /// Tasks that may be dropped at any point.
    tasks: JoinSet<()>,
    /// Tasks that end by themselves when `stop` is set.
    workers: JoinSet<()>,
    stop: watch::Sender<bool>,
    epoch: BrokerEpoch,
    config: NodeConfig,
    /// Every log that was found is open: a clean stop leaves nothing to recover.
    are_all_logs_open: bool,
}

/// How far a start has come.
pub trait Progress: Send + Sync + 'static {
    /// So many of so many logs are open.
    fn logs_opened(&self, opened: usize, total: usize);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn logs_opened(&self, _opened: usize, _total: usize) {}
}

impl Progress for Box<dyn Progress> {
    fn logs_opened(&self, opened: usize, total: usize) {
        (**self).logs_opened(opened, total);
    }
}

impl Node {
    /// Starts a node that clients reach at `listeners`. When this returns, the broker is registered and fenced, and
    /// requests may be given to [`Node::handlers`]; [`Node::open`] completes the start.
    ///
    /// # Errors
    /// See [`NodeError`].
    pub async fn start(
        config: NodeConfig,
        environment: Environment,
        listeners: &[BoundListener],
    ) -> Result<Self, NodeError> {
        let prepared = directories::prepare(&config, &environment)?;
        let controller = ControllerNode::start(controller_options(&config, &environment, &prepared)).await?;
        let handle = controller.handle;
        let cluster_id = prepared.cluster_id.clone();
        let log_dirs = Arc::new(begin_log_dirs(&config, &environment, prepared)?);
        let new = new_broker(&config, &environment, &cluster_id, &log_dirs, listeners);
        let epoch = match lifecycle::register(&handle, new).await {
            Ok(epoch) => epoch,
            Err(error) => return Err(why_not_registered(error, controller.task).await),
        };
        let broker = Arc::new(Broker::new(BrokerParts {
            node_id: config.node_id,
            cluster_id,
            settings: broker_settings(&config),
            clock: environment.clock.clone(),
            entropy: environment.entropy.clone(),
            blocking: environment.blocking,
            log_dirs,
            producer_ids: producer_ids(handle.clone(), config.node_id, epoch),
            kraft_version: handle.quorum().kraft_version,
        }));
        let handlers = Handlers { broker, controller: handle.clone(), authorizer: Authorizer::AllowAll };
        Ok(Self {
            handlers,
            controller: handle,
            controller_task: controller.task,
            tasks: JoinSet::new(),
            workers: JoinSet::new(),
            stop: watch::Sender::new(false),
            epoch,
            config,
            are_all_logs_open: false,
        })
    }

    /// Takes up leadership, opens the logs, each served as soon as it is open, and starts the background tasks. When
    /// this returns every partition of this broker is served.
    ///
    /// # Errors
    /// See [`NodeError`].
    pub async fn open(&mut self, progress: impl Progress) -> Result<BeginReport, NodeError> {
        let broker = &self.handlers.broker;
        let (produces, fetches) = (broker.delayed_produces().clone(), broker.delayed_fetches().clone());
        self.tasks.spawn(async move { produces.run().await });
        self.tasks.spawn(async move { fetches.run().await });
        self.tasks.spawn(broker.groups().clone().run());
        self.tasks.spawn(broker.transactions().clone().run());
        self.tasks.spawn(txn_markers::run(broker.clone()));
        let found = metadata_applier::adopt(broker, self.controller.image())?;
        let applier = metadata_applier::run(broker.clone(), self.controller.images(), self.stop.subscribe());
        self.workers.spawn(applier);
        lifecycle::unfence(broker, &self.controller, self.epoch).await?;
        let report = metadata_applier::begin(broker, found, move |opened, total| {
            progress.logs_opened(opened, total);
        })
        .await;
        self.are_all_logs_open = report.failed == 0;
        let maintenance = maintenance_settings(&self.config);
        self.workers.spawn(log_maintenance::run(broker.clone(), maintenance, self.stop.subscribe()));
        self.workers.spawn(log_cleaner::run(broker.clone(), self.stop.subscribe()));
        let telling = directory_assignments_driver::run(broker.clone(), self.controller.clone(), self.epoch);
        self.tasks.spawn(telling);
        let interval = millis(self.config.lifecycle.broker_heartbeat_interval_ms.into());
        self.tasks.spawn(lifecycle::run(broker.clone(), self.controller.clone(), self.epoch, interval));
        Ok(report)
    }

    /// What serves requests.
    pub fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    /// The broker.
    pub fn broker(&self) -> &Arc<Broker> {
        &self.handlers.broker
    }

    /// Returns when the node cannot go on: its controller has failed.
    pub async fn failed(&mut self) -> NodeError {
        match (&mut self.controller_task).await {
            Ok(Err(failure)) => failure.into(),
            Ok(Ok(())) => NodeError::Registration(CallError::NoController),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Answers whoever waits for others in a group, or for records: to be called before the server stops, which waits for
    /// what it has begun.
    pub fn release_waits(&self) {
        let broker = &self.handlers.broker;
        broker.groups().unload_all();
        broker.transactions().unload_all();
        broker.delayed_fetches().expire_all();
    }

    /// Stops an opened node cleanly: leaderships given up, logs closed and marked, controller last. Whoever serves requests has
    /// stopped to do so.
    pub async fn stop(mut self) {
        let broker = self.handlers.broker.clone();
        self.release_waits();
        if self.config.lifecycle.controlled_shutdown_enable
            && let Err(error) = lifecycle::shut_down(&broker, &self.controller, self.epoch).await
        {
            tracing::warn!(%error, "controlled shutdown not completed");
        }
        self.tasks.shutdown().await;
        self.stop.send_replace(true);
        while self.workers.join_next().await.is_some() {}
        let (dirs, epoch, all_opened) = (broker.log_dirs().clone(), self.epoch, self.are_all_logs_open);
        broker.blocking().run(move || dirs.close(epoch, all_opened)).await;
        self.controller.stop().await;
        if let Ok(Err(error)) = self.controller_task.await {
            tracing::error!(%error, "the controller did not stop cleanly");
        }
    }
}

/// A controller that is not there any more has a reason of its own, which says more.
async fn why_not_registered(
    error: CallError,
    controller: JoinHandle<Result<(), ControllerFailure>>,
) -> NodeError {
    let gone = matches!(error, CallError::NoController);
    match tokio::time::timeout(Duration::from_secs(if gone { 5 } else { 0 }), controller).await {
        Ok(Ok(Err(failure))) => failure.into(),
        _ => error.into(),
    }
}

fn controller_options(
    config: &NodeConfig,
    environment: &Environment,
    prepared: &Directories,
) -> ControllerOptions {
    let Environment { disk, clock, entropy, blocking } = environment.clone();
    let endpoints = directories::controller_endpoints(config);
    ControllerOptions {
        quorum: QuorumOptions {
            disk,
            log: config.metadata_log.clone(),
            local: LocalVoter {
                key: ReplicaKey::new(config.node_id, prepared.metadata_directory_id),
                endpoints: endpoints.clone(),
                election_timeout: Duration::from_secs(1),
            },
            static_voters: static_voters(config),
            clock,
            entropy: entropy.clone(),
            blocking,
        },
        data_directory: config.metadata_log_dir.clone(),
        settings: ControllerSettings {
            cluster_id: prepared.cluster_id.clone(),
            node_id: config.node_id,
            num_partitions: config.topics.num_partitions,
            default_replication_factor: i16::try_from(config.topics.default_replication_factor).unwrap_or(1),
            delete_topic_enable: config.topics.delete_topic_enable,
            broker_session_timeout: millis(config.lifecycle.broker_session_timeout_ms.into()),
            properties: config.properties.clone(),
        },
        registration: NewController {
            id: config.node_id,
            incarnation_id: directories::new_id(&entropy),
            listeners: (endpoints.iter())
                .map(|(name, endpoint)| (name.to_owned(), plaintext(&endpoint.host, endpoint.port)))
                .collect(),
            features: supported_features(),
        },
    }
}

/// The voters that `controller.quorum.voters` names; none for a dynamic quorum.
fn static_voters(config: &NodeConfig) -> VoterSet {
    let listener = config.controller_listener_names.first().map_or("CONTROLLER", String::as_str);
    let address = |voter: &config::Voter| {
        let (host, port) = (voter.address.host.clone(), voter.address.port);
        (voter.id, controller_node::Endpoint { host, port })
    };
    VoterSet::of_addresses(listener, config.quorum_voters.iter().map(address))
}

fn begin_log_dirs(
    config: &NodeConfig,
    environment: &Environment,
    prepared: Directories,
) -> Result<LogDirs, NodeError> {
    let settings = LogSettings {
        producer_id_expiration: Expiration::of_ms(config.producers.producer_id_expiration_ms.into()),
        transaction_verification: Switch::new(config.transactions.transaction_partition_verification_enable),
    };
    // A directory for the metadata log alone holds no partitions.
    let directories = prepared.all.into_iter().collect();
    Ok(LogDirs::begin(environment.disk.clone(), environment.entropy.clone(), settings, directories)?)
}

fn new_broker(
    config: &NodeConfig,
    environment: &Environment,
    cluster_id: &str,
    log_dirs: &LogDirs,
    listeners: &[BoundListener],
) -> NewBroker {
    let directories = log_dirs.directories().iter().filter_map(|it| it.meta()?.directory_id);
    NewBroker {
        cluster_id: cluster_id.to_owned(),
        id: config.node_id,
        incarnation_id: directories::new_id(&environment.entropy),
        listeners: (listeners.iter())
            .map(|listener| (listener.name.clone(), plaintext(&listener.host, listener.port)))
            .collect(),
        features: supported_features(),
        rack: config.rack.clone(),
        directories: directories.collect(),
        previous_epoch: Some(log_dirs.clean_shutdown_epoch().unwrap_or(BrokerEpoch(-1))),
        is_migrating_zk_broker: false,
    }
}

fn plaintext(host: &str, port: u16) -> Endpoint {
    Endpoint { host: host.to_owned(), port, security_protocol: SecurityProtocol::Plaintext }
}

fn broker_settings(config: &NodeConfig) -> BrokerSettings {
    BrokerSettings {
        fetch_max_bytes: config.requests.fetch_max_bytes,
        fetch_session_slots: usize::try_from(config.requests.max_incremental_fetch_session_cache_slots)
            .unwrap_or(0),
        request_partitions_max: config.requests.max_request_partition_size_limit,
        auto_create_topics: config.topics.auto_create_topics_enable,
        properties: config.properties.clone(),
        groups: group_settings(&config.groups),
        serves_consumer_groups: config.groups.consumer.is_enabled,
        group_coordinator: CoordinatorSettings {
            write_timeout_ms: config.groups.offsets_commit_timeout_ms.into(),
            compression: offsets_compression(config.groups.offsets_topic_compression_codec),
            load_bytes: usize::try_from(config.groups.offsets_load_buffer_size).unwrap_or(1),
        },
        offsets_topic: OffsetsTopicSettings {
            partitions: config.groups.offsets_topic_num_partitions,
            replication_factor: config.groups.offsets_topic_replication_factor,
            segment_bytes: config.groups.offsets_topic_segment_bytes,
        },
        transactions: transaction_settings(&config.transactions),
        transaction_coordinator: CoordinatorSettings {
            write_timeout_ms: TRANSACTION_WRITE_TIMEOUT_MS,
            compression: Compression::None,
            load_bytes: usize::try_from(config.transactions.transaction_state_log_load_buffer_size)
                .unwrap_or(1),
        },
        transactions_topic: TransactionsTopicSettings {
            partitions: config.transactions.transaction_state_log_num_partitions,
            replication_factor: config.transactions.transaction_state_log_replication_factor,
            segment_bytes: config.transactions.transaction_state_log_segment_bytes,
            min_insync_replicas: config.transactions.transaction_state_log_min_isr,
        },
        join_patience: JoinPatience {
            back_off: millis(config.transactions.add_partitions_to_txn_retry_backoff_ms.into()),
            longest: millis(config.transactions.add_partitions_to_txn_retry_backoff_max_ms.into()),
        },
    }
}

fn transaction_settings(config: &TransactionConfig) -> TransactionSettings {
    TransactionSettings {
        timeout_ms_max: config.transaction_max_timeout_ms,
        expiration_ms: config.transactional_id_expiration_ms.into(),
        abort_timed_out_interval_ms: config
            .transaction_abort_timed_out_transaction_cleanup_interval_ms
            .into(),
        remove_expired_interval_ms: config.transaction_remove_expired_transaction_cleanup_interval_ms.into(),
        has_two_phase_commit: config.transaction_two_phase_commit_enable,
    }
}

fn group_settings(config: &GroupCoordinatorConfig) -> GroupSettings {
    GroupSettings {
        session_timeout_ms_min: config.group_min_session_timeout_ms,
        session_timeout_ms_max: config.group_max_session_timeout_ms,
        initial_rebalance_delay_ms: config.group_initial_rebalance_delay_ms,
        members_max: usize::try_from(config.group_max_size).unwrap_or(usize::MAX),
        offset_metadata_bytes_max: usize::try_from(config.offset_metadata_max_bytes).unwrap_or(0),
        offsets_retention_ms: i64::from(config.offsets_retention_minutes) * 60_000,
        offsets_retention_check_interval_ms: config.offsets_retention_check_interval_ms,
        consumer: consumer_settings(&config.consumer),
    }
}

fn consumer_settings(config: &ConsumerGroupsConfig) -> ConsumerSettings {
    let mut assignors = config.assignors.iter().map(|name| ServerAssignor::by_name(name));
    ConsumerSettings {
        members_max: usize::try_from(config.max_size).unwrap_or(usize::MAX),
        assignors: [assignors.next().flatten(), assignors.next().flatten()],
        regex_refresh_interval_ms: config.regex_refresh_interval_ms.into(),
        migration: match config.migration_policy.as_str() {
            "disabled" => MigrationPolicy::Disabled,
            "upgrade" => MigrationPolicy::Upgrade,
            "downgrade" => MigrationPolicy::Downgrade,
            _ => MigrationPolicy::Bidirectional,
        },
    }
}

/// The codec of this id, at the level that Kafka takes. The settings hold only ids that exist.
fn offsets_compression(codec: i32) -> Compression {
    match codec {
        1 => Compression::Gzip { level: -1 },
        2 => Compression::Snappy,
        3 => Compression::Lz4,
        4 => Compression::Zstd { level: 3 },
        _ => Compression::None,
    }
}

fn producer_ids(controller: ControllerHandle, node_id: NodeId, epoch: BrokerEpoch) -> ProducerIds {
    ProducerIds::new(Arc::new(move || {
        let controller = controller.clone();
        Box::pin(async move {
            match controller.allocate_producer_ids(node_id, epoch).await {
                Ok(block) => Ok(ProducerIdBlock { first: block.first, length: block.count }),
                Err(error) => Err(ProducerIdsError { reason: error.to_string() }),
            }
        })
    }))
}

fn maintenance_settings(config: &NodeConfig) -> MaintenanceSettings {
    let logs = &config.logs;
    MaintenanceSettings {
        initial_delay: millis(logs.initial_task_delay_ms),
        recovery_checkpoint: millis(logs.flush_offset_checkpoint_interval_ms.into()),
        log_start_checkpoint: millis(logs.flush_start_offset_checkpoint_interval_ms.into()),
        high_watermark_checkpoint: millis(logs.replica_high_watermark_checkpoint_interval_ms),
        retention: millis(logs.retention_check_interval_ms),
        flush_overdue: logs.flush_scheduler_interval_ms.map_or(FLUSH_INTERVAL, millis),
        flush: FLUSH_INTERVAL,
        unflushed_bytes_max: UNFLUSHED_BYTES_MAX,
        producer_expiration: millis(config.producers.producer_id_expiration_check_interval_ms.into()),
    }
}

fn millis(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}
