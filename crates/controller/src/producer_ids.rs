//! Blocks of producer ids for brokers (KIP-730).

use protocol::records::producer_ids_record::ProducerIdsRecord;
use types::{BrokerEpoch, NodeId, ProducerId};

use crate::{Controller, ControllerError, Decision};

/// Ids in one block.
pub const BLOCK_SIZE: i32 = 1000;

/// Ids that belong to one broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerIdsBlock {
    /// The first.
    pub first: ProducerId,
    /// How many.
    pub count: i32,
}

impl Controller {
    /// Gives the next block to a broker.
    ///
    /// # Errors
    /// For a broker that is not registered at this epoch; when the ids are exhausted.
    pub fn decide_allocate_producer_ids(
        &self,
        broker: NodeId,
        epoch: BrokerEpoch,
    ) -> Result<Decision<ProducerIdsBlock>, ControllerError> {
        self.check_broker_epoch(broker, epoch)?;
        let first = self.image().producer_ids.next().unwrap_or(ProducerId(0));
        let next = first.0.checked_add(BLOCK_SIZE.into()).ok_or(ControllerError::ProducerIdsExhausted)?;
        let record = ProducerIdsRecord {
            broker_id: broker.0,
            broker_epoch: epoch.0,
            next_producer_id: next,
            ..Default::default()
        };
        Ok(Decision::sequence(vec![record.into()], ProducerIdsBlock { first, count: BLOCK_SIZE }))
    }
}
