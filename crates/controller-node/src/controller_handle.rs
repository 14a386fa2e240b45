//! The front door to the controller: cheap to clone, one method per verb.

use std::collections::BTreeSet;
use std::sync::Arc;

use controller::brokers::heartbeat::{Heartbeat, HeartbeatReply};
use controller::brokers::register::NewBroker;
use controller::client_quotas::{QuotaAlteration, QuotaOutcome};
use controller::configs::{AlterOutcome, ResourceChanges, ResourceSettings};
use controller::partitions::assign_directories::DirectoryAssignment;
use controller::partitions::elect_leaders::{ElectionKind, ElectionOutcome, TopicPartitions};
use controller::partitions::reassign::Reassignment;
use controller::producer_ids::ProducerIdsBlock;
use controller::topics::create::{NewTopic, TopicOutcome};
use controller::topics::create_partitions::{PartitionsOutcome, PartitionsToAdd};
use controller::topics::delete::{DeleteAccess, DeleteOutcome, TopicToDelete};
use controller::update_features::FeatureUpdate;
use controller::{ControllerError, Decision};
use metadata::MetadataImage;
use tokio::sync::{mpsc, oneshot, watch};
use types::{BrokerEpoch, ErrorCode, NodeId};

use crate::controller_driver::{Desk, Message};
use crate::decision_batches::UnwritableDecision;
use crate::raft_driver::QuorumInfo;

/// Why the controller did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It refuses; nothing has changed.
    #[error(transparent)]
    Refused(#[from] ControllerError),
    /// It decided, but the decision cannot be written; nothing has changed.
    #[error(transparent)]
    Unwritable(#[from] UnwritableDecision),
    /// It has resigned or stops. The request may or may not take effect; ask again.
    #[error("the controller has resigned or stops")]
    NoController,
}

impl CallError {
    /// The protocol's code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Refused(error) => error.code(),
            Self::Unwritable(_) => ErrorCode::UnknownServerError,
            Self::NoController => ErrorCode::NotController,
        }
    }
}

/// Asks the controller. A call returns when what was decided is committed; dropping it does not take a decision back.
#[derive(Clone, Debug)]
pub struct ControllerHandle {
    messages: mpsc::Sender<Message>,
    image: watch::Receiver<Arc<MetadataImage>>,
    quorum: watch::Receiver<QuorumInfo>,
}

impl ControllerHandle {
    pub(crate) fn new(
        messages: mpsc::Sender<Message>,
        image: watch::Receiver<Arc<MetadataImage>>,
        quorum: watch::Receiver<QuorumInfo>,
    ) -> Self {
        Self { messages, image, quorum }
    }

    /// The committed metadata; always the newest, some may be skipped.
    pub fn images(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.image.clone()
    }

    /// The committed metadata now.
    pub fn image(&self) -> Arc<MetadataImage> {
        Arc::clone(&self.image.borrow())
    }

    /// The quorum as this node sees it (DescribeQuorum).
    pub fn quorum(&self) -> QuorumInfo {
        self.quorum.borrow().clone()
    }

    /// Creates topics, or only says what would become of them; the outcomes say what became of each.
    ///
    /// # Errors
    /// Where the request is refused as a whole: too many partitions in it.
    pub async fn create_topics(
        &self,
        topics: Vec<NewTopic>,
        validate_only: bool,
    ) -> Result<Vec<TopicOutcome>, CallError> {
        self.decide(move |desk| {
            let entropy = desk.entropy().clone();
            desk.controller().decide_create_topics(&topics, validate_only, &mut || entropy.next_u64())
        })
        .await
    }

    /// Deletes topics; `access` says what whoever asks may do with a topic of this name.
    ///
    /// # Errors
    /// Where topics may not be deleted at all.
    pub async fn delete_topics(
        &self,
        topics: Vec<TopicToDelete>,
        access: impl Fn(&str) -> DeleteAccess + Send + 'static,
    ) -> Result<Vec<DeleteOutcome>, CallError> {
        self.decide(move |desk| desk.controller().decide_delete_topics(&topics, &access)).await
    }

    /// Gives topics more partitions, or only says whether they could have them.
    ///
    /// # Errors
    /// Only where there is no controller.
    pub async fn create_partitions(
        &self,
        topics: Vec<PartitionsToAdd>,
        validate_only: bool,
    ) -> Result<PartitionsOutcome, CallError> {
        self.decide(move |desk| {
            let entropy = desk.entropy().clone();
            let mut random = || entropy.next_u64();
            Ok(desk.controller().decide_create_partitions(&topics, validate_only, &mut random))
        })
        .await
    }

    /// Elects leaders, of all partitions where `topics` is `None`; the outcomes say what became of each.
    ///
    /// # Errors
    /// Only where there is no controller.
    pub async fn elect_leaders(
        &self,
        kind: ElectionKind,
        topics: Option<Vec<TopicPartitions>>,
    ) -> Result<ElectionOutcome, CallError> {
        self.decide(move |desk| Ok(desk.controller().decide_elect_leaders(kind, topics.as_deref()))).await
    }

    /// Gives partitions other replicas; the results are in the order asked.
    ///
    /// # Errors
    /// Only where there is no controller.
    pub async fn reassign(
        &self,
        reassignments: Vec<Reassignment>,
        may_change_factor: bool,
    ) -> Result<Vec<Result<(), ControllerError>>, CallError> {
        self.decide(move |desk| Ok(desk.controller().decide_reassign(&reassignments, may_change_factor)))
            .await
    }

