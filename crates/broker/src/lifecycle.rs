//! The broker's registration: made at the start, kept alive by heartbeats, given up at the stop (KIP-631).
//!
//! Broker and controller share a process here, so heartbeats are calls; the rules are those of the RPCs.

use std::sync::Arc;
use std::time::Duration;

use controller_node::{CallError, ControllerHandle, Heartbeat, HeartbeatReply, NewBroker};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use types::BrokerEpoch;

use crate::Broker;

/// Registers the broker, which is fenced until [`unfence`].
///
/// # Errors
/// See [`CallError`].
pub async fn register(controller: &ControllerHandle, new: NewBroker) -> Result<BrokerEpoch, CallError> {
    controller.register_local_broker(new).await
}

/// Asks to be unfenced once the broker has applied the metadata up to its own registration. From then on it leads.
/// Returns when this broker has applied that, too.
///
/// # Errors
/// See [`CallError`].
pub async fn unfence(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    epoch: BrokerEpoch,
) -> Result<(), CallError> {
    heartbeat_until(broker, controller, heartbeat(broker, epoch), |reply| !reply.is_fenced).await?;
    let committed = controller.image().provenance.offset;
    broker.applied(committed).await;
    Ok(())
}

/// Sends heartbeats until dropped.
pub async fn run(broker: Arc<Broker>, controller: ControllerHandle, epoch: BrokerEpoch, interval: Duration) {
    let mut ticks = interval_at(Instant::now() + interval, interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match controller.broker_heartbeat(heartbeat(&broker, epoch)).await {
            Ok(reply) if reply.is_fenced => tracing::warn!("the controller has fenced this broker"),
            Ok(_) => {}
            Err(CallError::NoController) => return,
            Err(error) => tracing::error!(%error, "heartbeat refused"),
        }
    }
}

/// Gives leaderships up before the stop, where somebody can take them (`controlled.shutdown.enable`).
///
/// # Errors
/// See [`CallError`]; the stop goes on regardless.
pub async fn shut_down(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    epoch: BrokerEpoch,
) -> Result<(), CallError> {
    let asking = Heartbeat { want_shut_down: true, ..heartbeat(broker, epoch) };
    heartbeat_until(broker, controller, asking, |reply| reply.should_shut_down).await
}

/// Sends the heartbeat each time this broker has applied what the controller has committed, until the answer is the one
/// that is waited for.
async fn heartbeat_until(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    asking: Heartbeat,
    is_awaited: impl Fn(&HeartbeatReply) -> bool,
) -> Result<(), CallError> {
    let mut images = controller.images();
    loop {
        // What the controller has committed is read here, not fetched: waiting for it is waiting for the applier.
        let committed = images.borrow_and_update().provenance.offset;
        broker.applied(committed).await;
        let metadata_offset = broker.image().provenance.offset;
        let reply = controller.broker_heartbeat(Heartbeat { metadata_offset, ..asking.clone() }).await?;
        if is_awaited(&reply) {
            return Ok(());
        }
        if images.changed().await.is_err() {
            return Err(CallError::NoController);
        }
    }
}

fn heartbeat(broker: &Broker, epoch: BrokerEpoch) -> Heartbeat {
    Heartbeat {
        id: broker.node_id(),
        epoch,
        metadata_offset: broker.image().provenance.offset,
        want_fence: false,
        want_shut_down: false,
        offline_directories: Vec::new(),
        cordoned_directories: None,
    }
}
