//! How the program speaks: parameters in, reports out.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{BufRead, Write};

use client::consumer::IsolationLevel;
use client::producer::TransactionError;
use client::{ClientConfig, ClientError, NetworkClient};
use record::RecordView;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use types::ErrorCode;

/// All that a program may be told.
#[derive(Deserialize)]
pub struct Told {
    pub bootstrap: String,
    #[serde(default)]
    pub runs: Vec<Run>,
    #[serde(default)]
    pub steps: Vec<Value>,
    pub load: Option<Load>,
    /// All of it, for the verb's own.
    #[serde(skip)]
    whole: Value,
}

impl Told {
    /// What the verb is told beside the rest.
    pub fn of_verb<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.whole.clone()).expect("the parameters are as the README says")
    }
}

/// What a transactional producer is told.
#[derive(Deserialize)]
pub struct Transactor {
    pub id: String,
    pub timeout_ms: u64,
}

/// What a copier is told beside that.
#[derive(Deserialize)]
pub struct Copier {
    pub group: String,
    pub strategy: String,
    pub session_ms: u64,
    pub heartbeat_ms: u64,
    pub source: String,
    pub target: String,
    pub batch: usize,
    pub abort: u64,
    pub hang: u64,
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
    pub topics: Vec<String>,
    /// In place of topics.
    pub pattern: Option<String>,
    pub strategy: String,
    pub instance: Option<String>,
    pub session_ms: u64,
    pub heartbeat_ms: u64,
    pub commit: bool,
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
    pub largest: Option<usize>,
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
    let whole: Value = serde_json::from_str(&line).expect("the parameters are JSON");
    let told: Told = serde_json::from_value(whole.clone()).expect("the parameters are as the README says");
    Told { whole, ..told }
}

/// What the program is told after its parameters, until it is asked to leave.
pub fn lines() -> mpsc::UnboundedReceiver<String> {
    let (told, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines().map_while(Result::ok);
        let _ = lines.take_while(|line| line != "leave").try_for_each(|line| told.send(line));
    });
    lines
}

pub fn isolation(name: &str) -> IsolationLevel {
    match name {
        "read_committed" => IsolationLevel::ReadCommitted,
        _ => IsolationLevel::ReadUncommitted,
    }
}

pub fn report(fields: Value) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{fields}").and_then(|()| output.flush()).expect("somebody listens");
}

/// Fields with an error: Kafka's number, null where the library refused by itself.
pub fn with_error(fields: Value, error: &ClientError) -> Value {
    with_code(fields, error.code(), error)
}

/// As `with_error`.
pub fn with_transaction_error(fields: Value, error: &TransactionError) -> Value {
    with_code(fields, error.code(), error)
}

fn with_code(mut fields: Value, code: Option<ErrorCode>, error: &dyn Display) -> Value {
    fields["code"] = json!(code.map(ErrorCode::code));
    fields["error"] = json!(error.to_string());
    fields
}

pub fn report_record(mut fields: Value, partition: i32, record: &RecordView<'_>) {
    let headers: Vec<_> = record
        .headers
        .iter()
        .map(|header| json!([String::from_utf8_lossy(header.key), header.value.map(hex)]))
        .collect();
    fields["partition"] = json!(partition);
    fields["offset"] = json!(record.offset.0);
    fields["timestamp"] = json!(record.timestamp);
    fields["key"] = json!(record.key.map(hex));
    fields["value"] = json!(record.value.map(|value| hex(&Sha256::digest(value))));
    fields["size"] = record.value.map_or(json!(-1), |value| json!(value.len()));
    fields["headers"] = json!(headers);
    report(fields);
}

/// A way into the cluster under test.
pub fn client(told: &Told) -> NetworkClient {
    NetworkClient::new(ClientConfig::new(vec![told.bootstrap.clone()], "milena-program"))
}

pub fn hex(value: &[u8]) -> String {
    value.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn bytes(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("values are hexadecimal");
    (0..text.len()).step_by(2).map(digits).collect()
}
