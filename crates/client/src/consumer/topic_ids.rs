//! OffsetCommit and OffsetFetch by topic id, as of version 10 (KIP-848): a topic that was deleted and made anew is not
//! taken for the one before.

use std::collections::BTreeMap;

use protocol::messages::offset_commit_request::OffsetCommitRequest;
use protocol::messages::offset_commit_response::OffsetCommitResponse;
use protocol::messages::offset_fetch_request::OffsetFetchRequest;
use protocol::messages::offset_fetch_response::OffsetFetchResponse;
use types::Uuid;

use crate::metadata::ClusterMetadata;

/// The last version of both that names topics by name.
const LAST_VERSION_WITH_NAMES: i16 = 9;

/// The topics of a request by id.
#[derive(Debug, Default)]
pub(super) struct TopicIds {
    names: BTreeMap<Uuid, String>,
    /// One of them has none.
    lacks_one: bool,
}

impl TopicIds {
    fn id(&mut self, metadata: &ClusterMetadata, name: &str) -> Uuid {
        let id = metadata.topics.get(name).map_or(Uuid::ZERO, |topic| topic.id);
        self.lacks_one |= id.is_zero();
        self.names.insert(id, name.to_owned());
        id
    }

    /// Gives the topics of a request their ids.
    pub(super) fn of_commit(request: &mut OffsetCommitRequest, metadata: &ClusterMetadata) -> Self {
        let mut ids = Self::default();
        for topic in &mut request.topics {
            topic.topic_id = ids.id(metadata, &topic.name);
        }
        ids
    }

    /// As [`Self::of_commit`].
    pub(super) fn of_fetch(request: &mut OffsetFetchRequest, metadata: &ClusterMetadata) -> Self {
        let mut ids = Self::default();
        for topic in request.groups.iter_mut().filter_map(|group| group.topics.as_mut()).flatten() {
            topic.topic_id = ids.id(metadata, &topic.name);
        }
        ids
    }

    /// The newest version that can carry the request.
    pub(super) fn newest(&self, newest: i16) -> i16 {
        if self.lacks_one { newest.min(LAST_VERSION_WITH_NAMES) } else { newest }
    }

    /// Names the topics of an answer that comes by ids.
    pub(super) fn name_commit(&self, mut answer: OffsetCommitResponse) -> OffsetCommitResponse {
        for topic in answer.topics.iter_mut().filter(|topic| topic.name.is_empty()) {
            topic.name = self.names.get(&topic.topic_id).cloned().unwrap_or_default();
        }
        answer
    }

    /// As [`Self::name_commit`].
    pub(super) fn name_fetch(&self, mut answer: OffsetFetchResponse) -> OffsetFetchResponse {
        for topic in answer.groups.iter_mut().flat_map(|group| &mut group.topics) {
            if topic.name.is_empty() {
                topic.name = self.names.get(&topic.topic_id).cloned().unwrap_or_default();
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::messages::offset_commit_request::OffsetCommitRequestTopic;
    use protocol::messages::offset_commit_response::OffsetCommitResponseTopic;
    use tokio::time::Instant;

    use super::*;
    use crate::metadata::TopicMetadata;

    fn commit(names: &[&str]) -> OffsetCommitRequest {
        let topic = |name: &&str| OffsetCommitRequestTopic { name: (*name).to_owned(), ..Default::default() };
        OffsetCommitRequest { topics: names.iter().map(topic).collect(), ..OffsetCommitRequest::default() }
    }

    #[tokio::test]
    async fn topics_go_by_id_where_every_one_has_one_and_are_named_again() {
        let id = Uuid::from_halves(3, 4);
        let known = TopicMetadata {
            name: "t".into(),
            id,
            partitions: Vec::new(),
            racks: Vec::new(),
            learnt_at: Instant::now(),
        };
        let mut metadata = ClusterMetadata::default();
        metadata.topics.insert("t".into(), Arc::new(known));

        let mut request = commit(&["t"]);
        let ids = TopicIds::of_commit(&mut request, &metadata);
        assert_eq!((request.topics[0].topic_id, ids.newest(10)), (id, 10));
        let topic = OffsetCommitResponseTopic { topic_id: id, ..OffsetCommitResponseTopic::default() };
        let answer = ids.name_commit(OffsetCommitResponse { topics: vec![topic], ..Default::default() });
        assert_eq!(answer.topics[0].name, "t");

        let ids = TopicIds::of_commit(&mut commit(&["t", "unknown"]), &metadata);
        assert_eq!((ids.newest(10), ids.newest(7)), (9, 7));
    }
}
