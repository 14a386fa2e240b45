//! What the driver has to do: markers of decided transactions, and transactions that took too long.

use coordinator::{Now, Token};
use types::{LeaderEpoch, TopicPartition, TransactionVersion};

use crate::shard::TransactionStep;
use crate::transactions::TransactionalId;
use crate::{Decision, Producer, Transaction, TransactionReply, TransactionShard};

/// What is to be done, handed out once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Everything that was handed out before is void, and comes again where it is not complete: the driver writes no marker
    /// of it from here on. At `transaction.version` 0 and 1 the next transaction of the producer has the same epoch, and a
    /// marker that comes late would end it.
    pub is_anew: bool,
    /// Markers to write.
    pub markers: Vec<DueMarkers>,
    /// Transactions to end.
    pub timed_out: Vec<TimedOut>,
}

/// A decided transaction whose markers are to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMarkers {
    /// Names this handing out; a report has to give it back.
    pub handed_out: Token,
    /// Whose transaction it is.
    pub transactional_id: String,
    /// The producer, as the markers have to name it.
    pub producer: Producer,
    /// This coordinator's epoch, for the markers: the leader epoch of its partition.
    pub coordinator_epoch: LeaderEpoch,
    /// Commit or abort.
    pub decision: Decision,
    /// Under which version the transaction ended: under V2 its producer's epoch was raised.
    pub version: TransactionVersion,
    /// Where markers are to be written; sorted. May be empty: it is then to be reported at once.
    pub partitions: Vec<TopicPartition>,
}

/// A transaction that has been open for longer than its timeout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedOut {
    /// Whose transaction it is.
    pub transactional_id: String,
    /// Who had it open when it was handed out.
    pub producer: Producer,
}

/// The shard's side of the driver.
#[derive(Debug, Default)]
pub(crate) struct Driver {
    /// The request that waits for something to do.
    waiting: Option<Token>,
    /// Nothing was handed out since the shard was loaded, or since everything was asked for again.
    is_anew: bool,
    /// Transactions that took too long, and that the driver has not heard of since they were looked for.
    overdue: Vec<TimedOut>,
    /// When the shard was loaded: transactions are looked through at whole intervals from then on; in `uptime_ms`.
    from_ms: i64,
    interval_ms: i64,
    /// When they were looked through last.
    looked_ms: i64,
}

impl Driver {
    pub(crate) fn loaded(&mut self, interval_ms: i64, now: Now) {
        (self.from_ms, self.looked_ms) = (now.uptime_ms, now.uptime_ms);
        self.interval_ms = interval_ms.max(1);
        self.is_anew = true;
    }

    pub(crate) fn forget(&mut self, token: Token) {
        self.waiting.take_if(|waiting| *waiting == token);
    }

    /// When transactions are looked through next, of which the first has taken too long after `deadline_ms`.
    pub(crate) fn check_at_ms(&self, deadline_ms: i64) -> i64 {
        let after_ms = deadline_ms.max(self.looked_ms);
        let intervals = (after_ms - self.from_ms) / self.interval_ms + 1;
        self.from_ms.saturating_add(intervals.saturating_mul(self.interval_ms))
    }
}

impl TransactionShard {
    /// The driver waits for something to do.
    pub(crate) fn await_due(&mut self, token: Token, is_anew: bool, step: &mut TransactionStep) {
        if let Some(before) = self.driver.waiting.replace(token) {
            step.replies.push((before, TransactionReply::AwaitDue(Due::default())));
        }
        if is_anew {
            self.driver.is_anew = true;
            self.transactions.take_back();
        }
        self.hand_out(step);
    }

    /// Gives the driver what there is to do, if it waits.
    pub(crate) fn hand_out(&mut self, step: &mut TransactionStep) {
        let has_any = self.transactions.has_any_to_hand_out() || !self.driver.overdue.is_empty();
        let Some(token) = self.driver.waiting.take_if(|_| has_any) else { return };
        let coordinator_epoch = self.coordinator_epoch;
        let markers = |(id, transaction): (TransactionalId, &Transaction)| {
            Some(DueMarkers {
                handed_out: token,
                transactional_id: id.to_string(),
                producer: transaction.producer,
                coordinator_epoch,
                decision: transaction.decision()?,
                version: transaction.client_version,
                partitions: transaction.partitions.iter().cloned().collect(),
            })
        };
        let markers = self.transactions.hand_out(token).into_iter().filter_map(markers).collect();
        let timed_out = std::mem::take(&mut self.driver.overdue);
        let is_anew = std::mem::take(&mut self.driver.is_anew);
        step.replies.push((token, TransactionReply::AwaitDue(Due { is_anew, markers, timed_out })));
    }

    /// Looks for transactions that took too long, where it is time to.
    pub(crate) fn look_for_timed_out(&mut self, now: Now) {
        let first_ms = self.transactions.first_deadline_ms();
        if first_ms.is_none_or(|first_ms| self.driver.check_at_ms(first_ms) > now.uptime_ms) {
            return;
        }
        self.driver.looked_ms = now.uptime_ms;
        let timed_out = |(id, transaction): (&TransactionalId, &Transaction)| TimedOut {
            transactional_id: id.to_string(),
            producer: transaction.producer,
        };
        self.driver.overdue = self.transactions.overdue(now).map(timed_out).collect();
    }
}
