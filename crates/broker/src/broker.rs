//! What handlers call: the broker's state and services in one place, each service in its own file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ::log::log_dirs::LogDirs;
use arc_swap::ArcSwap;
use config::{NodeConfig, Properties};
use controller_node::supported_features;
use group_coordinator::{ClusterView, GroupSettings, GroupShard};
use io::{Blocking, Clock, Entropy};
use metadata::{MetadataImage, VersionRange};
use tokio::sync::watch;
use tokio::time::Instant;
use transaction_coordinator::{TransactionSettings, TransactionShard};
use types::{NodeId, Offset, Uuid};

use crate::cluster_view::BrokerCluster;
use crate::coordinators::groups::{GroupCoordinator, OFFSETS_TOPIC, OffsetsTopicSettings};
use crate::coordinators::transactions::{
    TRANSACTIONS_TOPIC, TransactionCoordinator, TransactionsTopicSettings,
};
use crate::coordinators::{Coordinator, CoordinatorParts, CoordinatorSettings};
use crate::directory_assignments_driver::DirectoryAssignments;
use crate::fetch::DelayedFetches;
use crate::fetch_sessions::FetchSessions;
use crate::loggers::Loggers;
use crate::produce::DelayedProduces;
use crate::producer_ids::ProducerIds;
use crate::topic_settings::ClusterTopicConfig;
use crate::transaction_verification::JoinPatience;
use crate::unopened_logs::UnopenedLogs;
use crate::{PartitionRegistry, Purgatory};

/// A broker. Handlers and tasks share one.
#[derive(Debug)]
pub struct Broker {
    node_id: NodeId,
    cluster_id: String,
    settings: BrokerSettings,
    clock: Clock,
    entropy: Entropy,
    blocking: Blocking,
    started_at: Instant,
    log_dirs: Arc<LogDirs>,
    partitions: PartitionRegistry,
    unopened_logs: UnopenedLogs,
    fetch_sessions: FetchSessions,
    delayed_produces: DelayedProduces,
    delayed_fetches: DelayedFetches,
    groups: Arc<GroupCoordinator>,
    transactions: Arc<TransactionCoordinator>,
    producer_ids: ProducerIds,
    directory_assignments: DirectoryAssignments,
    kraft_version: i16,
    /// The metadata that the partitions here agree with.
    image: ArcSwap<MetadataImage>,
    /// The same, as the group coordinator sees it.
    cluster: Arc<ArcSwap<BrokerCluster>>,
    properties: Arc<Properties>,
    applied: watch::Sender<Offset>,
    /// Held while partitions are brought in agreement with an image, and while one whose log was opened joins them.
    hosting: Mutex<()>,
    cluster_topic_config: ClusterTopicConfig,
    node_config: watch::Sender<Option<Arc<NodeConfig>>>,
    loggers: OnceLock<Arc<dyn Loggers>>,
}

/// The broker's settings that its services need.
#[derive(Clone, Debug)]
pub struct BrokerSettings {
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: i32,
    /// `max.incremental.fetch.session.cache.slots`.
    pub fetch_session_slots: usize,
    /// `max.request.partition.size.limit`: partitions in one answer of DescribeTopicPartitions.
    pub request_partitions_max: i32,
    /// `auto.create.topics.enable`.
    pub auto_create_topics: bool,
    /// The node's properties: what topics get that set nothing themselves.
    pub properties: Properties,
    /// Groups and committed offsets.
    pub groups: GroupSettings,
    /// `group.coordinator.rebalance.protocols` names the consumer protocol.
    pub serves_consumer_groups: bool,
    /// The shards of `__consumer_offsets`.
    pub group_coordinator: CoordinatorSettings,
    /// How `__consumer_offsets` is made.
    pub offsets_topic: OffsetsTopicSettings,
    /// Transactions.
    pub transactions: TransactionSettings,
    /// The shards of `__transaction_state`.
    pub transaction_coordinator: CoordinatorSettings,
    /// How `__transaction_state` is made.
    pub transactions_topic: TransactionsTopicSettings,
    /// How long a partition that joins a transaction waits for the one before.
    pub join_patience: JoinPatience,
}

