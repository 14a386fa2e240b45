//! The controller's one task: decides, appends, replays at once, answers when committed.
//!
//! *Order:* a decision reads the state that all earlier decisions left, committed or not. Its records are staged and
//! replayed before the next decision, and its reply is held until the high watermark has passed its last record. What
//! waits in the queue while a flush runs is decided together afterwards and shares the next flush. The image is
//! published before the replies leave.
//!
//! *Failure:* when the log cannot be written, what it holds is unknown and the state in memory is ahead of it. This
//! replica resigns, everybody who waits is told to try again, and the task ends with the error: the node must stop
//! and load its log anew.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use controller::Controller;
use io::{Clock, Entropy};
use metadata::{MetadataRecord, RecordError, ReplayError};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use types::Offset;

use crate::controller_handle::CallError;
use crate::decision_batches::{UnwritableDecision, decision_batches};
use crate::image_publisher::ImagePublisher;
use crate::metadata_log::MetadataLogError;
use crate::raft_driver::{QuorumError, QuorumInfo, QuorumOptions, RaftDriver};
use crate::snapshot_file::SnapshotHead;
use crate::snapshot_taker::{SnapshotTaker, snapshot_id};

/// Why the controller's task ended, or could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ControllerFailure {
    /// The quorum cannot go on.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
    /// Bytes in the log are no metadata record.
    #[error("offset {offset} of the metadata log: {source}")]
    Record {
        /// Where in the log.
        offset: Offset,
        /// What is wrong.
        source: RecordError,
    },
    /// What the controller itself wants to write has no form in the log.
    #[error(transparent)]
    Unwritable(#[from] UnwritableDecision),
    /// A record contradicts what came before it.
    #[error("offset {offset} of the metadata log: {source}")]
    Replay {
        /// Where in the log.
        offset: Offset,
        /// What is wrong.
        source: ReplayError,
    },
}

impl From<MetadataLogError> for ControllerFailure {
    fn from(error: MetadataLogError) -> Self {
        Self::Quorum(error.into())
    }
}

/// What the task takes in, in order.
pub(crate) enum Message {
    /// A request: decides on the desk, and sees to its reply.
    Decide(Box<dyn FnOnce(&mut Desk) + Send>),
    /// No more requests: commit what was decided, close the log, end.
    Stop,
}

/// Called once: when the decision is committed, or will not be by this controller, or cannot be.
pub(crate) type Reply = Box<dyn FnOnce(Result<(), CallError>) + Send>;

/// What decisions read and write: the controller's state, the log they are staged for, those who wait.
pub(crate) struct Desk {
    controller: Controller,
    raft: RaftDriver,
    /// Replies by the end of the records they wait for, ascending.
    waiting: VecDeque<(Offset, Reply)>,
    clock: Clock,
    entropy: Entropy,
    started_at: Instant,
    batch_bytes_max: usize,
    failure: Option<ControllerFailure>,
}

impl Desk {
    pub(crate) fn new(controller: Controller, raft: RaftDriver, options: &QuorumOptions) -> Self {
        Self {
            controller,
            raft,
            waiting: VecDeque::new(),
            clock: options.clock.clone(),
            entropy: options.entropy.clone(),
            started_at: Instant::now(),
            batch_bytes_max: usize::try_from(options.log.max_batch_bytes).unwrap_or(usize::MAX),
            failure: None,
        }
    }

    /// The state with all decisions, committed or not.
    pub(crate) fn controller(&mut self) -> &mut Controller {
        &mut self.controller
    }

    /// Randomness for ids and placement.
    pub(crate) fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    /// Wall-clock time in milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Monotonic time since the controller began.
    pub(crate) fn now(&self) -> Duration {
        self.started_at.elapsed()
    }

    /// Offset that the next record will have.
    pub(crate) fn next_offset(&self) -> Offset {
        self.raft.next_offset()
    }

