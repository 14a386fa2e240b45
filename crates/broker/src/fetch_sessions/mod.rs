//! Incremental fetch sessions (KIP-227): a consumer names its partitions once, and from then on only what changed.
//!
//! One fetch takes three steps: [`FetchSessions::begin`] turns the request into a [`FetchContext`], the caller reads
//! the context's partitions, and [`FetchSessions::finish`] decides which of the results have to be sent.

mod cache;
#[cfg(test)]
mod fetch_sessions_test;
mod session;

use std::sync::{Arc, Mutex, PoisonError};

use io::Entropy;
use types::{ErrorCode, LeaderEpoch, Offset, PartitionIndex, TopicName, Uuid};

use cache::SessionCache;
use session::Session;

/// How a request names a topic: by id from Fetch v13 on, by name before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicKey {
    /// By id.
    Id(Uuid),
    /// By name.
    Name(TopicName),
}

/// A partition as a fetch request names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionKey {
    /// The topic.
    pub topic: TopicKey,
    /// The partition within the topic.
    pub partition: PartitionIndex,
}

/// One partition of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchPartition {
    /// The partition.
    pub key: PartitionKey,
    /// What is asked of it.
    pub request: PartitionRequest,
    /// The topic's name, if it is known or was when the session first knew it. A session that remembers the name of
    /// an id that is gone can tell a topic made anew from one that never was (INCONSISTENT_TOPIC_ID).
    pub topic: Option<TopicName>,
}

/// What a request asks of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRequest {
    /// First offset wanted.
    pub fetch_offset: Offset,
    /// The follower's log start offset; −1 from consumers.
    pub log_start_offset: Offset,
    /// Bytes wanted of this partition at most.
    pub max_bytes: i32,
    /// The leader epoch the client knows; another one is fenced (KIP-320).
    pub current_leader_epoch: Option<LeaderEpoch>,
    /// The epoch of the last record the client has (KIP-595).
    pub last_fetched_epoch: Option<LeaderEpoch>,
}

/// The part of a partition's result that decides whether a session has to send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultSummary {
    /// Bytes of records.
    pub records_bytes: usize,
    /// The high watermark sent.
    pub high_watermark: Offset,
    /// The log start offset sent.
    pub log_start_offset: Offset,
    /// The partition's error.
    pub error: ErrorCode,
    /// Whether a preferred read replica or a diverging epoch is told.
    pub has_redirection: bool,
}

/// One fetch in the light of its session.
#[derive(Debug)]
pub struct FetchContext {
    kind: ContextKind,
    partitions: Vec<FetchPartition>,
}

#[derive(Debug)]
enum ContextKind {
    /// Nobody remembers this fetch.
    Sessionless,
    /// A full fetch that asks for a session.
    Full { is_follower: bool, uses_topic_ids: bool },
    /// The next fetch of a session; `epoch` is the session's after this request.
    Incremental { session: Arc<Mutex<Session>>, epoch: i32 },
    /// The session's state forbids the fetch.
    Refused(ErrorCode),
}

/// What a response says of the session, and which partitions it lists.
#[derive(Debug, PartialEq, Eq)]
pub struct SessionAnswer {
    /// The error of the whole response.
    pub error: ErrorCode,
    /// The session's id; 0 where there is none.
    pub session_id: i32,
    /// For each result, in order: whether the response lists it.
    pub listed: Vec<bool>,
}

/// The sessions of a broker.
#[derive(Debug)]
pub struct FetchSessions {
    cache: Mutex<SessionCache>,
    entropy: Entropy,
}

/// Epoch of a request that asks for a new session.
const INITIAL_EPOCH: i32 = 0;
/// Epoch of a request that wants no session.
const FINAL_EPOCH: i32 = -1;

impl FetchSessions {
    /// Room for `slots` sessions (`max.incremental.fetch.session.cache.slots`).
    pub fn new(slots: usize, entropy: Entropy) -> Self {
        Self { cache: Mutex::new(SessionCache::new(slots)), entropy }
    }

