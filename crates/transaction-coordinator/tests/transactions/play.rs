//! Plays a scenario on a shard.
//!
//! ```text
//! settings 2pc=true max-timeout=MS expiration=MS      before everything else
//! version N                       the cluster's transaction.version from here on; 2 at first
//! init ID [as=PRODUCER] [timeout=MS] [2pc] [keep]
//! add ID PRODUCER TOPIC-INDEX... [client=N]
//! verify ID PRODUCER TOPIC-INDEX...
//! end ID PRODUCER commit|abort [client=N]
//! describe ID                     list [states=A,B] [producers=1,2] [longer=MS] [pattern=RE]
//! markers                         all markers that are due are written
//! wait MS
//! assume ID STATE PRODUCER TOPIC-INDEX... [previous=N] [next=N] [began=MS] [updated=MS] [timeout=MS] [client=N]
//! load                            the shard is dropped, and a new one made from the log
//! ```
//!
//! An id of `-` is empty. A producer is `ID/EPOCH`, or `@`: the last that the transactional id was told; `@-` is the one
//! before, `@+` the last with the next epoch. `client` is what the client knows: 2 where the cluster is there, else 0.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use coordinator::{CoordinatorRecord, Now, Shard, Step, Token, Written};
use protocol::records::transaction_log_key::TransactionLogKey;
use protocol::records::transaction_log_value::{PartitionsSchema, TransactionLogValue};
use protocol::{Reader, Writer};
use transaction_coordinator::{
    AbortTimedOut, AddPartitions, Decision, Due, DueMarkers, EndTransaction, IdPattern, InitProducerId,
    ListTransactions, MarkersWritten, Producer, StateFilter, TransactionDescription, TransactionError,
    TransactionReply, TransactionRequest, TransactionSettings, TransactionShard, TransactionState,
    VerifyPartitions,
};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicPartition, TransactionVersion};

/// Wall clock when a scenario begins.
const START_MS: i64 = 1_700_000_000_000;

/// What brokers are configured with by default.
pub const SETTINGS: TransactionSettings = TransactionSettings {
    timeout_ms_max: 900_000,
    expiration_ms: 604_800_000,
    abort_timed_out_interval_ms: 10_000,
    remove_expired_interval_ms: 3_600_000,
    has_two_phase_commit: false,
};

/// The time `uptime_ms` after the start.
pub fn at(uptime_ms: i64) -> Now {
    Now { clock_ms: START_MS + uptime_ms, uptime_ms }
}

/// A scenario that is being played.
pub struct Play {
    settings: TransactionSettings,
    version: TransactionVersion,
    shard: Option<TransactionShard>,
    now_ms: i64,
    log: Vec<CoordinatorRecord>,
    tokens: u64,
    next_producer_id: i64,
    /// What each transactional id was told.
    told: BTreeMap<String, Vec<Producer>>,
    /// The driver's request, which waits.
    waiting: Option<Token>,
    pending: Vec<DueMarkers>,
    records: Vec<String>,
    due: BTreeSet<String>,
    answers: Vec<String>,
}

impl Default for Play {
    fn default() -> Self {
        Self {
            settings: SETTINGS,
            version: TransactionVersion::V2,
            shard: None,
            now_ms: 0,
            log: Vec::new(),
            tokens: 0,
            next_producer_id: 1_000,
            told: BTreeMap::new(),
            waiting: None,
            pending: Vec::new(),
            records: Vec::new(),
            due: BTreeSet::new(),
            answers: Vec::new(),
        }
    }
}

/// The words of a command: names, and options.
struct Words<'a> {
    names: Vec<&'a str>,
    options: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    fn of(words: impl Iterator<Item = &'a str>) -> Self {
        let (mut names, mut options) = (Vec::new(), BTreeMap::new());
        for word in words {
            match word.split_once('=') {
                Some((key, value)) => _ = options.insert(key, value),
                None => names.push(word),
            }
        }
        Self { names, options }
    }

    fn id(&self) -> String {
        self.names.first().map_or(String::new(), |id| if *id == "-" { "" } else { id }.to_owned())
    }

    fn number(&self, key: &str, default: i64) -> i64 {
        self.options.get(key).map_or(default, |value| value.parse().expect("a number"))
    }

    fn list(&self, key: &str) -> Vec<&'a str> {
        self.options.get(key).map_or(Vec::new(), |value| value.split(',').collect())
    }
}

fn version(level: i64) -> TransactionVersion {
    i16::try_from(level).ok().and_then(TransactionVersion::from_level).expect("a version")
}

