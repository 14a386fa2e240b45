//! Turns the tables of facts in `schemas/` into the modules `messages`, `records` and the table of `api`.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result};
use protocol_generator::{Kind, Message, emit_apis, emit_list, emit_messages, parse_apis, parse_messages};

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=schemas");
    println!("cargo::rerun-if-changed=build.rs");
    let mut messages: Vec<Message> = Vec::new();
    for table in ["client-apis.txt", "cluster-apis.txt", "records.txt"] {
        messages.extend(parse_messages(&read(table)?).with_context(|| table.to_owned())?);
    }
    let home_of = |kind: Kind| if kind.is_on_the_wire() { "messages" } else { "records" };
    let list = emit_list("for_every_message", &messages, home_of);
    let (on_the_wire, in_logs): (Vec<_>, Vec<_>) =
        messages.into_iter().partition(|message| message.kind.is_on_the_wire());
    write("messages.rs", &emit_messages(&on_the_wire))?;
    write("records.rs", &emit_messages(&in_logs))?;
    write("list.rs", &list)?;
    write("apis.rs", &emit_apis(&parse_apis(&read("apis.tsv")?)?))?;
    // Our own APIs, apart from Kafka's.
    let own = parse_messages(&read("milena-apis.txt")?).context("milena-apis.txt")?;
    write("private_messages.rs", &emit_messages(&own))?;
    write("private_list.rs", &emit_list("for_every_private_message", &own, |_| "private_messages"))?;
    write("private_apis.rs", &emit_apis(&parse_apis(&read("milena-apis.tsv")?)?))
}

fn read(table: &str) -> Result<String> {
    fs::read_to_string(Path::new("schemas").join(table)).with_context(|| format!("schemas/{table}"))
}

fn write(name: &str, source: &str) -> Result<()> {
    let out = env::var("OUT_DIR").context("OUT_DIR, which cargo sets")?;
    fs::write(Path::new(&out).join(name), source).with_context(|| name.to_owned())
}
