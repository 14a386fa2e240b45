//! How the program speaks: parameters in, reports out.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// All that a program may be told.
#[derive(Deserialize)]
pub struct Told {
    pub bootstrap: String,
    #[serde(default)]
    pub runs: Vec<Run>,
    #[serde(default)]
    pub steps: Vec<Value>,
    pub load: Option<Load>,
    #[serde(flatten)]
    pub member: Option<Member>,
    #[serde(flatten)]
    pub transactional: Option<Transactional>,
    #[serde(flatten)]
    pub copy: Option<Copy>,
}

/// A load to be measured.
#[derive(Deserialize)]
pub struct Load {
    pub topic: String,
    pub partitions: i32,
    pub records: u64,
    pub record_bytes: usize,
    pub values: Option<String>,
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// What a member is told.
#[derive(Deserialize)]
pub struct Member {
    pub group: String,
    #[serde(default)]
    pub topics: Vec<String>,
    pub strategy: String,
    pub instance: Option<String>,
    pub session_ms: u32,
    pub heartbeat_ms: u32,
    #[serde(default)]
    pub commit: bool,
}

/// What a transactional producer is told.
#[derive(Deserialize)]
pub struct Transactional {
    pub id: String,
    pub timeout_ms: u32,
}

/// What a copier is told beside its group and its id.
#[derive(Deserialize)]
pub struct Copy {
    pub source: String,
    pub target: String,
    pub batch: usize,
    pub abort: usize,
    pub hang: usize,
}

/// One run of produce or consume.
#[derive(Deserialize)]
pub struct Run {
    pub topic: String,
    #[serde(default)]
    pub codec: String,
    #[serde(default)]
    pub acks: String,
    #[serde(default)]
    pub idempotent: bool,
    pub largest: Option<u32>,
    #[serde(default)]
    pub records: Vec<Record>,
    pub values: Option<String>,
    #[serde(default)]
    pub partitions: Vec<i32>,
    #[serde(default)]
    pub from: Value,
    #[serde(default)]
    pub count: usize,
    #[serde(default)]
    pub isolation: String,
}

/// A record to send.
#[derive(Deserialize, Default)]
pub struct Record {
    pub partition: i32,
    pub key: Option<String>,
    pub value: Option<String>,
    #[serde(default)]
    pub headers: Vec<(String, Option<String>)>,
    pub timestamp: Option<i64>,
}

/// What the program is told, in its first line.
pub fn parameters() -> Told {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).expect("the parameters are there");
    serde_json::from_str(&line).expect("the parameters are as the README says")
}

/// The steps that are told one after the other, until the program is asked to leave.
pub fn orders() -> impl Iterator<Item = Value> {
    let lines = std::io::stdin().lines().map_while(Result::ok).take_while(|line| line != "leave");
    lines.map(|line| serde_json::from_str(&line).expect("a step is as the README says"))
}

/// Becomes true when the program is asked to leave.
pub fn asked_to_leave() -> Arc<AtomicBool> {
    let asked = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut lines = std::io::stdin().lock().lines().map_while(Result::ok);
        let _ = lines.find(|line| line == "leave");
        flag.store(true, Ordering::Relaxed);
    });
    asked
}

pub fn report(fields: Value) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{fields}").and_then(|()| output.flush()).expect("somebody listens");
}

/// Fields with an error: Kafka's number, null where the library refused by itself.
pub fn with_error(mut fields: Value, error: &KafkaError) -> Value {
    let code = match error {
        KafkaError::AdminOp(code) => Some(*code),
        _ => error.rdkafka_error_code(),
    };
    // The library numbers its own errors below 0.
    fields["code"] = json!(code.map(|code| code as i32).filter(|code| *code > 0));
    fields["error"] = json!(error.to_string());
    fields
}

pub fn report_record(mut fields: Value, message: &BorrowedMessage<'_>) {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    let headers: Vec<_> = headers.map(|header| json!([header.key, header.value.map(hex)])).collect();
    fields["partition"] = json!(message.partition());
    fields["offset"] = json!(message.offset());
    fields["timestamp"] = json!(message.timestamp().to_millis());
    fields["key"] = json!(message.key().map(hex));
    fields["value"] = json!(message.payload().map(|value| hex(&Sha256::digest(value))));
    fields["size"] = message.payload().map_or(json!(-1), |value| json!(value.len()));
    fields["headers"] = json!(headers);
    report(fields);
}

pub fn hex(value: &[u8]) -> String {
    value.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn bytes(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("values are hexadecimal");
    (0..text.len()).step_by(2).map(digits).collect()
}
