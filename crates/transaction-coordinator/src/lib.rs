//! The transaction coordinator's rules: which producer goes by a transactional id, what its transaction holds, and how it
//! ends. One [`TransactionShard`] is the state of one partition of `__transaction_state`.
//!
//! A file for each thing that is asked for; [`TransactionRequest`] is their list, [`TransactionReply`] what comes of each:
//!
//! | file | request | from whom |
//! |---|---|---|
//! | `init_producer_id` | InitProducerId | handlers |
//! | `add_partitions` | AddPartitionsToTxn, AddOffsetsToTxn, and what Produce and TxnOffsetCommit add by themselves | handlers |
//! | `verify_partitions` | AddPartitionsToTxn that only looks | handlers, and the broker before it appends |
//! | `end_transaction` | EndTxn | handlers |
//! | `describe`, `list` | DescribeTransactions, ListTransactions | handlers |
//! | `due`, `markers_written`, `abort_timed_out` | what is to be done by itself | the marker driver |
//!
//! **Producer ids.** A shard gives no producer id itself and waits for none. Where a request needs a fresh one and brings
//! none along, it changes nothing and is refused with [`TransactionError::NeedsProducerId`]; the caller gets an id and asks
//! again with it. An id that turns out not to be needed is lost.
//!
//! **The driver.** What a shard wants done without being asked by a client, it says to one driver:
//!
//! 1. The driver parks [`TransactionRequest::AwaitDue`]. The shard replies with a [`Due`]: decided transactions whose
//!    markers are to be written, and transactions that took too long. A decision is handed out by the step that writes it,
//!    so that the reply leaves when it is committed: no marker is ever written for a decision that could be lost.
//! 2. The driver parks the next `AwaitDue` at once, and meanwhile writes the markers, each until it goes. It reports with
//!    [`TransactionRequest::MarkersWritten`], all at once or partition by partition; after the last one the shard writes
//!    that the transaction is complete. A partition that is gone counts as written.
//! 3. Transactions that took too long it ends with [`TransactionRequest::AbortTimedOut`]; those that this fails for are
//!    handed out again at the next interval.
//! 4. Where it got an error instead of a `Due`, and when it begins, it asks with `is_anew`: everything that is not
//!    complete is handed out again, and reports about what was handed out before do not count any more. A shard that was
//!    loaded anew (another leader, a failed append) does the same. [`Due::is_anew`] says so: the driver stops to write what
//!    it has in hand before it begins with what it is given. Markers written twice do no harm while their transaction is
//!    not complete.
//!
//! Record formats are Kafka's: either side reads what the other wrote.

mod abort_timed_out;
mod add_partitions;
mod describe;
mod due;
mod end_transaction;
mod error;
mod expire;
mod id_pattern;
mod init_producer_id;
mod list;
#[cfg(test)]
mod logged_test;
mod markers_written;
mod record;
mod request;
mod settings;
mod shard;
mod state;
mod transaction;
mod transactions;
mod verify_partitions;
mod why;

pub use abort_timed_out::AbortTimedOut;
pub use add_partitions::AddPartitions;
pub use describe::TransactionDescription;
pub use due::{Due, DueMarkers, TimedOut};
pub use end_transaction::{Decision, EndTransaction};
pub use error::TransactionError;
pub use id_pattern::{IdPattern, InvalidPattern};
pub use init_producer_id::InitProducerId;
pub use list::{ListTransactions, ListedTransaction, StateFilter};
pub use markers_written::MarkersWritten;
pub use request::{TransactionReply, TransactionRequest};
pub use settings::TransactionSettings;
pub use shard::TransactionShard;
pub use state::TransactionState;
pub use transaction::{Producer, Transaction};
pub use verify_partitions::VerifyPartitions;
pub use why::TransactionWhy;
