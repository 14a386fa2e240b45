//! The internal topics of coordinators: made when the first client looks for its coordinator.

use std::sync::Arc;

use broker::Broker;
use broker::coordinators::groups::OFFSETS_TOPIC;
use broker::coordinators::transactions::TRANSACTIONS_TOPIC;
use controller_node::{ControllerHandle, NewTopic};
use types::ErrorCode;

/// A topic whose partitions are the shards of a coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CoordinatorTopic {
    /// `__consumer_offsets`.
    Offsets,
    /// `__transaction_state`.
    Transactions,
}

impl CoordinatorTopic {
    /// The coordinator's topic of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Offsets, Self::Transactions].into_iter().find(|topic| topic.name() == name)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Offsets => OFFSETS_TOPIC,
            Self::Transactions => TRANSACTIONS_TOPIC,
        }
    }

    /// The topic as the settings ask for it.
    pub(crate) fn as_configured(self, broker: &Broker) -> NewTopic {
        let config = |key: &str, value: String| (key.to_owned(), Some(value));
        let compact = config("cleanup.policy", "compact".to_owned());
        let (partitions, replication_factor, configs) = match self {
            Self::Offsets => {
                let settings = broker.settings().offsets_topic;
                let configs = vec![
                    compact,
                    config("compression.type", "producer".to_owned()),
                    config("segment.bytes", settings.segment_bytes.to_string()),
                ];
                (settings.partitions, settings.replication_factor, configs)
            }
            Self::Transactions => {
                let settings = broker.settings().transactions_topic;
                let configs = vec![
                    config("unclean.leader.election.enable", "false".to_owned()),
                    config("compression.type", "uncompressed".to_owned()),
                    compact,
                    config("min.insync.replicas", settings.min_insync_replicas.to_string()),
                    config("segment.bytes", settings.segment_bytes.to_string()),
                ];
                (settings.partitions, settings.replication_factor, configs)
            }
        };
        NewTopic {
            name: self.name().to_owned(),
            partitions,
            replication_factor,
            configs,
            ..Default::default()
        }
    }

    /// The setting that most often keeps it from being made.
    fn usual_obstacle(self) -> &'static str {
        match self {
            Self::Offsets => "offsets.topic.replication.factor",
            Self::Transactions => "transaction.state.log.replication.factor",
        }
    }
}

/// Makes the topic where it is missing. When this returns `true` this broker works by it, so that the client need not
/// come back; `false` is explained in the log.
pub(crate) async fn ensure(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    topic: CoordinatorTopic,
) -> bool {
    if broker.image().topics.by_name(topic.name()).is_some() {
        return true;
    }
    let refused = match controller.create_topics(vec![topic.as_configured(broker)], false).await {
        Ok(outcomes) => {
            let refusal = outcomes.into_iter().find_map(|outcome| outcome.result.err());
            refusal
                .filter(|error| error.code() != ErrorCode::TopicAlreadyExists)
                .map(|error| error.to_string())
        }
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = refused {
        let replication_factor = topic.as_configured(broker).replication_factor;
        tracing::warn!(
            topic = topic.name(),
            reason,
            replication_factor,
            see = topic.usual_obstacle(),
            "the topic of a coordinator cannot be made, its clients are not served"
        );
        return false;
    }
    broker.applied(controller.image().provenance.offset).await;
    true
}
