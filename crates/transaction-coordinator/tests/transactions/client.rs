//! A producer as clients of Kafka behave: it begins, adds, ends, asks again where it heard nothing, and goes on under the
//! producer that it was told.

use std::collections::BTreeSet;

use io::Entropy;
use transaction_coordinator::{
    AddPartitions, Decision, EndTransaction, InitProducerId, Producer, TransactionError, TransactionReply,
    TransactionRequest,
};
use types::{ProducerEpoch, ProducerId, TopicPartition, TransactionVersion};

use crate::book::Book;

/// One process with a transactional id, or several after each other.
pub struct Client {
    pub id: String,
    /// Which of the processes with this number.
    pub incarnation: (usize, u32),
    pub server_version: TransactionVersion,
    state: State,
    /// What it needs for its next request, and draws only then.
    needs_fresh: bool,
    /// It begins nothing any more.
    pub is_closing: bool,
}

#[derive(Clone, Debug)]
enum State {
    New,
    /// It goes on after an error (KIP-360).
    Resuming(Producer),
    Idle(Producer),
    Open(Producer),
    Ending(Producer, Decision),
}

impl Client {
    pub fn new(number: usize, id: &str, server_version: TransactionVersion) -> Self {
        Self {
            id: id.to_owned(),
            incarnation: (number, 0),
            server_version,
            state: State::New,
            needs_fresh: false,
            is_closing: false,
        }
    }

    /// The process dies; another takes its place.
    pub fn restart(&mut self) {
        self.incarnation.1 += 1;
        self.state = State::New;
    }

    /// It has nothing to do any more.
    pub fn is_closed(&self) -> bool {
        self.is_closing && matches!(self.state, State::New | State::Idle(_))
    }

    fn client_version(&self) -> TransactionVersion {
        let is_v2 = self.server_version.bumps_epochs();
        if is_v2 { TransactionVersion::V2 } else { TransactionVersion::V0 }
    }

    /// What it asks next.
    pub fn request(
        &mut self,
        dice: &Entropy,
        next_producer_id: &mut i64,
        book: &mut Book,
    ) -> Option<TransactionRequest> {
        let fresh_producer_id = std::mem::take(&mut self.needs_fresh).then(|| {
            *next_producer_id += 1;
            ProducerId(*next_producer_id)
        });
        self.move_on(dice, book)?;
        let expected = match self.state {
            State::New => None,
            State::Resuming(producer) => Some(producer),
            State::Idle(producer) | State::Open(producer) => {
                return Some(TransactionRequest::AddPartitions(AddPartitions {
                    transactional_id: self.id.clone(),
                    producer,
                    partitions: BTreeSet::from([TopicPartition::new("t", dice.below(4) as i32)]),
                    client_version: self.client_version(),
                    server_version: self.server_version,
                }));
            }
            State::Ending(producer, decision) => {
                return Some(TransactionRequest::End(EndTransaction {
                    transactional_id: self.id.clone(),
                    producer,
                    decision,
                    client_version: self.client_version(),
                    fresh_producer_id,
                    server_version: self.server_version,
                }));
            }
        };
        Some(TransactionRequest::InitProducerId(InitProducerId {
            transactional_id: self.id.clone(),
            timeout_ms: 15_000,
            is_two_phase_commit: false,
            keeps_prepared: false,
            expected,
            fresh_producer_id,
            server_version: self.server_version,
        }))
    }

    /// It makes up its mind, where it may.
    fn move_on(&mut self, dice: &Entropy, book: &mut Book) -> Option<()> {
        match self.state {
            State::New | State::Idle(_) if self.is_closing => return None,
            State::Idle(producer) => match dice.below(12) {
                0 => self.state = State::Resuming(producer),
                1 if self.client_version().bumps_epochs() => self.end(producer, Decision::Abort, book),
                _ => {}
            },
            State::Open(producer) if self.is_closing || dice.below(2) == 0 => {
                let decision = if dice.below(3) == 0 { Decision::Abort } else { Decision::Commit };
                self.end(producer, decision, book);
            }
            _ => {}
        }
        Some(())
    }

    fn end(&mut self, producer: Producer, decision: Decision, book: &mut Book) {
        self.state = State::Ending(producer, decision);
        if decision == Decision::Commit {
            book.commit_is_asked_for(producer);
        }
    }

    /// The answer to its last request.
    pub fn answered(&mut self, reply: &TransactionReply, book: &mut Book) {
        let error = match (reply, self.state.clone()) {
            (TransactionReply::InitProducerId(Ok(producer)), _) => {
                book.told(self.incarnation, &self.id, *producer);
                self.state = State::Idle(*producer);
                return;
            }
            (TransactionReply::AddPartitions(Ok(())), State::Idle(producer) | State::Open(producer)) => {
                self.state = State::Open(producer);
                return;
            }
            (TransactionReply::End(Ok(next)), State::Ending(before, decision)) => {
                if decision == Decision::Commit {
                    book.commit_is_acknowledged(before);
                }
                let next = if *next == Producer::NONE { before } else { *next };
                book.told(self.incarnation, &self.id, next);
                let is_next = next.id != before.id || next.epoch == ProducerEpoch(before.epoch.0 + 1);
                assert_eq!(is_next, self.client_version().bumps_epochs());
                self.state = State::Idle(next);
                return;
            }
            (TransactionReply::InitProducerId(Err(error)), _)
            | (TransactionReply::AddPartitions(Err(error)), _)
            | (TransactionReply::End(Err(error)), _) => *error,
            other => panic!("{other:?}"),
        };
        match error {
            TransactionError::NeedsProducerId => self.needs_fresh = true,
            TransactionError::ConcurrentTransactions => {}
            TransactionError::ProducerFenced
            | TransactionError::InvalidProducerIdMapping
            | TransactionError::InvalidTransactionState => self.restart(),
            other => panic!("{other:?}"),
        }
    }
}