    /// Begins a fetch. `name_of` tells the name of a topic id; `now_ms` is monotonic.
    pub fn begin(
        &self,
        request: SessionRequest,
        name_of: impl Fn(&Uuid) -> Option<TopicName>,
        now_ms: i64,
    ) -> FetchContext {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = request.epoch == INITIAL_EPOCH || request.epoch == FINAL_EPOCH;
        if is_full {
            cache.remove(request.session_id);
            let kind = if request.epoch == FINAL_EPOCH {
                ContextKind::Sessionless
            } else {
                ContextKind::Full { is_follower: request.is_follower, uses_topic_ids: request.uses_topic_ids }
            };
            return FetchContext { kind, partitions: request.partitions };
        }
        let refuse = |error| FetchContext { kind: ContextKind::Refused(error), partitions: Vec::new() };
        let Some(session) = cache.get(request.session_id) else {
            return refuse(ErrorCode::FetchSessionIdNotFound);
        };
        let mut state = session.lock().unwrap_or_else(PoisonError::into_inner);
        if state.epoch() != request.epoch {
            return refuse(ErrorCode::InvalidFetchSessionEpoch);
        }
        if state.uses_topic_ids() != request.uses_topic_ids {
            return refuse(ErrorCode::FetchSessionTopicIdError);
        }
        state.update(&request.partitions, &request.forgotten);
        if state.is_empty() {
            drop(state);
            cache.remove(request.session_id);
            return FetchContext { kind: ContextKind::Sessionless, partitions: request.partitions };
        }
        state.advance_epoch();
        state.resolve_names(name_of);
        let (epoch, partitions, size) = (state.epoch(), state.partitions(), state.len());
        drop(state);
        cache.touch(request.session_id, size, now_ms);
        FetchContext { kind: ContextKind::Incremental { session, epoch }, partitions }
    }

    /// Ends a fetch: remembers what the client is told and picks what has to be listed. `results` are in the order of
    /// [`FetchContext::partitions`].
    pub fn finish(&self, context: &FetchContext, results: &[ResultSummary], now_ms: i64) -> SessionAnswer {
        let all = |session_id| SessionAnswer {
            error: ErrorCode::None,
            session_id,
            listed: vec![true; results.len()],
        };
        let none =
            |error, session_id| SessionAnswer { error, session_id, listed: vec![false; results.len()] };
        match &context.kind {
            ContextKind::Sessionless => all(0),
            ContextKind::Refused(error) => none(*error, 0),
            ContextKind::Full { is_follower, uses_topic_ids } => {
                let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
                let id = cache.insert(*is_follower, context.partitions.len(), now_ms, &self.entropy, || {
                    Session::new(*uses_topic_ids, &context.partitions, results)
                });
                all(id.unwrap_or(0))
            }
            ContextKind::Incremental { session, epoch } => {
                let mut state = session.lock().unwrap_or_else(PoisonError::into_inner);
                // Another request of the session came in between: most likely this one was sent twice.
                if state.epoch() != *epoch {
                    return none(ErrorCode::InvalidFetchSessionEpoch, state.id());
                }
                let pairs = context.partitions.iter().zip(results);
                let listed =
                    pairs.map(|(partition, result)| state.record_result(&partition.key, result)).collect();
                SessionAnswer { error: ErrorCode::None, session_id: state.id(), listed }
            }
        }
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is no session.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The part of a fetch request that concerns its session.
#[derive(Debug)]
pub struct SessionRequest {
    /// The session's id; 0 for none.
    pub session_id: i32,
    /// The session's epoch the client expects; 0 asks for a session, −1 for none.
    pub epoch: i32,
    /// Whether a replica fetches; its sessions are kept before consumers'.
    pub is_follower: bool,
    /// Whether topics are named by id (v13 and later).
    pub uses_topic_ids: bool,
    /// Partitions to add to the session, or all of them.
    pub partitions: Vec<FetchPartition>,
    /// Partitions to remove from the session.
    pub forgotten: Vec<PartitionKey>,
}

impl FetchContext {
    /// The partitions to read, in the order in which they may use up the response's bytes.
    pub fn partitions(&self) -> &[FetchPartition] {
        &self.partitions
    }

    /// The error that forbids the fetch; nothing needs to be read then.
    pub fn refusal(&self) -> Option<ErrorCode> {
        match self.kind {
            ContextKind::Refused(error) => Some(error),
            _ => None,
        }
    }
}
