//! The internal topics of coordinators: made when the first client looks for its coordinator.

use std::sync::Arc;

use broker::Broker;
use broker::coordinators::groups::OFFSETS_TOPIC;
use controller_node::{ControllerHandle, NewTopic};
use types::ErrorCode;

/// `__consumer_offsets` as the settings ask for it.
pub(crate) fn offsets_topic(broker: &Broker) -> NewTopic {
    let settings = broker.settings().offsets_topic;
    let config = |key: &str, value: String| (key.to_owned(), Some(value));
    NewTopic {
        name: OFFSETS_TOPIC.to_owned(),
        partitions: settings.partitions,
        replication_factor: settings.replication_factor,
        configs: vec![
            config("cleanup.policy", "compact".to_owned()),
            config("compression.type", "producer".to_owned()),
            config("segment.bytes", settings.segment_bytes.to_string()),
        ],
        ..Default::default()
    }
}

/// Makes `__consumer_offsets` where it is missing. When this returns `true` this broker works by it, so that the client
/// need not come back; `false` is explained in the log.
pub(crate) async fn ensure_offsets_topic(broker: &Arc<Broker>, controller: &ControllerHandle) -> bool {
    if broker.image().topics.by_name(OFFSETS_TOPIC).is_some() {
        return true;
    }
    let topic = offsets_topic(broker);
    let refused = match controller.create_topics(vec![topic], false).await {
        Ok(outcomes) => {
            let refusal = outcomes.into_iter().find_map(|outcome| outcome.result.err());
            refusal
                .filter(|error| error.code() != ErrorCode::TopicAlreadyExists)
                .map(|error| error.to_string())
        }
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = refused {
        let replication_factor = broker.settings().offsets_topic.replication_factor;
        tracing::warn!(
            topic = OFFSETS_TOPIC,
            reason,
            replication_factor,
            "the topic of groups cannot be made, groups are not served; see offsets.topic.replication.factor"
        );
        return false;
    }
    broker.applied(controller.image().provenance.offset).await;
    true
}
