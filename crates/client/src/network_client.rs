//! The connections of one client, and the metadata that tells which of them to use.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use tokio::time::Instant;
use types::{ErrorCode, NodeId, TopicName, Uuid};

use crate::broker_connection::BrokerConnection;
use crate::call::Call;
use crate::config::ClientConfig;
use crate::error::{ClientError, error_code};
use crate::metadata::{ClusterMetadata, TopicMetadata};
use crate::patience::Patience;

/// A way into a cluster; cheap to clone, clones share connections and metadata.
#[derive(Clone)]
pub struct NetworkClient {
    shared: Arc<Shared>,
}

struct Shared {
    config: ClientConfig,
    metadata: Arc<Known>,
    connections: Connections,
}

/// What is known of the cluster, and a number that rises whenever that changes.
#[derive(Default)]
struct Known {
    metadata: Mutex<Arc<ClusterMetadata>>,
    version: AtomicU64,
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, Arc<ClusterMetadata>> {
        self.metadata.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One slot per address; its lock is held while the connection is opened, so that it is opened once.
#[derive(Default)]
struct Connections {
    slots: Mutex<BTreeMap<String, Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Arc<BrokerConnection>>>>;

/// Whether a topic that does not exist may be created by asking about it (`auto.create.topics.enable` on the brokers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCreate {
    /// If the brokers do so.
    Allowed,
    /// Never.
    Forbidden,
}

impl NetworkClient {
    /// A client of the cluster behind `config.bootstrap_servers`. Nothing is connected yet.
    pub fn new(config: ClientConfig) -> Self {
        let metadata = Arc::default();
        Self { shared: Arc::new(Shared { config, metadata, connections: Connections::default() }) }
    }

    /// The same settings and metadata with connections of its own: answers of a connection come in order, so whoever
    /// asks for what takes long asks apart.
    pub(crate) fn with_own_connections(&self) -> Self {
        let metadata = Arc::clone(&self.shared.metadata);
        let config = self.shared.config.clone();
        Self { shared: Arc::new(Shared { config, metadata, connections: Connections::default() }) }
    }

    /// The settings it was made with.
    pub fn config(&self) -> &ClientConfig {
        &self.shared.config
    }

    /// What is known of the cluster now.
    pub fn metadata(&self) -> ClusterMetadata {
        (*self.snapshot()).clone()
    }

    /// As [`Self::metadata`], without copying it.
    pub(crate) fn snapshot(&self) -> Arc<ClusterMetadata> {
        Arc::clone(&self.shared.metadata.lock())
    }

    /// Another number after every change of the metadata: what was looked up before is to be looked up again.
    pub(crate) fn metadata_version(&self) -> u64 {
        self.shared.metadata.version.load(Ordering::Acquire)
    }

    /// What is known of a topic now.
    pub fn known_topic(&self, name: &str) -> Option<Arc<TopicMetadata>> {
        self.shared.metadata.lock().topics.get(name).cloned()
    }

    /// The topic's metadata: what is known, else asked for, and waited for while it is being created.
    ///
    /// # Errors
    /// When the topic does not exist (and may not be created), or nobody knows within `metadata_timeout`.
    pub async fn topic(
        &self,
        name: &str,
        auto_create: AutoCreate,
    ) -> Result<Arc<TopicMetadata>, ClientError> {
        self.topic_within(name, auto_create, self.config().metadata_timeout).await
    }

    /// As [`Self::topic`], with a patience of its own.
    pub(crate) async fn topic_within(
        &self,
        name: &str,
        auto_create: AutoCreate,
        within: Duration,
    ) -> Result<Arc<TopicMetadata>, ClientError> {
        if let Some(known) = self.known_topic(name) {
            return Ok(known);
        }
        let mut patience = Patience::lasting(self.config(), within);
        loop {
            let error = match self.refresh(&[name.into()], auto_create).await {
                Ok(()) => match self.known_topic(name) {
                    Some(known) => return Ok(known),
                    None => topic_error(name, ErrorCode::UnknownTopicOrPartition),
                },
                Err(error) => error,
            };
            let is_missing =
                matches!(error, ClientError::Topic { code: ErrorCode::UnknownTopicOrPartition, .. });
            if patience.failures() == 0 && matches!(error, ClientError::Unreachable { .. }) {
                tracing::warn!(%error, "the cluster does not answer, trying again");
            }
            tracing::debug!(topic = name, %error, "metadata not available yet");
            let is_final = !error.is_retriable() || (is_missing && auto_create == AutoCreate::Forbidden);
            if is_final || !patience.waits().await {
                return Err(error);
            }
        }
    }

    /// Asks any broker about these topics.
    ///
    /// # Errors
    /// When no broker answers, or with the first error among the topics.
    pub async fn refresh(&self, topics: &[TopicName], auto_create: AutoCreate) -> Result<(), ClientError> {
        match self.refresh_topics(topics, auto_create).await?.first() {
            Some((name, code)) => Err(topic_error(name, *code)),
            None => Ok(()),
        }
    }

    /// Asks any broker about these topics, and returns which of them there are errors for.
    pub(crate) async fn refresh_topics(
        &self,
        topics: &[TopicName],
        auto_create: AutoCreate,
    ) -> Result<Vec<(TopicName, ErrorCode)>, ClientError> {
        let topics = topics
            .iter()
            .map(|name| MetadataRequestTopic { name: Some(name.to_string()), ..Default::default() })
            .collect();
        Ok(self.ask_metadata(Some(topics), auto_create).await?.1)
    }

    /// As [`Self::refresh_topics`], for topics whose ids are known and names are not.
    pub(crate) async fn refresh_ids(&self, ids: &[Uuid]) -> Result<Vec<(TopicName, ErrorCode)>, ClientError> {
        let topics = ids.iter().map(|id| MetadataRequestTopic { topic_id: *id, ..Default::default() });
        Ok(self.ask_metadata(Some(topics.collect()), AutoCreate::Forbidden).await?.1)
    }

    /// Asks any broker about all topics that this client may see, and returns their names; without Kafka's own.
    pub(crate) async fn refresh_all(&self) -> Result<Vec<TopicName>, ClientError> {
        Ok(self.ask_metadata(None, AutoCreate::Forbidden).await?.0)
    }

    async fn ask_metadata(
        &self,
        topics: Option<Vec<MetadataRequestTopic>>,
        auto_create: AutoCreate,
    ) -> Result<(Vec<TopicName>, Vec<(TopicName, ErrorCode)>), ClientError> {
        let request = MetadataRequest {
            topics,
            allow_auto_topic_creation: auto_create == AutoCreate::Allowed,
            ..MetadataRequest::default()
        };
        let response = self.call_any(&request).await?;
        let code = error_code(response.error_code);
        if code != ErrorCode::None {
            return Err(ClientError::Server { api: MetadataRequest::API, code });
        }
        let names = response
            .topics
            .iter()
            .filter(|topic| topic.error_code == 0 && !topic.is_internal)
            .filter_map(|topic| topic.name.as_deref().map(TopicName::from))
            .collect();
        let mut metadata = self.shared.metadata.lock();
        let errors = Arc::make_mut(&mut metadata).update(response, Instant::now());
        self.shared.metadata.version.fetch_add(1, Ordering::Release);
        Ok((names, errors))
    }

    /// Asks whichever broker answers: those known first, then the bootstrap servers.
    pub(crate) async fn call_any<R: Call>(&self, request: &R) -> Result<R::Answer, ClientError> {
        self.call_any_at(request, R::MAX_VERSION).await
    }

    /// As [`Self::call_any`], at no version newer than `newest`.
    pub(crate) async fn call_any_at<R: Call>(
        &self,
        request: &R,
        newest: i16,
    ) -> Result<R::Answer, ClientError> {
        let mut addresses: Vec<String> = self.snapshot().nodes.values().cloned().collect();
        for address in &self.config().bootstrap_servers {
            if !addresses.contains(address) {
                addresses.push(address.clone());
            }
        }
        let mut last = ClientError::NoBootstrapServer;
        for address in addresses {
            let answer = match self.connection(&address).await {
                Ok(connection) => connection.call(request, newest).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_about_connection() => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// A connection to this broker.
    ///
    /// # Errors
    /// When the broker is not known (any more), or does not take the connection.
    pub(crate) async fn node(&self, node: NodeId) -> Result<Arc<BrokerConnection>, ClientError> {
        let address = {
            let metadata = self.shared.metadata.lock();
            metadata.nodes.get(&node).cloned()
        };
        let address = address.ok_or_else(|| ClientError::Unreachable {
            address: format!("id {node}"),
            reason: "not in the cluster's metadata".to_owned(),
        })?;
        self.connection(&address).await
    }

    /// A connection to this address, host:port.
    ///
    /// # Errors
    /// When nobody there takes the connection.
    pub(crate) async fn connection(&self, address: &str) -> Result<Arc<BrokerConnection>, ClientError> {
        let slot = {
            let mut slots = self.shared.connections.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(address.to_owned()).or_default())
        };
        let mut slot = slot.lock().await;
        if let Some(open) = slot.as_ref().filter(|connection| !connection.is_closed()) {
            return Ok(Arc::clone(open));
        }
        *slot = None;
        let opened = Arc::new(BrokerConnection::open(address, self.config()).await?);
        *slot = Some(Arc::clone(&opened));
        Ok(opened)
    }
}

pub(crate) fn topic_error(subject: &str, code: ErrorCode) -> ClientError {
    ClientError::Topic { subject: subject.to_owned(), code, message: None }
}
