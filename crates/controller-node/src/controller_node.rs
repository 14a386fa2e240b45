//! Starts the controller of a node.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use controller::controllers::NewController;
use controller::{Controller, ControllerSettings, bootstrap};
use metadata::{ImageLoader, MetadataRecord, Provenance, decode_record};
use raft::OffsetAndEpoch;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use types::Offset;

use crate::bootstrap_file;
use crate::controller_driver::{ControllerDriver, ControllerFailure, Desk};
use crate::controller_handle::ControllerHandle;
use crate::image_publisher::ImagePublisher;
use crate::metadata_batch::{BatchContent, MetadataBatch};
use crate::raft_driver::{Loaded, QuorumError, QuorumOptions, RaftDriver};
use crate::snapshot_file::Snapshot;
use crate::snapshot_taker::SnapshotTaker;

/// What a controller is started with.
#[derive(Clone, Debug)]
pub struct ControllerOptions {
    /// The quorum and its log.
    pub quorum: QuorumOptions,
    /// The data directory that holds the metadata log.
    pub data_directory: PathBuf,
    /// What the controller is told about itself and its defaults.
    pub settings: ControllerSettings,
    /// What it tells the cluster of itself.
    pub registration: NewController,
}

/// A controller that serves.
#[derive(Debug)]
pub struct ControllerNode {
    /// The door.
    pub handle: ControllerHandle,
    /// Ends when the controller is stopped, or with the failure for which the node must stop.
    pub task: JoinHandle<Result<(), ControllerFailure>>,
}

/// Requests that wait at most; whoever asks beyond that waits before the door.
const QUEUE_LENGTH: usize = 1024;

impl ControllerNode {
    /// Loads the metadata, leads the quorum and serves. When this returns, the metadata is committed and published.
    ///
    /// # Errors
    /// Where the log cannot be used or this node is not the quorum.
    pub async fn start(options: ControllerOptions) -> Result<Self, ControllerFailure> {
        let blocking = options.quorum.blocking;
        let opening = options.clone();
        let (controller, raft) = blocking.run(move || load(&opening)).await?;
        let quorum = &options.quorum;
        let (sender, inbox) = mpsc::channel(QUEUE_LENGTH);
        let publisher = ImagePublisher::new();
        let quorum_info = watch::Sender::new(raft.info());
        let handle = ControllerHandle::new(sender, publisher.subscribe(), quorum_info.subscribe());
        let directory = raft.directory().to_owned();
        let snapshots =
            SnapshotTaker::new(quorum.disk.clone(), directory, blocking, &quorum.log, Duration::ZERO);
        let mut desk = Desk::new(controller, raft, quorum);
        activate(&mut desk, &options)?;
        let mut driver = ControllerDriver::new(desk, inbox, publisher, quorum_info, snapshots);
        driver.commit().await?;
        let task = tokio::spawn(driver.run());
        Ok(Self { handle, task })
    }
}

/// What a new leader writes first: the bootstrap records into an empty log, and its own registration. They share one
/// flush with the records that open the epoch.
fn activate(desk: &mut Desk, options: &ControllerOptions) -> Result<(), ControllerFailure> {
    let found =
        bootstrap_file::read(&options.quorum.disk, &options.data_directory).map_err(QuorumError::from)?;
    let bootstrap = match found {
        Some(values) => values.into_iter().map(|value| decode(value, Offset(0))).collect::<Result<_, _>>()?,
        None => bootstrap::default_records(),
    };
    let now = desk.now();
    desk.controller().activate(now);
    let decision = desk.controller().decide_activation(&bootstrap);
    desk.append(&decision.records, decision.atomic)?;
    match desk.controller().decide_register_controller(&options.registration) {
        Ok(decision) => desk.append(&decision.records, decision.atomic)?,
        // Clusters of an older metadata version know no registrations of controllers, and go on without.
        Err(refusal) => tracing::info!(%refusal, "the controller is not registered"),
    }
    Ok(())
}

fn load(options: &ControllerOptions) -> Result<(Controller, RaftDriver), ControllerFailure> {
    let mut loader = ImageLoader::default();
    let mut on_loaded = |loaded: Loaded<'_>| -> Result<(), ControllerFailure> {
        match loaded {
            Loaded::Snapshot(id, snapshot) => loader = load_snapshot(id, snapshot)?,
            Loaded::Batch(batch) => load_batch(&mut loader, batch)?,
        }
        Ok(())
    };
    let raft = RaftDriver::open(&options.quorum, &options.data_directory, &mut on_loaded)?;
    Ok((Controller::new(options.settings.clone(), loader), raft))
}

fn load_snapshot(id: OffsetAndEpoch, snapshot: &Snapshot) -> Result<ImageLoader, ControllerFailure> {
    let offset = id.offset.plus(-1);
    let records: Result<Vec<_>, _> =
        snapshot.values.iter().map(|value| decode(value.clone(), offset)).collect();
    let provenance =
        Provenance { offset, epoch: id.epoch.0, append_time_ms: snapshot.last_contained_log_timestamp_ms };
    // The snapshot that formatting leaves covers no record at all.
    let provenance = if id == OffsetAndEpoch::default() { Provenance::NONE } else { provenance };
    ImageLoader::from_snapshot(records?, provenance)
        .map_err(|source| ControllerFailure::Replay { offset, source })
}

fn load_batch(loader: &mut ImageLoader, batch: &MetadataBatch) -> Result<(), ControllerFailure> {
    let BatchContent::Data(values) = &batch.content else { return Ok(()) };
    for (offset, value) in values {
        let (offset, record) = (*offset, decode(value.clone(), *offset)?);
        loader.replay(&record, offset).map_err(|source| ControllerFailure::Replay { offset, source })?;
    }
    loader.set_batch(batch.epoch.0, batch.append_timestamp_ms);
    Ok(())
}

fn decode(value: Bytes, offset: Offset) -> Result<MetadataRecord, ControllerFailure> {
    decode_record(value).map_err(|source| ControllerFailure::Record { offset, source })
}
