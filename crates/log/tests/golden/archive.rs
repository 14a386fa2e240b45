//! Reading `golden_logs.gz`; `GoldenLogs.java` explains its lines.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use config::{CleanupPolicy, TopicConfig};
use flate2::read::GzDecoder;
use log::AppendOrigin;
use types::Offset;

const ARCHIVE: &[u8] = include_bytes!("../../testdata/golden_logs.gz");

/// When a directory was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// While the log was open.
    Killed,
    /// After it was closed.
    Closed,
    /// After Kafka had recovered the killed one and closed it.
    Recovered,
}

/// One log's life.
pub struct Scenario {
    pub name: String,
    pub config: TopicConfig,
    pub appends: Vec<Append>,
    files: BTreeMap<(State, String), Vec<u8>>,
    pub watermark: Offset,
    /// Start, last stable offset, end.
    pub ends: (Offset, Offset, Offset),
    pub epochs: Vec<(i32, i32, i64)>,
    pub times: Vec<(i64, (i64, i64, i32))>,
    pub reads: Vec<ReadAnswer>,
}

pub enum Append {
    Leader { epoch: i32, origin: AppendOrigin, batch: Bytes },
    Follower { epoch: i32, batches: Bytes },
    MoveStart { offset: Offset },
}

#[derive(Debug)]
pub struct ReadAnswer {
    pub from: Offset,
    pub bytes_max: usize,
    pub isolation: String,
    pub whole_first_batch: bool,
    /// Base offset of the segment and position in it.
    pub place: Option<(i64, u64)>,
    pub bytes: usize,
    pub aborted: Option<Vec<(i64, i64)>>,
}

impl Scenario {
    pub fn files(&self, state: State) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        self.files.iter().filter(move |((of, _), _)| *of == state).map(|((_, name), content)| (name, content))
    }
}

pub fn read() -> Vec<Scenario> {
    let mut text = String::new();
    GzDecoder::new(ARCHIVE).read_to_string(&mut text).expect("the archive is gzip");
    let mut scenarios = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        if fields[0] == "scenario" {
            scenarios.push(scenario(&fields));
        } else {
            let scenario = scenarios.last_mut().expect("the first line begins a scenario");
            take(scenario, &fields);
        }
    }
    assert!(scenarios.len() >= 6, "the archive is whole");
    scenarios
}

fn scenario(fields: &[&str]) -> Scenario {
    let mut config = TopicConfig { message_timestamp_after_max_ms: i64::MAX, ..TopicConfig::default() };
    for setting in &fields[2..] {
        let (key, value) = setting.split_once('=').expect("key=value");
        match key {
            "internal.segment.bytes" => config.segment_bytes = number(value),
            "index.interval.bytes" => config.index_interval_bytes = number(value),
            "segment.index.bytes" => config.segment_index_bytes = number(value),
            "segment.ms" => config.segment_ms = number(value),
            "cleanup.policy" => {
                config.cleanup_policy = CleanupPolicy { delete: false, compact: value == "compact" }
            }
            "message.timestamp.after.max.ms" => {}
            other => panic!("unknown setting {other}"),
        }
    }
    Scenario {
        name: fields[1].to_owned(),
        config,
        appends: Vec::new(),
        files: BTreeMap::new(),
        watermark: Offset(0),
        ends: (Offset(0), Offset(0), Offset(0)),
        epochs: Vec::new(),
        times: Vec::new(),
        reads: Vec::new(),
    }
}

fn take(scenario: &mut Scenario, fields: &[&str]) {
    match fields {
        ["leader", epoch, origin, batch] => {
            let origin = if *origin == "CLIENT" { AppendOrigin::Client } else { AppendOrigin::Coordinator };
            scenario.appends.push(Append::Leader { epoch: number(epoch), origin, batch: hex(batch).into() });
        }
        ["follower", epoch, batches] => {
            scenario.appends.push(Append::Follower { epoch: number(epoch), batches: hex(batches).into() });
        }
        ["start", offset] => scenario.appends.push(Append::MoveStart { offset: Offset(number(offset)) }),
        ["file", state, name, content] => {
            let state = match *state {
                "killed" => State::Killed,
                "closed" => State::Closed,
                _ => State::Recovered,
            };
            let (digits, zeros) = content.split_once('+').unwrap_or((content, "0"));
            let mut bytes = hex(digits);
            bytes.resize(bytes.len() + number::<usize>(zeros), 0);
            scenario.files.insert((state, (*name).to_owned()), bytes);
        }
        ["watermark", offset] => scenario.watermark = Offset(number(offset)),
        ["ends", start, stable, end] => {
            scenario.ends = (Offset(number(start)), Offset(number(stable)), Offset(number(end)));
        }
        ["epoch", epoch, found, end] => scenario.epochs.push((number(epoch), number(found), number(end))),
        ["time", timestamp, found, offset, epoch] => {
            scenario.times.push((number(timestamp), (number(found), number(offset), number(epoch))));
        }
        ["read", from, bytes_max, isolation, whole, segment, position, bytes, aborted] => {
            scenario.reads.push(ReadAnswer {
                from: Offset(number(from)),
                bytes_max: number(bytes_max),
                isolation: (*isolation).to_owned(),
                whole_first_batch: *whole == "true",
                place: (*segment != "-").then(|| (number(segment), number(position))),
                bytes: number(bytes),
                aborted: aborted_list(aborted),
            });
        }
        other => panic!("unknown line {other:?}"),
    }
}

fn aborted_list(text: &str) -> Option<Vec<(i64, i64)>> {
    let list = text.strip_prefix('[')?.strip_suffix(']')?;
    let pairs = list.split(',').filter(|pair| !pair.is_empty());
    Some(
        pairs
            .map(|pair| pair.split_once(':').expect("a pair"))
            .map(|(a, b)| (number(a), number(b)))
            .collect(),
    )
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

fn hex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).expect("a hexadecimal digit") as u8;
    digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
