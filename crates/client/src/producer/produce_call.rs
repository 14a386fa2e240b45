//! Batches of several partitions as one Produce request, and the answer by partition.

use std::collections::BTreeMap;

use protocol::messages::produce_request::{PartitionProduceData, ProduceRequest, TopicProduceData};
use protocol::messages::produce_response::ProduceResponse;
use types::{ErrorCode, NodeId, TopicName, TopicPartition, Uuid};

use crate::error::{ClientError, error_code};
use crate::network_client::NetworkClient;
use crate::producer::Acks;
use crate::producer::in_flight::SealedBatch;

/// The last version that names topics by name instead of by id.
const LAST_VERSION_WITH_NAMES: i16 = 12;

/// What a request says beside its batches.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) acks: Acks,
    pub(crate) transactional_id: Option<String>,
    /// The newest version that may be used.
    pub(crate) newest: i16,
}

/// What the broker said of one partition.
pub(crate) struct PartitionAnswer {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<String>,
    pub(crate) base_offset: i64,
}

/// What the broker said of each partition.
pub(crate) type Answers = BTreeMap<TopicPartition, PartitionAnswer>;

/// Writes sealed batches, one of each partition, to the broker that leads them, and returns what waits for the answer; none
/// comes with `acks=0`.
pub(crate) async fn begin(
    client: &NetworkClient,
    node: NodeId,
    terms: &Terms,
    batches: Vec<SealedBatch>,
) -> Result<Option<impl Future<Output = Result<Answers, ClientError>> + Send + use<>>, ClientError> {
    let connection = client.node(node).await?;
    let mut topics: BTreeMap<TopicName, TopicProduceData> = BTreeMap::new();
    for (partition, batch) in batches {
        let topic = topics.entry(partition.topic).or_insert_with_key(|name| TopicProduceData {
            name: name.to_string(),
            topic_id: client.known_topic(name).map_or(Uuid::ZERO, |topic| topic.id),
            ..TopicProduceData::default()
        });
        topic.partition_data.push(PartitionProduceData {
            index: partition.partition.0,
            records: Some(batch),
            ..PartitionProduceData::default()
        });
    }
    let has_ids = topics.values().all(|topic| !topic.topic_id.is_zero());
    let names = topics.iter().map(|(name, topic)| (topic.topic_id, name.clone())).collect();
    let newest = if has_ids { terms.newest } else { terms.newest.min(LAST_VERSION_WITH_NAMES) };
    let request = ProduceRequest {
        transactional_id: terms.transactional_id.clone(),
        acks: terms.acks.number(),
        timeout_ms: i32::try_from(client.config().request_timeout.as_millis()).unwrap_or(i32::MAX),
        topic_data: topics.into_values().collect(),
        ..ProduceRequest::default()
    };
    if terms.acks == Acks::None {
        connection.send_unanswered::<ProduceRequest>(&request, newest).await?;
        return Ok(None);
    }
    let begun = connection.begin(&request, newest, client.config().request_timeout).await?;
    Ok(Some(async move { begun.await.map(|response| answers(response, &names)) }))
}

/// The answer by partition. Topics that come by id are named as the request meant them: a topic of the same name may have
/// another id by now.
fn answers(response: ProduceResponse, names: &BTreeMap<Uuid, TopicName>) -> Answers {
    let mut answers = BTreeMap::new();
    for topic in response.responses {
        let name = match topic.name.is_empty() {
            true => names.get(&topic.topic_id).cloned(),
            false => Some(topic.name.into()),
        };
        let Some(name) = name else { continue };
        for partition in topic.partition_responses {
            let answer = PartitionAnswer {
                code: error_code(partition.error_code),
                message: partition.error_message,
                base_offset: partition.base_offset,
            };
            answers.insert(TopicPartition::new(name.clone(), partition.index), answer);
        }
    }
    answers
}