/// What a broker is made of.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct BrokerParts {
    pub node_id: NodeId,
    pub cluster_id: String,
    pub settings: BrokerSettings,
    pub clock: Clock,
    pub entropy: Entropy,
    pub blocking: Blocking,
    pub log_dirs: Arc<LogDirs>,
    pub producer_ids: ProducerIds,
    /// The quorum's finalized `kraft.version`, which stands in no metadata record.
    pub kraft_version: i16,
}

/// The features of the node and of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// What this node supports: levels that it keeps in metadata, served or not. What it serves is told by its APIs.
    pub supported: BTreeMap<String, VersionRange>,
    /// What the cluster has finalized, by name.
    pub finalized: Vec<(String, i16)>,
    /// Offset of the metadata that says so.
    pub epoch: i64,
}

impl Broker {
    /// A broker without partitions. Must be made within the runtime that will drive it.
    pub fn new(parts: BrokerParts) -> Self {
        let fetch_sessions = FetchSessions::new(parts.settings.fetch_session_slots, parts.entropy.clone());
        let started_at = Instant::now();
        let (delayed_produces, delayed_fetches) = (Purgatory::new(), Purgatory::new());
        let group_settings = parts.settings.groups;
        let properties = Arc::new(parts.settings.properties.clone());
        let cluster = BrokerCluster::new(Arc::default(), properties.clone(), parts.node_id);
        let cluster = Arc::new(ArcSwap::from_pointee(cluster));
        let cluster_of_shards = cluster.clone();
        let groups = Arc::new(Coordinator::new(CoordinatorParts {
            topic: OFFSETS_TOPIC,
            settings: parts.settings.group_coordinator,
            new_shard: move || {
                GroupShard::with_cluster(group_settings, ClusterView::new(cluster_of_shards.load_full()))
            },
            clock: parts.clock.clone(),
            blocking: parts.blocking,
            started_at,
            delayed_produces: delayed_produces.clone(),
            delayed_fetches: delayed_fetches.clone(),
        }));
        let transaction_settings = parts.settings.transactions;
        let transactions = Arc::new(Coordinator::new(CoordinatorParts {
            topic: TRANSACTIONS_TOPIC,
            settings: parts.settings.transaction_coordinator,
            new_shard: move || TransactionShard::new(transaction_settings),
            clock: parts.clock.clone(),
            blocking: parts.blocking,
            started_at,
            delayed_produces: delayed_produces.clone(),
            delayed_fetches: delayed_fetches.clone(),
        }));
        Self {
            node_id: parts.node_id,
            cluster_id: parts.cluster_id,
            settings: parts.settings,
            clock: parts.clock,
            blocking: parts.blocking,
            entropy: parts.entropy,
            started_at,
            log_dirs: parts.log_dirs,
            partitions: PartitionRegistry::default(),
            unopened_logs: UnopenedLogs::default(),
            fetch_sessions,
            delayed_produces,
            delayed_fetches,
            groups,
            transactions,
            producer_ids: parts.producer_ids,
            directory_assignments: DirectoryAssignments::default(),
            kraft_version: parts.kraft_version,
            image: ArcSwap::default(),
            cluster,
            properties,
            applied: watch::Sender::new(Offset(-1)),
            hosting: Mutex::new(()),
            cluster_topic_config: ClusterTopicConfig::default(),
            node_config: watch::Sender::new(None),
            loggers: OnceLock::new(),
        }
    }

    /// This broker's `node.id`.
    pub fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// The cluster's id.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The broker's settings.
    pub fn settings(&self) -> &BrokerSettings {
        &self.settings
    }

    /// The wall clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A fresh id.
    pub fn fresh_id(&self) -> Uuid {
        loop {
            if let Some(id) = Uuid::from_random(self.entropy.bytes16()) {
                return id;
            }
        }
    }