    /// The finalized level of `kraft.version`.
    pub(crate) fn kraft_version(&self) -> i16 {
        self.raft.control_records().kraft_version().level()
    }

    /// Takes a decision's records, and holds `reply` until they are committed. A decision without records waits for what
    /// it may have read: everything staged before.
    pub(crate) fn commit(&mut self, records: &[MetadataRecord], atomic: bool, reply: Reply) {
        if self.failure.is_some() {
            return reply(Err(CallError::NoController));
        }
        match self.append(records, atomic) {
            Ok(()) if self.failure.is_none() => self.waiting.push_back((self.raft.next_offset(), reply)),
            Ok(()) => reply(Err(CallError::NoController)),
            Err(unwritable) => {
                tracing::error!(%unwritable, "a decision of the controller cannot be written");
                reply(Err(unwritable.into()));
            }
        }
    }

    /// Stages records and replays them at once. What fails once they are staged is a failure of the controller, which
    /// the next flush reports: its state is not that of its log any more.
    pub(crate) fn append(
        &mut self,
        records: &[MetadataRecord],
        atomic: bool,
    ) -> Result<(), UnwritableDecision> {
        let version = self.controller.image().metadata_version();
        let mut rest = records;
        for values in decision_batches(records, atomic, version, self.batch_bytes_max)? {
            let (batch, later) = rest.split_at(values.len());
            if let Err(failure) = self.append_batch(batch, &values) {
                self.failure = Some(failure);
                return Ok(());
            }
            rest = later;
        }
        Ok(())
    }

    fn append_batch(&mut self, batch: &[MetadataRecord], values: &[Bytes]) -> Result<(), ControllerFailure> {
        let now_ms = self.now_ms();
        let base_offset = self.raft.stage(values, now_ms)?;
        for (index, record) in batch.iter().enumerate() {
            let offset = base_offset.plus(index as i64);
            let replayed = self.controller.replay(record, offset);
            replayed.map_err(|source| ControllerFailure::Replay { offset, source })?;
        }
        self.controller.set_batch(self.raft.epoch().0, now_ms);
        Ok(())
    }

    /// Nobody is answered any more by this controller.
    fn refuse_waiting(&mut self) {
        for (_, reply) in self.waiting.drain(..) {
            reply(Err(CallError::NoController));
        }
    }
}

/// The task.
pub(crate) struct ControllerDriver {
    desk: Desk,
    inbox: mpsc::Receiver<Message>,
    publisher: ImagePublisher,
    quorum: watch::Sender<QuorumInfo>,
    snapshots: SnapshotTaker,
}

/// How often old snapshots and the log before them are looked for (as in Kafka).
const CLEANING_INTERVAL: Duration = Duration::from_secs(60);

impl ControllerDriver {
    pub(crate) fn new(
        desk: Desk,
        inbox: mpsc::Receiver<Message>,
        publisher: ImagePublisher,
        quorum: watch::Sender<QuorumInfo>,
        snapshots: SnapshotTaker,
    ) -> Self {
        Self { desk, inbox, publisher, quorum, snapshots }
    }

    /// Serves until it is stopped, or every handle is gone, or the log fails.
    pub(crate) async fn run(mut self) -> Result<(), ControllerFailure> {
        let result = self.serve().await;
        self.desk.refuse_waiting();
        // Whoever is still in the queue is told so by its reply being dropped.
        self.inbox.close();
        match result {
            Ok(()) => Ok(self.desk.raft.close().await?),
            Err(error) => {
                self.desk.raft.resign();
                tracing::error!(%error, "the controller stops: its log cannot be written");
                Err(error)
            }
        }
    }

