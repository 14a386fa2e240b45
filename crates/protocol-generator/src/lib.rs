//! Turns the tables of facts about Kafka's messages into Rust source.
//!
//! Entry points: [`parse_messages`] and [`parse_apis`] read the notation that `crates/protocol/schemas/README.md`
//! explains; [`emit_messages`] and [`emit_apis`] print Rust. The build script of `protocol` is the main user, its
//! tests read the same tables to judge the result.

mod api_table;
mod emit;
mod emit_struct;
mod names;
mod parse;
mod schema;

pub use api_table::{ApiRow, emit_apis, parse_apis};
pub use emit::{emit_list, emit_messages};
pub use names::snake_case;
pub use parse::parse_messages;
pub use schema::{Default, Field, Kind, Message, Struct, Type, Versions};