fn producer(word: &str) -> Producer {
    let (id, epoch) = word.split_once('/').expect("ID/EPOCH");
    let epoch = ProducerEpoch(epoch.parse().expect("an epoch"));
    Producer { id: ProducerId(id.parse().expect("an id")), epoch }
}

fn partition(word: &str) -> TopicPartition {
    let (topic, index) = word.rsplit_once('-').expect("TOPIC-INDEX");
    TopicPartition::new(topic, index.parse::<i32>().expect("an index"))
}

fn text<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> String {
    let all: BTreeSet<String> = partitions.into_iter().map(|it| format!(" {it}")).collect();
    all.into_iter().collect()
}

fn time(ms: i64) -> String {
    if ms == -1 { "never".to_owned() } else { format!("+{}", ms - START_MS) }
}

fn told(producer: Producer) -> String {
    format!("{}/{}", producer.id, producer.epoch)
}

fn error_name(error: TransactionError) -> &'static str {
    match error {
        TransactionError::NeedsProducerId => "an id was given",
        TransactionError::EmptyTransactionalId => "INVALID_REQUEST",
        TransactionError::TwoPhaseCommitDisabled => "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
        TransactionError::UnsupportedVersion => "UNSUPPORTED_VERSION",
        TransactionError::InvalidTransactionTimeout => "INVALID_TRANSACTION_TIMEOUT",
        TransactionError::ConcurrentTransactions => "CONCURRENT_TRANSACTIONS",
        TransactionError::ProducerFenced => "PRODUCER_FENCED",
        TransactionError::InvalidProducerIdMapping => "INVALID_PRODUCER_ID_MAPPING",
        TransactionError::InvalidTransactionState => "INVALID_TXN_STATE",
        TransactionError::TransactionalIdNotFound => "TRANSACTIONAL_ID_NOT_FOUND",
        TransactionError::TooLarge => "UNKNOWN_SERVER_ERROR",
    }
}

impl Play {
    /// The scenario with what came of it.
    pub fn play(&mut self, text: &str) -> String {
        let mut out = String::new();
        for line in text.lines().filter(|line| !line.starts_with("  ")) {
            out += &format!("{line}\n");
            if !line.trim().is_empty() && !line.starts_with('#') {
                self.command(line);
                let (records, due) = (std::mem::take(&mut self.records), std::mem::take(&mut self.due));
                for result in records.into_iter().chain(due).chain(std::mem::take(&mut self.answers)) {
                    out += &format!("  {result}\n");
                }
            }
        }
        out
    }

    fn command(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let name = words.next().expect("a command");
        let words = Words::of(words);
        match name {
            "settings" => {
                self.settings.has_two_phase_commit = words.options.get("2pc") == Some(&"true");
                self.settings.expiration_ms = words.number("expiration", self.settings.expiration_ms);
                let max = words.number("max-timeout", i64::from(self.settings.timeout_ms_max));
                self.settings.timeout_ms_max = i32::try_from(max).expect("a timeout");
                return;
            }
            "version" => {
                self.version = version(words.names[0].parse().expect("a number"));
                return;
            }
            _ if self.shard.is_none() || name == "load" => self.load(),
            _ => {}
        }
        match name {
            "load" => {}
            "assume" => self.assume(&words),
            "init" => self.init(&words),
            "add" => self.add(&words),
            "verify" => self.verify(&words),
            "end" => self.end(&words),
            "describe" => self.describe(&words),
            "list" => self.list(&words),
            "markers" => self.markers(),
            "wait" => self.wait(words.names[0].parse().expect("milliseconds")),
            _ => panic!("{line}"),
        }
    }

    fn producer(&self, id: &str, word: &str) -> Producer {
        if !word.starts_with('@') {
            return producer(word);
        }
        let mut all = self.told.get(id).map_or(&[][..], Vec::as_slice).iter().rev();
        let found = if word == "@-" { all.nth(1) } else { all.next() };
        let found = *found.unwrap_or(&Producer { id: ProducerId(7), epoch: ProducerEpoch(0) });
        if word == "@+" { Producer { epoch: ProducerEpoch(found.epoch.0 + 1), ..found } } else { found }
    }

    fn client(&self, words: &Words<'_>) -> TransactionVersion {
        version(words.number("client", if self.version.bumps_epochs() { 2 } else { 0 }))
    }

    fn fresh(&mut self) -> ProducerId {
        self.next_producer_id += 1;
        ProducerId(self.next_producer_id - 1)
    }

