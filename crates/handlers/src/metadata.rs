//! Metadata (key 3), versions 0–13: brokers, topics and who leads which partition.
//!
//! v0: an empty list means all topics; v1 null does, and an empty one means none; v4 (KIP-4) automatic creation;
//! v5 offline replicas; v6 LISTENER_NOT_FOUND; v7 (KIP-320) leader epochs; v8–10 (KIP-430) authorized operations; v9
//! flexible; v10 (KIP-516) topic ids in answers, v12 in requests; v13 (KIP-1102) an error of the whole answer. Broker
//! listeners. Needs DESCRIBE on a topic, CREATE to make one.
//!
//! A topic that does not exist is made where the request and `auto.create.topics.enable` allow it. Brokers are listed by their endpoint on the
//! listener that was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use broker::Broker;
use controller_node::ControllerHandle;
use metadata::{MetadataImage, TopicImage};
use net::{CloseReason, Request};
use protocol::messages::metadata_request::MetadataRequest;
use protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use types::{ErrorCode, Uuid};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::auto_create_topics;
use crate::exchange::{self, Handled};
use crate::partition_view::{PartitionView, some_broker};
use crate::{internal_topics, topic_names};

/// First version that tells a missing listener from a missing leader.
const LISTENER_NOT_FOUND_SINCE: i16 = 6;
/// First version whose requests may name topics by id.
const TOPIC_IDS_SINCE: i16 = 12;

/// Answers from the broker's own image, after topics were made where that was asked for.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: MetadataRequest = exchange::decode(request)?;
    let version = request.header.api_version;
    if version < TOPIC_IDS_SINCE && names_by_id(&body) {
        return exchange::answer(&request.header, &refuse_all(&body));
    }
    let wanted = Wanted::of(&body, version)?;
    let mut refused = BTreeMap::new();
    if let Wanted::ByName(names) = &wanted
        && body.allow_auto_topic_creation
        && broker.settings().auto_create_topics
    {
        let image = broker.image();
        let may_know = |name: &&String| {
            authorizer.allows(&request.connection, Operation::Describe, Resource::Topic(name))
        };
        let missing = names.iter().filter(|name| image.topics.by_name(name).is_none()).filter(may_know);
        let missing = missing.cloned().collect();
        refused = auto_create_topics::create(broker, controller, authorizer, request, missing).await;
    }
    let image = broker.image();
    let mut call = Call { image: &image, authorizer, request, body: &body, topics: Vec::new() };
    match wanted {
        Wanted::All => image.topics.iter().for_each(|topic| call.add_topic(topic, Silence::IfDenied)),
        Wanted::ByName(names) => {
            for name in names {
                match image.topics.by_name(&name) {
                    Some(topic) => call.add_topic(topic, Silence::Never),
                    None if call.is_denied(&name) => call.add_denied(&name, false),
                    None => match refused.get(&name) {
                        Some(ErrorCode::TopicAuthorizationFailed) => {
                            call.add_denied(&name, internal_topics::is_internal(&name));
                        }
                        Some(error) => call.add_error(&name, *error),
                        None => call.add_error(&name, topic_names::unknown_topic_error(&name)),
                    },
                }
            }
        }
        Wanted::ById(ids) => {
            for id in ids {
                match image.topics.by_id(id) {
                    Some(topic) => call.add_topic(topic, Silence::OfName),
                    None => call.add_unknown_id(id),
                }
            }
        }
    }
    let topics = call.topics;
    let response = MetadataResponse {
        brokers: brokers(&image, &request.connection.listener),
        cluster_id: Some(broker.cluster_id().to_owned()),
        controller_id: some_broker(&image),
        topics,
        cluster_authorized_operations: cluster_operations(authorizer, request, &body),
        ..Default::default()
    };
    exchange::answer(&request.header, &response)
}

/// Versions 10 and 11 have a field for the id, and no meaning for it.
fn names_by_id(body: &MetadataRequest) -> bool {
    body.topics.iter().flatten().any(|topic| !topic.topic_id.is_zero() || topic.name.is_none())
}

/// Every topic asked for, with INVALID_REQUEST.
fn refuse_all(body: &MetadataRequest) -> MetadataResponse {
    let refused = body.topics.iter().flatten().map(|topic| MetadataResponseTopic {
        error_code: ErrorCode::InvalidRequest.code(),
        name: Some(topic.name.clone().unwrap_or_default()),
        topic_id: topic.topic_id,
        ..Default::default()
    });
    MetadataResponse { topics: refused.collect(), ..Default::default() }
}

/// Which topics a request asks for.
enum Wanted {
    All,
    ByName(BTreeSet<String>),
    ById(BTreeSet<Uuid>),
}

