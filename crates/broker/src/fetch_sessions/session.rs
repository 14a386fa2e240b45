//! What is remembered of one client's fetches.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use types::{ErrorCode, Offset, TopicName, Uuid};

use super::{FetchPartition, INITIAL_EPOCH, PartitionKey, PartitionRequest, ResultSummary, TopicKey};

/// One session. Partitions are read in the order of their turn; one that sent records goes to the end of the queue,
/// so that a small `max.bytes` starves nobody.
#[derive(Debug)]
pub(super) struct Session {
    id: i32,
    epoch: i32,
    uses_topic_ids: bool,
    partitions: HashMap<PartitionKey, Remembered, foldhash::fast::FixedState>,
    turns: BTreeMap<u64, PartitionKey>,
    next_turn: u64,
}

#[derive(Debug)]
struct Remembered {
    turn: u64,
    request: PartitionRequest,
    /// The topic's name since it was first known.
    topic: Option<TopicName>,
    /// The high watermark last sent; −1 for none, or after an error.
    high_watermark: Offset,
    /// The log start offset last sent; −1 for none.
    log_start_offset: Offset,
}

impl Session {
    /// A session that begins with a full fetch and what it was answered.
    pub(super) fn new(
        uses_topic_ids: bool,
        partitions: &[FetchPartition],
        results: &[ResultSummary],
    ) -> Self {
        let mut session = Self {
            id: 0,
            epoch: next_epoch(INITIAL_EPOCH),
            uses_topic_ids,
            partitions: HashMap::default(),
            turns: BTreeMap::new(),
            next_turn: 0,
        };
        for (partition, result) in partitions.iter().zip(results) {
            session.add(partition, result.high_watermark, result.log_start_offset);
        }
        session
    }

    pub(super) fn set_id(&mut self, id: i32) {
        self.id = id;
    }

    pub(super) fn id(&self) -> i32 {
        self.id
    }

    pub(super) fn epoch(&self) -> i32 {
        self.epoch
    }

    pub(super) fn uses_topic_ids(&self) -> bool {
        self.uses_topic_ids
    }

    pub(super) fn len(&self) -> usize {
        self.partitions.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub(super) fn advance_epoch(&mut self) {
        self.epoch = next_epoch(self.epoch);
    }

    /// The partitions in the order of their turn.
    pub(super) fn partitions(&self) -> Vec<FetchPartition> {
        let in_turn = self.turns.values().map(|key| (key, &self.partitions[key]));
        let partition = |(key, remembered): (&PartitionKey, &Remembered)| FetchPartition {
            key: key.clone(),
            request: remembered.request,
            topic: remembered.topic.clone(),
        };
        in_turn.map(partition).collect()
    }

    /// Fills in the names of topics that were not known when their ids came.
    pub(super) fn resolve_names(&mut self, name_of: impl Fn(&Uuid) -> Option<TopicName>) {
        for (key, remembered) in &mut self.partitions {
            if let (TopicKey::Id(id), None) = (&key.topic, &remembered.topic) {
                remembered.topic = name_of(id);
            }
        }
    }

    /// Adds and changes what the request lists, then forgets what it forgets.
    pub(super) fn update(&mut self, listed: &[FetchPartition], forgotten: &[PartitionKey]) {
        for partition in listed {
            match self.partitions.get_mut(&partition.key) {
                Some(remembered) => remembered.request = partition.request,
                None => self.add(partition, Offset(-1), Offset(-1)),
            }
        }
        for key in forgotten {
            if let Some(remembered) = self.partitions.remove(key) {
                self.turns.remove(&remembered.turn);
            }
        }
    }

    /// Remembers a result; true where the client has to be told of it.
    pub(super) fn record_result(&mut self, key: &PartitionKey, result: &ResultSummary) -> bool {
        let Some(remembered) = self.partitions.get_mut(key) else { return false };
        let has_error = result.error != ErrorCode::None;
        let is_news = result.records_bytes > 0
            || remembered.high_watermark != result.high_watermark
            || remembered.log_start_offset != result.log_start_offset
            || result.has_redirection
            || has_error;
        // After an error the next result is news again, whatever it is.
        remembered.high_watermark = if has_error { Offset(-1) } else { result.high_watermark };
        remembered.log_start_offset = result.log_start_offset;
        if result.records_bytes > 0 {
            self.turns.remove(&remembered.turn);
            remembered.turn = self.next_turn;
            self.turns.insert(self.next_turn, key.clone());
            self.next_turn += 1;
        }
        is_news
    }

    fn add(&mut self, partition: &FetchPartition, high_watermark: Offset, log_start_offset: Offset) {
        let remembered = Remembered {
            turn: self.next_turn,
            request: partition.request,
            topic: partition.topic.clone(),
            high_watermark,
            log_start_offset,
        };
        if let Some(previous) = self.partitions.insert(partition.key.clone(), remembered) {
            self.turns.remove(&previous.turn);
        }
        self.turns.insert(self.next_turn, partition.key.clone());
        self.next_turn += 1;
    }
}

/// Epochs count 1, 2, … and start at 1 again after the largest int.
pub(super) fn next_epoch(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}
