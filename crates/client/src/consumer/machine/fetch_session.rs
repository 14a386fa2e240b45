//! What a broker remembers of what it was asked for, so that only changes travel (KIP-227).
//!
//! A request without a session names every partition, and its answer may open one. From then on requests name what has
//! changed, by a position that moved or a partition that came, and what is to be forgotten; answers leave out what has
//! not changed.

use std::collections::BTreeMap;

use protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic};
use protocol::messages::fetch_response::FetchResponse;
use types::{ErrorCode, TopicPartition, Uuid};

use crate::error::{ClientError, error_code};

/// The session with one broker.
#[derive(Debug, Default)]
pub(super) struct FetchSession {
    /// 0: there is none.
    id: i32,
    /// Of the next request; 0 asks for a new session in place of this one.
    epoch: i32,
    /// What the broker knows, as it was told last.
    told: BTreeMap<TopicPartition, (Uuid, FetchPartition)>,
    /// The request under way names changes only.
    is_incremental: bool,
}

impl FetchSession {
    /// Names in `request` what the broker does not know yet of the partitions wanted, which are all that it is to be asked
    /// for; in their order.
    pub(super) fn fill(
        &mut self,
        request: &mut FetchRequest,
        wanted: Vec<(TopicPartition, Uuid, FetchPartition)>,
    ) {
        let names_by_id =
            |told: &BTreeMap<_, (Uuid, FetchPartition)>| told.values().all(|(id, _)| !id.is_zero());
        let is_by_id = wanted.iter().all(|(_, id, _)| !id.is_zero());
        if is_by_id != names_by_id(&self.told) {
            self.epoch = 0;
        }
        self.is_incremental = self.id != 0 && self.epoch != 0;
        (request.session_id, request.session_epoch) = (self.id, self.epoch);
        let mut known = std::mem::take(&mut self.told);
        for (partition, id, fetch) in wanted {
            let before = known.remove(&partition);
            let is_new_topic = before.as_ref().is_some_and(|(known_id, _)| *known_id != id);
            if is_new_topic && let Some((old_id, _)) = &before {
                self.forget(request, &partition, *old_id);
            }
            if !self.is_incremental || is_new_topic || before.is_none_or(|(_, told)| told != fetch) {
                name(&mut request.topics, &partition, id, fetch.clone());
            }
            self.told.insert(partition, (id, fetch));
        }
        for (partition, (id, _)) in known {
            self.forget(request, &partition, id);
        }
    }

    fn forget(&self, request: &mut FetchRequest, partition: &TopicPartition, id: Uuid) {
        if !self.is_incremental {
            return;
        }
        let topics = &mut request.forgotten_topics_data;
        match topics.last_mut().filter(|last| last.topic == *partition.topic && last.topic_id == id) {
            Some(last) => last.partitions.push(partition.partition.0),
            None => topics.push(ForgottenTopic {
                topic: partition.topic.to_string(),
                topic_id: id,
                partitions: vec![partition.partition.0],
                ..ForgottenTopic::default()
            }),
        }
    }

    /// Takes an answer in; an error of the whole answer is returned as one.
    pub(super) fn answered(&mut self, answer: FetchResponse) -> Result<FetchResponse, ClientError> {
        let code = error_code(answer.error_code);
        if code != ErrorCode::None {
            return Err(ClientError::Server { api: "Fetch", code });
        }
        (self.id, self.epoch) = match answer.session_id {
            0 => (0, 0),
            // After the last epoch comes the first one of a session that exists.
            id => (id, self.epoch.checked_add(1).unwrap_or(1)),
        };
        Ok(answer)
    }

    /// Whether the answer that was taken in last leaves out what has not changed.
    pub(super) const fn is_incremental(&self) -> bool {
        self.is_incremental
    }

    /// The request that ends it, where there is one.
    pub(super) fn close(self) -> Option<FetchRequest> {
        let (session_id, session_epoch) = (self.id, FINAL_EPOCH);
        (session_id != 0).then(|| FetchRequest { session_id, session_epoch, ..FetchRequest::default() })
    }

    /// After an error nobody knows what the broker remembers: the next request names everything, and closes this session
    /// where there may be one.
    pub(super) fn end(&mut self, error: &ClientError) {
        if error.code() == Some(ErrorCode::FetchSessionIdNotFound) {
            self.id = 0;
        }
        self.epoch = 0;
        self.told.clear();
    }
}

/// In place of an epoch: the session ends with this request.
const FINAL_EPOCH: i32 = -1;