    /// What a client is told of its producer.
    fn tell(&mut self, id: String, result: Result<Producer, TransactionError>) {
        self.answers.push(result.map_or_else(|error| error_name(error).to_owned(), told));
        let all = self.told.entry(id).or_default();
        all.extend(result.ok().filter(|it| *it != Producer::NONE && all.last() != Some(it)));
    }

    fn load(&mut self) {
        let mut shard = TransactionShard::new(self.settings);
        for (offset, record) in (0..).zip(&self.log) {
            let written = Written { offset: Offset(offset), transaction: None };
            shard.replay(written, record).expect("a record");
        }
        let step = shard.loaded(LeaderEpoch(0), at(self.now_ms));
        assert!(step.records.is_empty());
        self.shard = Some(shard);
        self.pending.clear();
        self.await_due(true);
    }

    fn await_due(&mut self, is_anew: bool) {
        let (token, replies) = self.send(TransactionRequest::AwaitDue { is_anew });
        self.waiting = Some(token);
        self.take_due(replies);
    }

    fn send(&mut self, request: TransactionRequest) -> (Token, Vec<(Token, TransactionReply)>) {
        self.tokens += 1;
        let token = Token(self.tokens);
        let shard = self.shard.as_mut().expect("loaded");
        let step = shard.handle(token, request, at(self.now_ms));
        (token, self.take(step))
    }

    fn take(&mut self, step: Step<TransactionReply>) -> Vec<(Token, TransactionReply)> {
        for record in step.records {
            self.records.push(record_text(&record));
            self.log.push(record);
        }
        step.replies
    }

    /// The driver takes what it is told, and waits for more.
    fn take_due(&mut self, replies: Vec<(Token, TransactionReply)>) {
        let waiting = self.waiting;
        for (_, reply) in replies.into_iter().filter(|(token, _)| Some(*token) == waiting) {
            let TransactionReply::AwaitDue(Due { markers, timed_out, .. }) = reply else {
                panic!("{reply:?}")
            };
            for it in &markers {
                let decision = if it.decision == Decision::Commit { "commit" } else { "abort" };
                let (id, producer, version) = (&it.transactional_id, told(it.producer), it.version.level());
                if !it.partitions.is_empty() {
                    let partitions = text(&it.partitions);
                    self.due.insert(format!("due: {id} {producer} {decision} version {version}{partitions}"));
                }
            }
            let (empty, pending): (Vec<_>, Vec<_>) =
                markers.into_iter().partition(|it| it.partitions.is_empty());
            self.pending.extend(pending);
            self.await_due(false);
            empty.iter().for_each(|it| self.written(it));
            for it in timed_out {
                self.abort(it.transactional_id, it.producer);
            }
        }
    }

    fn abort(&mut self, transactional_id: String, producer: Producer) {
        let mut request = AbortTimedOut {
            transactional_id,
            producer,
            fresh_producer_id: None,
            server_version: self.version,
        };
        let mut reply = self.ask(TransactionRequest::AbortTimedOut(request.clone()));
        if reply == TransactionReply::AbortTimedOut(Err(TransactionError::NeedsProducerId)) {
            request.fresh_producer_id = Some(self.fresh());
            reply = self.ask(TransactionRequest::AbortTimedOut(request));
        }
        assert_eq!(reply, TransactionReply::AbortTimedOut(Ok(())));
    }

    fn ask(&mut self, request: TransactionRequest) -> TransactionReply {
        let (token, mut replies) = self.send(request);
        let at = replies.iter().position(|(it, _)| *it == token).expect("a reply at once");
        let (_, reply) = replies.remove(at);
        self.take_due(replies);
        reply
    }

    fn written(&mut self, markers: &DueMarkers) {
        let request = MarkersWritten {
            transactional_id: markers.transactional_id.clone(),
            handed_out: markers.handed_out,
            partitions: markers.partitions.clone(),
            server_version: self.version,
        };
        let reply = self.ask(TransactionRequest::MarkersWritten(request));
        assert_eq!(reply, TransactionReply::MarkersWritten(Ok(true)));
    }

    fn markers(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.sort_by(|one, other| one.transactional_id.cmp(&other.transactional_id));
        pending.iter().for_each(|it| self.written(it));
    }

