//! What a test may do with a node of its own, by a client that knows nothing of it.

mod busy_members;
mod clients;
mod nodes;
mod script;
mod transactions;
mod virtual_time;
