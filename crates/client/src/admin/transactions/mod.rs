//! Transactional ids: listed, described; and transactions that hang in a partition, aborted there (KIP-664).

mod abort;
mod describe;
mod list;

pub use describe::TransactionDescription;
pub use list::{TransactionListing, TransactionsFilter};
