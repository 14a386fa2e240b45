//! Frames, headers and every message of the Kafka protocol, generated from tables of facts.
//!
//! Entry points: [`frame`] for headers, [`api`] for what exists, [`messages`] and [`records`] for the structs, each
//! with `decode` and `encode`; [`Reader`] and [`Writer`] underneath. The tables are in `schemas/`, the generator is the
//! crate `protocol-generator`.
//!
//! *Invariant:* whatever the bytes, decoding ends in a value or a [`DecodeError`], never in a panic, and allocates at
//! most [`DecodeBudget::PER_BYTE`] times the length of the input.
//! *Boundary:* no IO, no clock, no randomness; wire types stay in the crates that translate between wire and domain.

pub mod api;
mod budget;
mod codec;
mod error;
pub mod frame;
mod message;
mod reader;
mod records_field;
mod tagged_fields;
mod writer;

pub use budget::DecodeBudget;
pub use error::{DecodeError, EncodeError};
pub use message::Message;
pub use reader::Reader;
pub use records_field::Records;
pub use tagged_fields::TaggedFields;
pub use writer::{Gap, Writer};

/// Requests, responses and headers, a module for each.
#[allow(clippy::all, unused_parens, unused_variables, reason = "generated; simplicity of the generator counts")]
#[rustfmt::skip]
pub mod messages {
    include!(concat!(env!("OUT_DIR"), "/messages.rs"));
}

/// What lies in logs, snapshots and other messages' byte fields, a module for each.
#[allow(clippy::all, unused_parens, unused_variables, reason = "generated; simplicity of the generator counts")]
#[rustfmt::skip]
pub mod records {
    include!(concat!(env!("OUT_DIR"), "/records.rs"));
}

/// Requests and responses of our own APIs ([`api::private`]), a module for each.
#[allow(clippy::all, unused_parens, unused_variables, reason = "generated; simplicity of the generator counts")]
#[rustfmt::skip]
pub mod private_messages {
    include!(concat!(env!("OUT_DIR"), "/private_messages.rs"));
}

include!(concat!(env!("OUT_DIR"), "/list.rs"));
include!(concat!(env!("OUT_DIR"), "/private_list.rs"));