impl Wanted {
    fn of(body: &MetadataRequest, version: i16) -> Result<Self, CloseReason> {
        let topics = match &body.topics {
            None => return Ok(Self::All),
            Some(topics) if topics.is_empty() && version == 0 => return Ok(Self::All),
            Some(topics) => topics,
        };
        let invalid =
            |what| Err(CloseReason::refused(format!("Metadata v{version} cannot name a topic by {what}")));
        let mut names = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for topic in topics {
            let has_id = !topic.topic_id.is_zero();
            if has_id && version < TOPIC_IDS_SINCE {
                return invalid("id");
            }
            match &topic.name {
                None if version < TOPIC_IDS_SINCE => return invalid("nothing"),
                Some(name) if !has_id => drop(names.insert(name.clone())),
                _ if has_id => drop(ids.insert(topic.topic_id)),
                _ => {}
            }
        }
        // A request that names any topic by id is taken by its ids, as the oracle takes it.
        Ok(if ids.is_empty() { Self::ByName(names) } else { Self::ById(ids) })
    }
}

/// What a client that may not describe a topic is told of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// The name it knows already, with an error.
    Never,
    /// Nothing at all.
    IfDenied,
    /// The id it knows already, with an error.
    OfName,
}

struct Call<'a> {
    image: &'a MetadataImage,
    authorizer: &'a Authorizer,
    request: &'a Request,
    body: &'a MetadataRequest,
    topics: Vec<MetadataResponseTopic>,
}

impl Call<'_> {
    fn is_denied(&self, name: &str) -> bool {
        !self.authorizer.allows(&self.request.connection, Operation::Describe, Resource::Topic(name))
    }

    fn add_topic(&mut self, topic: &TopicImage, silence: Silence) {
        if self.is_denied(&topic.name) {
            match silence {
                Silence::Never => self.add_denied(&topic.name, false),
                Silence::IfDenied => {}
                Silence::OfName => self.topics.push(MetadataResponseTopic {
                    error_code: ErrorCode::TopicAuthorizationFailed.code(),
                    topic_id: topic.id,
                    name: None,
                    ..Default::default()
                }),
            }
            return;
        }
        let version = self.request.header.api_version;
        let listener = &self.request.connection.listener;
        let partitions = topic.partitions.iter().map(|(index, partition)| {
            let view = PartitionView::new(self.image, listener, partition);
            // v0 has no way to say that a replica is offline, so it is left out and that is told as an error.
            let (replica_nodes, isr_nodes) = match version {
                0 => (view.reachable(&partition.replicas), view.reachable(&partition.isr)),
                _ => (view.replicas(), view.isr()),
            };
            let is_incomplete =
                replica_nodes.len() < partition.replicas.len() || isr_nodes.len() < partition.isr.len();
            let error = match view.leader_error(version >= LISTENER_NOT_FOUND_SINCE) {
                ErrorCode::None if is_incomplete => ErrorCode::ReplicaNotAvailable,
                error => error,
            };
            MetadataResponsePartition {
                error_code: error.code(),
                partition_index: index.0,
                leader_id: view.leader().map_or(-1, |leader| leader.0),
                leader_epoch: partition.leader_epoch.0,
                replica_nodes,
                isr_nodes,
                offline_replicas: view.offline_replicas(),
                ..Default::default()
            }
        });
        self.topics.push(MetadataResponseTopic {
            name: Some(topic.name.to_string()),
            topic_id: topic.id,
            is_internal: topic.is_internal(),
            partitions: partitions.collect(),
            topic_authorized_operations: self.topic_operations(&topic.name),
            ..Default::default()
        });
    }

    fn add_error(&mut self, name: &str, error: ErrorCode) {
        self.topics.push(MetadataResponseTopic {
            error_code: error.code(),
            name: Some(name.to_owned()),
            is_internal: internal_topics::is_internal(name),
            topic_authorized_operations: self.topic_operations(name),
            ..Default::default()
        });
    }

    /// Who may not describe or make a topic is told nothing of it, nor what else may be done to it.
    fn add_denied(&mut self, name: &str, is_internal: bool) {
        self.topics.push(MetadataResponseTopic {
            error_code: ErrorCode::TopicAuthorizationFailed.code(),
            name: Some(name.to_owned()),
            is_internal,
            ..Default::default()
        });
    }

    fn add_unknown_id(&mut self, topic_id: Uuid) {
        self.topics.push(MetadataResponseTopic {
            error_code: ErrorCode::UnknownTopicId.code(),
            topic_id,
            name: None,
            ..Default::default()
        });
    }

    fn topic_operations(&self, name: &str) -> i32 {
        match self.body.include_topic_authorized_operations {
            true => self.authorizer.allowed_operations(&self.request.connection, Resource::Topic(name)),
            false => i32::MIN,
        }
    }
}

fn cluster_operations(authorizer: &Authorizer, request: &Request, body: &MetadataRequest) -> i32 {
    if !body.include_cluster_authorized_operations {
        return i32::MIN;
    }
    if !authorizer.allows(&request.connection, Operation::Describe, Resource::Cluster) {
        return 0;
    }
    authorizer.allowed_operations(&request.connection, Resource::Cluster)
}

fn brokers(image: &MetadataImage, listener: &str) -> Vec<MetadataResponseBroker> {
    let reachable = image.cluster.unfenced_brokers().filter_map(|broker| {
        let endpoint = broker.listeners.get(listener)?;
        Some(MetadataResponseBroker {
            node_id: broker.id.0,
            host: endpoint.host.clone(),
            port: i32::from(endpoint.port),
            rack: broker.rack.clone(),
            ..Default::default()
        })
    });
    reachable.collect()
}