    /// Notes in which directories a broker's replicas lie; the results are in the order told.
    ///
    /// # Errors
    /// For a broker that is not registered at this epoch; where the metadata version knows no directories.
    pub async fn assign_directories(
        &self,
        broker: NodeId,
        epoch: BrokerEpoch,
        assignments: Vec<DirectoryAssignment>,
    ) -> Result<Vec<Result<(), ControllerError>>, CallError> {
        self.decide(move |desk| desk.controller().decide_assign_directories(broker, epoch, &assignments))
            .await
    }

    /// Finalizes levels of features, or only says whether they could be.
    ///
    /// # Errors
    /// For the first update that cannot be; nothing changes then.
    pub async fn update_features(
        &self,
        updates: Vec<FeatureUpdate>,
        validate_only: bool,
    ) -> Result<(), CallError> {
        self.decide(move |desk| {
            let kraft_version = desk.kraft_version();
            desk.controller().decide_update_features(&updates, kraft_version, validate_only)
        })
        .await
    }

    /// Changes dynamic settings, or only says whether they could be changed; the outcomes say so for each resource.
    ///
    /// # Errors
    /// Only where there is no controller.
    pub async fn incremental_alter_configs(
        &self,
        resources: Vec<ResourceChanges>,
        validate_only: bool,
    ) -> Result<AlterOutcome, CallError> {
        self.decide(move |desk| {
            Ok(desk.controller().decide_incremental_alter_configs(&resources, validate_only))
        })
        .await
    }

    /// Replaces all dynamic settings of resources, or only says whether they could be replaced; the outcomes say so for
    /// each resource.
    ///
    /// # Errors
    /// Only where there is no controller.
    pub async fn alter_configs(
        &self,
        resources: Vec<ResourceSettings>,
        validate_only: bool,
    ) -> Result<AlterOutcome, CallError> {
        self.decide(move |desk| Ok(desk.controller().decide_alter_configs(&resources, validate_only))).await
    }

    /// Changes client quotas, or only says whether they could be changed; the outcomes say so for each entity.
    /// `unresolvable`: names of hosts that cannot be found.
    ///
    /// # Errors
    /// Only where there is no controller.
    pub async fn alter_client_quotas(
        &self,
        alterations: Vec<QuotaAlteration>,
        unresolvable: BTreeSet<String>,
        validate_only: bool,
    ) -> Result<QuotaOutcome, CallError> {
        self.decide(move |desk| {
            Ok(desk.controller().decide_alter_client_quotas(&alterations, &unresolvable, validate_only))
        })
        .await
    }

    /// Registers a broker that starts, or amends its registration; answers with its epoch.
    ///
    /// # Errors
    /// For a wrong cluster, an id whose owner is alive, unusable directories, features that do not cover a finalized
    /// level.
    pub async fn register_broker(&self, broker: NewBroker) -> Result<BrokerEpoch, CallError> {
        self.decide(move |desk| {
            let (next_offset, now) = (desk.next_offset(), desk.now());
            desk.controller().decide_register_broker(&broker, next_offset, now)
        })
        .await
    }

    /// Registers the broker of this very process. It holds the lock on the node's data directories, so an earlier
    /// process of the same broker is dead, whatever its session says: a node that was killed serves again at once.
    ///
    /// # Errors
    /// As [`ControllerHandle::register_broker`].
    pub async fn register_local_broker(&self, broker: NewBroker) -> Result<BrokerEpoch, CallError> {
        self.decide(move |desk| {
            let (next_offset, now) = (desk.next_offset(), desk.now());
            desk.controller().note_death(broker.id);
            desk.controller().decide_register_broker(&broker, next_offset, now)
        })
        .await
    }

    /// A broker lives, wants to serve, wants to stop, or has lost directories; answers where it stands.
    ///
    /// # Errors
    /// For a broker that is not registered at this epoch.
    pub async fn broker_heartbeat(&self, heartbeat: Heartbeat) -> Result<HeartbeatReply, CallError> {
        self.decide(move |desk| {
            let now = desk.now();
            desk.controller().note_heartbeat(&heartbeat, now);
            desk.controller().decide_heartbeat(&heartbeat)
        })
        .await
    }

    /// Forgets a broker that will not come back.
    ///
    /// # Errors
    /// For a broker that is not registered.
    pub async fn unregister_broker(&self, broker: NodeId) -> Result<(), CallError> {
        self.decide(move |desk| desk.controller().decide_unregister_broker(broker)).await
    }

    /// Gives a broker its next block of producer ids.
    ///
    /// # Errors
    /// For a broker that is not registered at this epoch; when the ids are exhausted.
    pub async fn allocate_producer_ids(
        &self,
        broker: NodeId,
        epoch: BrokerEpoch,
    ) -> Result<ProducerIdsBlock, CallError> {
        self.decide(move |desk| desk.controller().decide_allocate_producer_ids(broker, epoch)).await
    }

    /// Lets the controller commit what it has decided, close its log and end. Returns when it takes nothing more.
    pub async fn stop(&self) {
        // A controller that is gone has stopped already.
        let _ = self.messages.send(Message::Stop).await;
        self.messages.closed().await;
    }

    /// Decides on the controller's task and waits until the decision is committed.
    pub(crate) async fn decide<R: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Desk) -> Result<Decision<R>, ControllerError> + Send + 'static,
    ) -> Result<R, CallError> {
        let (sender, receiver) = oneshot::channel();
        let message = Message::Decide(Box::new(move |desk| match decide(desk) {
            // Whoever asked may have gone; the decision stands.
            Err(refusal) => drop(sender.send(Err(refusal.into()))),
            Ok(Decision { records, response, atomic }) => {
                let reply = move |committed: Result<(), CallError>| {
                    drop(sender.send(committed.map(|()| response)));
                };
                desk.commit(&records, atomic, Box::new(reply));
            }
        }));
        self.messages.send(message).await.map_err(|_| CallError::NoController)?;
        receiver.await.unwrap_or(Err(CallError::NoController))
    }
}
