//! Prints a module for every message, and a list of all of them.

use std::fmt::Write;

use crate::emit_struct::emit_struct;
use crate::names::snake_case;
use crate::schema::{Kind, Message};

/// The modules of all `messages`, in their order.
pub fn emit_messages(messages: &[Message]) -> String {
    messages.iter().map(emit_module).collect()
}

fn emit_module(message: &Message) -> String {
    let name = &message.name;
    let mut out = String::new();
    let _ = writeln!(out, "/// {}, versions {}.", title(message), message.valid);
    let _ = writeln!(out, "pub mod {} {{", snake_case(name));
    out += "#[allow(unused_imports, reason = \"not every message needs every type\")]\n";
    out += "use crate::codec::*;\n";
    for found in &message.structs {
        out += &emit_struct(message, found);
    }
    let _ = writeln!(out, "impl {name} {{");
    if let Some(key) = message.key {
        out += "/// Number of the API, or of the type of record.\n";
        let _ = writeln!(out, "pub const API_KEY: i16 = {key};");
    }
    out += "/// Oldest version this struct can be read and written at.\n";
    let _ = writeln!(out, "pub const MIN_VERSION: i16 = {};", message.valid.low);
    out += "/// Newest version this struct can be read and written at.\n";
    let _ = writeln!(out, "pub const MAX_VERSION: i16 = {};", message.valid.high);
    out += "/// First version with compact lengths and tagged fields, if any has them.\n";
    let _ = writeln!(out, "pub const FLEXIBLE_SINCE: Option<i16> = {:?};", message.flexible_since);
    out += "}\n";
    let _ = writeln!(out, "impl crate::Message for {name} {{");
    let _ = writeln!(out, "const NAME: &'static str = \"{name}\";");
    let _ = writeln!(out, "const MIN_VERSION: i16 = {name}::MIN_VERSION;");
    let _ = writeln!(out, "const MAX_VERSION: i16 = {name}::MAX_VERSION;");
    let _ = writeln!(out, "const FLEXIBLE_SINCE: Option<i16> = {name}::FLEXIBLE_SINCE;");
    let _ = writeln!(
        out,
        "fn decode(reader: &mut Reader, version: i16) -> Result<Self, DecodeError> {{ {name}::decode(reader, version) }}"
    );
    let _ = writeln!(
        out,
        "fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {{ {name}::encode(self, writer, version) }}"
    );
    out += "}\n}\n";
    out
}

fn title(message: &Message) -> String {
    let key = message.key.unwrap_or_default();
    match message.kind {
        Kind::Request => format!("Request of API {key}"),
        Kind::Response => format!("Response of API {key}"),
        Kind::Header => "Header of a frame".to_owned(),
        Kind::Metadata => format!("Record of type {key} in the metadata log"),
        Kind::RemoteLog => format!("Record of type {key} in the log of remote segments"),
        Kind::GroupKey | Kind::ShareKey | Kind::TransactionKey => {
            format!("Key of a coordinator's record of type {key}")
        }
        Kind::GroupValue | Kind::ShareValue | Kind::TransactionValue => {
            format!("Value of a coordinator's record of type {key}")
        }
        Kind::Data => "Data".to_owned(),
    }
}

/// A macro of the name `macro_name` that hands the paths of all messages to another macro, each as
/// `(KIND, KEY, path)` with the kind's word as a string and -1 for no key; `home_of` names the module they are in.
pub fn emit_list(macro_name: &str, messages: &[Message], home_of: impl Fn(Kind) -> &'static str) -> String {
    let mut out = format!(
        "/// Calls the macro `$visit` with `(kind, key, type)` of every message: the kind's word in the tables of facts, \
         the API key or record type (-1 for none), and the path of the struct.\n\
         #[macro_export]\nmacro_rules! {macro_name} {{\n($visit:ident) => {{ $visit! {{\n",
    );
    for message in messages {
        let word = Kind::ALL.iter().find(|known| known.0 == message.kind).map_or("", |known| known.1);
        let home = home_of(message.kind);
        let module = snake_case(&message.name);
        let key = message.key.unwrap_or(-1);
        let _ = writeln!(out, "(\"{word}\", {key}, $crate::{home}::{module}::{})", message.name);
    }
    out += "} };\n}\n";
    out
}