    fn init(&mut self, words: &Words<'_>) {
        let id = words.id();
        let mut request = InitProducerId {
            timeout_ms: i32::try_from(words.number("timeout", 60_000)).expect("a timeout"),
            is_two_phase_commit: words.names.contains(&"2pc"),
            keeps_prepared: words.names.contains(&"keep"),
            expected: words.options.get("as").map(|word| self.producer(&id, word)),
            fresh_producer_id: None,
            server_version: self.version,
            transactional_id: id.clone(),
        };
        let mut reply = self.ask(TransactionRequest::InitProducerId(request.clone()));
        if reply == TransactionReply::InitProducerId(Err(TransactionError::NeedsProducerId)) {
            request.fresh_producer_id = Some(self.fresh());
            reply = self.ask(TransactionRequest::InitProducerId(request));
        }
        let TransactionReply::InitProducerId(result) = reply else { panic!("{reply:?}") };
        self.tell(id, result);
    }

    fn add(&mut self, words: &Words<'_>) {
        let id = words.id();
        let reply = self.ask(TransactionRequest::AddPartitions(AddPartitions {
            producer: self.producer(&id, words.names[1]),
            partitions: words.names[2..].iter().map(|word| partition(word)).collect(),
            client_version: self.client(words),
            server_version: self.version,
            transactional_id: id,
        }));
        let TransactionReply::AddPartitions(result) = reply else { panic!("{reply:?}") };
        self.answers.push(result.map_or_else(error_name, |()| "ok").to_owned());
    }

    fn verify(&mut self, words: &Words<'_>) {
        let id = words.id();
        let mut partitions: Vec<_> = words.names[2..].iter().map(|word| partition(word)).collect();
        partitions.sort();
        let reply = self.ask(TransactionRequest::VerifyPartitions(VerifyPartitions {
            producer: self.producer(&id, words.names[1]),
            partitions: partitions.clone(),
            transactional_id: id,
        }));
        let TransactionReply::VerifyPartitions(result) = reply else { panic!("{reply:?}") };
        let verdicts = partitions.iter().enumerate().map(|(at, partition)| match &result {
            Ok(are_in) if are_in[at] => format!("{partition} NONE"),
            Ok(_) => format!("{partition} TRANSACTION_ABORTABLE"),
            Err(error) => format!("{partition} {}", error_name(*error)),
        });
        self.answers.push(verdicts.collect::<Vec<_>>().join(", "));
    }

    fn end(&mut self, words: &Words<'_>) {
        let id = words.id();
        let mut request = EndTransaction {
            producer: self.producer(&id, words.names[1]),
            decision: if words.names[2] == "commit" { Decision::Commit } else { Decision::Abort },
            client_version: self.client(words),
            fresh_producer_id: None,
            server_version: self.version,
            transactional_id: id.clone(),
        };
        let mut reply = self.ask(TransactionRequest::End(request.clone()));
        if reply == TransactionReply::End(Err(TransactionError::NeedsProducerId)) {
            request.fresh_producer_id = Some(self.fresh());
            reply = self.ask(TransactionRequest::End(request));
        }
        let TransactionReply::End(result) = reply else { panic!("{reply:?}") };
        self.tell(id, result);
    }

    fn describe(&mut self, words: &Words<'_>) {
        let reply = self.ask(TransactionRequest::Describe { transactional_id: words.id() });
        let TransactionReply::Describe(result) = reply else { panic!("{reply:?}") };
        self.answers.push(match result {
            Err(error) => error_name(error).to_owned(),
            Ok(TransactionDescription { state, producer, timeout_ms, started_at_ms, partitions }) => {
                let (state, producer, began) = (state.name(), told(producer), time(started_at_ms));
                format!("{state} {producer} timeout {timeout_ms} began {began}{}", text(&partitions))
            }
        });
    }

    fn list(&mut self, words: &Words<'_>) {
        let id_pattern =
            match words.options.get("pattern").map(|pattern| IdPattern::compile(pattern)).transpose() {
                Ok(pattern) => pattern,
                Err(_) => return self.answers.push("INVALID_REGULAR_EXPRESSION".to_owned()),
            };
        let states = StateFilter::of(words.list("states").into_iter().map(str::to_owned));
        let reply = self.ask(TransactionRequest::List(ListTransactions {
            states: states.clone(),
            producer_ids: (words.list("producers").iter())
                .map(|id| ProducerId(id.parse().expect("an id")))
                .collect(),
            longer_than_ms: words.number("longer", -1),
        }));
        let TransactionReply::List(listed) = reply else { panic!("{reply:?}") };
        let listed_text: Vec<_> = (listed.iter())
            .filter(|it| {
                id_pattern.as_ref().is_none_or(|pattern: &IdPattern| pattern.matches(&it.transactional_id))
            })
            .map(|it| format!("{} {} {}", it.transactional_id, it.producer_id, it.state.name()))
            .collect();
        let unknown: String = states.into_unknown().iter().map(|name| format!("; unknown {name}")).collect();
        self.answers.push(format!("[{}]{unknown}", listed_text.join(", ")));
    }