    /// Milliseconds since the broker was made; never goes back.
    pub fn uptime_ms(&self) -> i64 {
        i64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// The data directories.
    pub fn log_dirs(&self) -> &Arc<LogDirs> {
        &self.log_dirs
    }

    /// The partitions hosted here whose logs are open.
    pub fn partitions(&self) -> &PartitionRegistry {
        &self.partitions
    }

    /// The fetch sessions.
    pub fn fetch_sessions(&self) -> &FetchSessions {
        &self.fetch_sessions
    }

    /// The producer ids that this broker gives.
    pub fn producer_ids(&self) -> &ProducerIds {
        &self.producer_ids
    }

    /// Produce requests that wait for their acknowledgement.
    pub fn delayed_produces(&self) -> &DelayedProduces {
        &self.delayed_produces
    }

    /// Fetch requests that wait for records.
    pub fn delayed_fetches(&self) -> &DelayedFetches {
        &self.delayed_fetches
    }

    /// The coordinator of groups: the shards of `__consumer_offsets` that this broker leads.
    pub fn groups(&self) -> &Arc<GroupCoordinator> {
        &self.groups
    }

    /// The coordinator of transactions: the shards of `__transaction_state` that this broker leads.
    pub fn transactions(&self) -> &Arc<TransactionCoordinator> {
        &self.transactions
    }

    /// The metadata as applied here.
    pub fn image(&self) -> Arc<MetadataImage> {
        self.image.load_full()
    }

    /// Waits until the metadata up to `offset` is applied here, so that a client which was told of a change finds it.
    pub async fn applied(&self, offset: Offset) {
        let mut applied = self.applied.subscribe();
        // The sender lives as long as this broker.
        let _ = applied.wait_for(|reached| *reached >= offset).await;
    }

    /// Features for ApiVersions.
    pub fn features(&self) -> Features {
        let image = self.image.load();
        let mut finalized: Vec<(String, i16)> =
            image.features.levels().iter().map(|(name, level)| (name.clone(), *level)).collect();
        if let Some(version) = image.features.metadata_version() {
            finalized.push(("metadata.version".to_owned(), version.level()));
        }
        if self.kraft_version > 0 {
            finalized.push(("kraft.version".to_owned(), self.kraft_version));
        }
        finalized.sort_unstable();
        Features { supported: supported_features(), finalized, epoch: image.provenance.offset.0 }
    }

    /// Where blocking work goes.
    pub fn blocking(&self) -> Blocking {
        self.blocking
    }

    /// Lets clients see and set the levels of the program's log. Called once, by the program that has one.
    pub fn connect_loggers(&self, loggers: Arc<dyn Loggers>) {
        // The first one stays.
        let _ = self.loggers.set(loggers);
    }

    pub(crate) fn loggers(&self) -> Option<&dyn Loggers> {
        self.loggers.get().map(Arc::as_ref)
    }

    pub(crate) fn node_config_sender(&self) -> &watch::Sender<Option<Arc<NodeConfig>>> {
        &self.node_config
    }

    pub(crate) fn cluster_topic_config(&self) -> &ClusterTopicConfig {
        &self.cluster_topic_config
    }

    pub(crate) fn directory_assignments(&self) -> &DirectoryAssignments {
        &self.directory_assignments
    }

    pub(crate) fn unopened_logs(&self) -> &UnopenedLogs {
        &self.unopened_logs
    }

    pub(crate) fn hosting(&self) -> MutexGuard<'_, ()> {
        self.hosting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cluster as the group coordinator sees it.
    pub(crate) fn cluster(&self) -> Arc<BrokerCluster> {
        self.cluster.load_full()
    }

    pub(crate) fn set_image(&self, image: Arc<MetadataImage>) {
        let cluster = BrokerCluster::new(image.clone(), self.properties.clone(), self.node_id);
        self.cluster.store(Arc::new(cluster));
        self.image.store(image);
    }

    /// Tells whoever waits for it that all here agrees with the image.
    pub(crate) fn note_applied(&self) {
        self.applied.send_replace(self.image.load().provenance.offset);
    }
}