    async fn serve(&mut self) -> Result<(), ControllerFailure> {
        let mut clean_at = Instant::now() + CLEANING_INTERVAL;
        loop {
            self.commit().await?;
            let wake_at = self.next_session_check().map_or(clean_at, |at| at.min(clean_at));
            tokio::select! {
                biased;
                finished = self.snapshots.finished() => {
                    match finished {
                        Ok(id) => self.desk.raft.log().add_snapshot(id),
                        Err(error) => tracing::error!(%error, "no metadata snapshot could be written"),
                    }
                    self.clean()?;
                }
                message = self.inbox.recv() => match message {
                    Some(Message::Decide(decide)) => {
                        decide(&mut self.desk);
                        if self.decide_what_waits() {
                            return self.commit().await;
                        }
                    }
                    Some(Message::Stop) | None => return Ok(()),
                },
                () = tokio::time::sleep_until(wake_at) => {
                    if clean_at <= Instant::now() {
                        clean_at = Instant::now() + CLEANING_INTERVAL;
                        self.clean()?;
                    }
                    self.fence_stale_brokers()?;
                }
            }
        }
    }

    /// Takes more requests, as long as there are some and a flush would not become too large. Returns whether the
    /// node stops.
    fn decide_what_waits(&mut self) -> bool {
        while self.desk.raft.staged_bytes() < self.desk.batch_bytes_max {
            match self.inbox.try_recv() {
                Ok(Message::Decide(decide)) => decide(&mut self.desk),
                Ok(Message::Stop) => return true,
                Err(_) => break,
            }
        }
        false
    }

    /// When the next broker may be stale.
    fn next_session_check(&self) -> Option<Instant> {
        // A session is valid to the end of its last millisecond.
        let ends_at = self.desk.controller.next_session_end()? + Duration::from_millis(1);
        Some(self.desk.started_at + ends_at)
    }

    fn fence_stale_brokers(&mut self) -> Result<(), UnwritableDecision> {
        let now = self.desk.now();
        while self.desk.failure.is_none() {
            let decision = self.desk.controller.decide_fence_stale_broker(now);
            let Some(broker) = decision.response else { break };
            tracing::warn!(%broker, "fencing a broker that was not heard of");
            self.desk.append(&decision.records, decision.atomic)?;
        }
        Ok(())
    }

    /// Makes durable what is staged, publishes the image, answers.
    pub(crate) async fn commit(&mut self) -> Result<(), ControllerFailure> {
        if let Some(failure) = self.desk.failure.take() {
            return Err(failure);
        }
        if self.desk.raft.has_staged() {
            let bytes = self.desk.raft.staged_bytes();
            self.desk.raft.flush().await?;
            // A quorum of one commits whatever is durable, so the image of all decisions is the committed one.
            self.publisher.publish(self.desk.controller.image_to_publish());
            self.quorum.send_replace(self.desk.raft.info());
            self.take_snapshot(bytes);
        }
        let high_watermark = self.desk.raft.high_watermark();
        while self.desk.waiting.front().is_some_and(|(end, _)| Some(*end) <= high_watermark) {
            let (_, reply) = self.desk.waiting.pop_front().expect("there is a front");
            reply(Ok(()));
        }
        Ok(())
    }

    fn take_snapshot(&mut self, committed_bytes: usize) {
        let now = self.desk.now();
        if !self.snapshots.is_due(committed_bytes, now) {
            return;
        }
        let image = self.publisher.latest();
        let last = image.provenance.offset;
        let controls = self.desk.raft.control_records();
        let head = SnapshotHead {
            last_contained_log_timestamp_ms: image.provenance.append_time_ms,
            kraft_version: controls.kraft_version_at(last),
            voters: controls.voters_at(last).cloned(),
        };
        if Some(snapshot_id(&image)) > self.desk.raft.log().newest_snapshot() {
            self.snapshots.begin(image, head, self.desk.now_ms(), now);
        }
    }

    fn clean(&mut self) -> Result<(), ControllerFailure> {
        let now_ms = self.desk.now_ms();
        if let Some(start) = self.desk.raft.log().clean(now_ms)? {
            self.desk.raft.log_start_advanced(start);
        }
        Ok(())
    }
}