    fn wait(&mut self, ms: i64) {
        let end_ms = self.now_ms + ms;
        loop {
            let shard = self.shard.as_mut().expect("loaded");
            let Some(due_ms) = shard.next_deadline_ms().filter(|due_ms| *due_ms <= end_ms) else { break };
            self.now_ms = due_ms.max(self.now_ms);
            let step = shard.handle_timeout(at(self.now_ms));
            let replies = self.take(step);
            self.take_due(replies);
        }
        self.now_ms = end_ms;
        // Transactional ids come in any order, what is written of one in its own.
        self.records.sort_by(|one, other| one.split(' ').nth(1).cmp(&other.split(' ').nth(1)));
    }

    /// A record that nobody asked for; it counts after the next `load`.
    fn assume(&mut self, words: &Words<'_>) {
        let mut topics = BTreeMap::<String, Vec<i32>>::new();
        for word in &words.names[3..] {
            let TopicPartition { topic, partition } = partition(word);
            topics.entry(topic.to_string()).or_default().push(partition.0);
        }
        let topics = topics.into_iter().map(|(topic, partition_ids)| PartitionsSchema {
            topic,
            partition_ids,
            ..PartitionsSchema::default()
        });
        let state = TransactionState::from_name(words.names[1]).expect("a state");
        let Producer { id, epoch } = producer(words.names[2]);
        let value = TransactionLogValue {
            producer_id: id.0,
            previous_producer_id: words.number("previous", -1),
            next_producer_id: words.number("next", -1),
            producer_epoch: epoch.0,
            transaction_timeout_ms: i32::try_from(words.number("timeout", 60_000)).expect("a timeout"),
            transaction_status: state.id(),
            transaction_partitions: (state != TransactionState::Empty).then(|| topics.collect()),
            transaction_last_update_timestamp_ms: START_MS + words.number("updated", 0),
            transaction_start_timestamp_ms: words
                .options
                .get("began")
                .map_or(-1, |_| START_MS + words.number("began", 0)),
            client_transaction_version: i16::try_from(words.number("client", 0)).expect("a version"),
            ..TransactionLogValue::default()
        };
        let record = log_record(&words.id(), &value, self.version);
        self.records.push(record_text(&record));
        self.log.push(record);
    }
}

/// A record of a transactional id, as a coordinator writes it under `version`.
pub fn log_record(id: &str, value: &TransactionLogValue, version: TransactionVersion) -> CoordinatorRecord {
    let mut key = Writer::new();
    key.i16(TransactionLogKey::API_KEY);
    TransactionLogKey { transactional_id: id.to_owned() }.encode(&mut key, 0).expect("a key");
    let mut writer = Writer::new();
    let value_version = version.level().min(1);
    writer.i16(value_version);
    value.encode(&mut writer, value_version).expect("a value");
    CoordinatorRecord { key: key.into_bytes(), value: Some(writer.into_bytes()) }
}

fn record_text(record: &CoordinatorRecord) -> String {
    fn versioned(bytes: &Bytes) -> (i16, Reader) {
        let mut reader = Reader::new(bytes.clone());
        (reader.i16().expect("a version"), reader)
    }
    let (_, mut reader) = versioned(&record.key);
    let id = TransactionLogKey::decode(&mut reader, 0).expect("a key").transactional_id;
    let Some(value) = &record.value else { return format!("record: {id} is gone") };
    let (version, mut reader) = versioned(value);
    let value = TransactionLogValue::decode(&mut reader, version).expect("a value");
    let state = TransactionState::from_id(value.transaction_status).expect("a state");
    let partitions: Vec<_> = (value.transaction_partitions.iter().flatten())
        .flat_map(|topic| topic.partition_ids.iter().map(|index| TopicPartition::new(&*topic.topic, *index)))
        .collect();
    // When a transaction is complete, Kafka has decided before its markers are written.
    let updated = match state {
        TransactionState::CompleteCommit | TransactionState::CompleteAbort => String::new(),
        _ => format!(" updated {}", time(value.transaction_last_update_timestamp_ms)),
    };
    format!(
        "record: {id} {} {}/{} previous {} next {} timeout {} began {}{updated} client {} v{version}{}",
        state.name(),
        value.producer_id,
        value.producer_epoch,
        value.previous_producer_id,
        value.next_producer_id,
        value.transaction_timeout_ms,
        time(value.transaction_start_timestamp_ms),
        value.client_transaction_version,
        text(&partitions),
    )
}
