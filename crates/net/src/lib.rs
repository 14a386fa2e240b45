//! Listeners, connections, frames on sockets, and the order in which requests take effect.
//!
//! A node gives [`server::Server`] a [`Service`]; every connection is one task that reads a frame, awaits
//! [`Service::call`], and writes the [`Answer`]s in the order in which the requests arrived.
//!
//! *Invariant:* of one connection, a request's side effects are complete before the next request starts, whether it is
//! answered or not; only waiting ([`Answer::Later`]) overlaps.
//! *Invariant:* memory grows with the bytes that arrived, never with a length that was announced.
//! *Boundary:* no message is decoded here except the request header.

pub mod client;
mod close_reason;
mod connection_context;
mod frame;
#[cfg(test)]
mod frame_test;
pub mod server;
mod service;
mod vectored;

pub use protocol::frame::RequestHeader;

pub use close_reason::CloseReason;
pub use connection_context::{ClientSoftware, ConnectionContext};
pub use frame::{FrameBuffer, FrameError};
pub use service::{Answer, Chunk, Request, Response, Service, Waiting};