/// Partitions of a topic stand together, except where their order parts them.
fn name(topics: &mut Vec<FetchTopic>, partition: &TopicPartition, id: Uuid, fetch: FetchPartition) {
    match topics.last_mut().filter(|last| last.topic == *partition.topic && last.topic_id == id) {
        Some(last) => last.partitions.push(fetch),
        None => topics.push(FetchTopic {
            topic: partition.topic.to_string(),
            topic_id: id,
            partitions: vec![fetch],
            ..FetchTopic::default()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_halves(1, 1);

    fn wanted(places: &[(i32, i64)]) -> Vec<(TopicPartition, Uuid, FetchPartition)> {
        let fetch =
            |partition, fetch_offset| FetchPartition { partition, fetch_offset, ..FetchPartition::default() };
        let places = places.iter();
        places.map(|(index, offset)| (TopicPartition::new("t", *index), ID, fetch(*index, *offset))).collect()
    }

    /// Session, epoch, partitions with offsets, and what is to be forgotten.
    type Asked = (i32, i32, Vec<(i32, i64)>, Vec<i32>);

    fn ask(session: &mut FetchSession, places: &[(i32, i64)]) -> Asked {
        let mut request = FetchRequest::default();
        session.fill(&mut request, wanted(places));
        asked(&request)
    }

    fn asked(request: &FetchRequest) -> Asked {
        let named = request.topics.iter().flat_map(|topic| &topic.partitions);
        let forgotten = request.forgotten_topics_data.iter().flat_map(|topic| topic.partitions.clone());
        (
            request.session_id,
            request.session_epoch,
            named.map(|it| (it.partition, it.fetch_offset)).collect(),
            forgotten.collect(),
        )
    }

    fn answer(session: &mut FetchSession, session_id: i32) {
        let answer = FetchResponse { session_id, ..FetchResponse::default() };
        session.answered(answer).expect("no error");
    }

    #[test]
    fn in_a_session_only_changes_are_named() {
        let mut session = FetchSession::default();
        assert_eq!(ask(&mut session, &[(0, 5), (1, 5)]), (0, 0, vec![(0, 5), (1, 5)], vec![]));
        answer(&mut session, 77);
        assert!(!session.is_incremental());
        assert_eq!(ask(&mut session, &[(1, 5), (0, 9)]), (77, 1, vec![(0, 9)], vec![]));
        answer(&mut session, 77);
        assert!(session.is_incremental());
        assert_eq!(ask(&mut session, &[(2, 0), (1, 5)]), (77, 2, vec![(2, 0)], vec![0]));
        answer(&mut session, 77);
        assert_eq!(ask(&mut session, &[(2, 0), (1, 5)]), (77, 3, vec![], vec![]));
    }

    #[test]
    fn without_a_session_everything_is_named_every_time() {
        let mut session = FetchSession::default();
        for _ in 0..3 {
            assert_eq!(ask(&mut session, &[(0, 5)]), (0, 0, vec![(0, 5)], vec![]));
            answer(&mut session, 0);
        }
    }

    #[test]
    fn after_an_error_everything_is_named_and_the_old_session_closed() {
        let mut session = FetchSession::default();
        ask(&mut session, &[(0, 5)]);
        answer(&mut session, 77);
        let error = ClientError::Server { api: "Fetch", code: ErrorCode::InvalidFetchSessionEpoch };
        session.end(&error);
        assert_eq!(ask(&mut session, &[(0, 5), (1, 1)]), (77, 0, vec![(0, 5), (1, 1)], vec![]));
        answer(&mut session, 78);
        assert_eq!(ask(&mut session, &[(0, 5), (1, 1)]), (78, 1, vec![], vec![]));
        session.end(&ClientError::Server { api: "Fetch", code: ErrorCode::FetchSessionIdNotFound });
        assert_eq!(ask(&mut session, &[(0, 5)]), (0, 0, vec![(0, 5)], vec![]));
    }

    #[test]
    fn a_topic_of_the_same_name_is_another_one() {
        let mut session = FetchSession::default();
        ask(&mut session, &[(0, 5)]);
        answer(&mut session, 77);
        let mut request = FetchRequest::default();
        let (partition, _, fetch) = wanted(&[(0, 5)]).remove(0);
        session.fill(&mut request, vec![(partition, Uuid::from_halves(2, 2), fetch)]);
        assert_eq!(asked(&request), (77, 1, vec![(0, 5)], vec![0]));
        assert_eq!(request.forgotten_topics_data[0].topic_id, ID);
        assert_eq!(request.topics[0].topic_id, Uuid::from_halves(2, 2));
    }
}
