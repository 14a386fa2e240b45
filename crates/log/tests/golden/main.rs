//! Our log held against Apache Kafka's own UnifiedLog: `conformance/golden-logs` writes what is read here.

mod archive;
mod mutations;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use archive::{Append, Scenario, State};
use config::TopicConfig;
use io::disk::{OpenMode, SimulatedDisk};
use io::{Disk, Entropy};
use log::{AppendContext, Log, OffsetQuery, OpenOptions, ReadRequest, ReadUpTo};
use types::{LeaderEpoch, Offset};

const NOW_MS: i64 = 1_700_000_000_000;
const DIRECTORY: &str = "/data/t-0";

struct Place {
    disk: Disk,
    config: Arc<TopicConfig>,
}

impl Place {
    fn with<'a>(scenario: &Scenario, files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) -> Self {
        let disk = Disk::Simulated(SimulatedDisk::default());
        disk.create_directory(Path::new(DIRECTORY)).expect("made");
        for (name, content) in files {
            let file = disk.open(&Path::new(DIRECTORY).join(name), OpenMode::CreateNew).expect("made");
            file.append(&mut [std::io::IoSlice::new(content)], 0).expect("written");
        }
        Self { disk, config: Arc::new(scenario.config.clone()) }
    }

    fn open(&self, had_clean_shutdown: bool, recovery_point: Offset) -> Log {
        let options = OpenOptions::new(self.config.clone(), Entropy::from_seed(1), NOW_MS);
        let options = OpenOptions { had_clean_shutdown, recovery_point, ..options };
        options.settings.transaction_verification.set(false);
        Log::open(self.disk.clone(), PathBuf::from(DIRECTORY), options, &mut |_| {}).expect("opens")
    }

    /// The files that `wanted` names, with their content.
    fn files(&self, wanted: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
        let entries = self.disk.read_directory(Path::new(DIRECTORY)).expect("listed");
        let names = entries.into_iter().map(|entry| entry.name).filter(|name| wanted(name));
        names
            .map(|name| {
                let content = self.disk.read(&Path::new(DIRECTORY).join(&name)).expect("read");
                (name, content)
            })
            .collect()
    }
}

fn is_index(name: &str) -> bool {
    ["index", ".snapshot", "leader-epoch-checkpoint"].iter().any(|suffix| name.ends_with(suffix))
}

fn is_data(name: &str) -> bool {
    name.ends_with(".log") || is_index(name)
}

#[track_caller]
fn assert_same(
    scenario: &Scenario,
    state: State,
    ours: Vec<(String, Vec<u8>)>,
    wanted: impl Fn(&str) -> bool,
) {
    let theirs = scenario.files(state).filter(|(name, _)| wanted(name)).map(|(n, c)| (n.clone(), c.clone()));
    let theirs: Vec<(String, Vec<u8>)> = theirs.collect();
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs), "{}: the files", scenario.name);
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        assert!(ours == theirs, "{}: {name} is\n{ours:02x?}\nand not\n{theirs:02x?}", scenario.name);
    }
}

#[track_caller]
fn assert_answers(scenario: &Scenario, log: &Log) {
    log.update_high_watermark(scenario.watermark);
    let offsets = log.offsets();
    let ends = (offsets.log_start, offsets.last_stable, offsets.log_end);
    assert_eq!(ends, scenario.ends, "{}: the log's ends", scenario.name);
    for (epoch, found, end) in &scenario.epochs {
        let ours =
            log.end_offset_for_epoch(LeaderEpoch(*epoch)).map_or((-1, -1), |e| (e.epoch.0, e.end_offset.0));
        assert_eq!(ours, (*found, *end), "{}: the end of epoch {epoch}", scenario.name);
    }
    for (timestamp, expected) in &scenario.times {
        let query = OffsetQuery::from_timestamp(*timestamp).expect("a query");
        let ours = log.find_offset(query).expect("answered").map_or((-9, -9, -9), |found| {
            (found.timestamp_ms, found.offset.0, found.leader_epoch.map_or(-1, |epoch| epoch.0))
        });
        assert_eq!(ours, *expected, "{}: the offset at {timestamp}", scenario.name);
    }
    for read in &scenario.reads {
        let up_to = match read.isolation.as_str() {
            "LOG_END" => ReadUpTo::LogEnd,
            "HIGH_WATERMARK" => ReadUpTo::HighWatermark,
            _ => ReadUpTo::LastStable,
        };
        let request = ReadRequest {
            from: read.from,
            bytes_max: read.bytes_max,
            up_to,
            whole_first_batch: read.whole_first_batch,
        };
        let ours = log.read(request).expect("in range");
        let place = ours.region.as_ref().map(|region| (ours.segment_base_offset.0, region.position));
        let aborted = ours.aborted_transactions.as_ref().map(|transactions| {
            transactions.iter().map(|t| (t.producer_id.0, t.first_offset.0)).collect::<Vec<_>>()
        });
        assert_eq!(
            (place, ours.bytes(), aborted),
            (read.place, read.bytes, read.aborted.clone()),
            "{read:?}"
        );
    }
}

#[test]
fn a_cleanly_closed_directory_answers_as_kafka_does() {
    for scenario in archive::read() {
        let place = Place::with(&scenario, scenario.files(State::Closed));
        let log = place.open(true, Offset(0));
        assert_answers(&scenario, &log);
        log.close().expect("closed");
        assert_same(&scenario, State::Closed, place.files(is_data), is_data);
    }
}

#[test]
fn a_killed_directory_is_recovered_to_the_bytes_that_kafka_recovers_it_to() {
    for scenario in archive::read() {
        let place = Place::with(&scenario, scenario.files(State::Killed));
        let log = place.open(false, Offset(0));
        assert_answers(&scenario, &log);
        log.close().expect("closed");
        // We keep the snapshot at the first segment, which Kafka removes where the log starts there.
        let first = format!("{:020}.snapshot", scenario.ends.0.0);
        let wanted = |name: &str| is_data(name) && name != first;
        assert_same(&scenario, State::Recovered, place.files(wanted), wanted);
        let deleted = place.files(|name| name.ends_with(".deleted"));
        assert!(deleted.is_empty(), "leftovers are gone: {deleted:?}");
    }
}

#[test]
fn indexes_and_snapshots_are_rebuilt_from_the_batches_alone() {
    // Transactions that began in deleted segments are only in the snapshot.
    for scenario in archive::read().into_iter().filter(|scenario| scenario.name != "log-start-moved") {
        let batches = scenario.files(State::Closed).filter(|(name, _)| name.ends_with(".log"));
        let place = Place::with(&scenario, batches);
        let log = place.open(false, Offset(0));
        log.close().expect("closed");
        assert_same(&scenario, State::Recovered, place.files(is_index), is_index);
        assert_answers(&scenario, &log);
    }
}

#[test]
fn any_recovery_point_leads_to_the_same_log() {
    for scenario in archive::read() {
        let (log_start, _, log_end) = scenario.ends;
        for recovery_point in (log_start.0..=log_end.0).step_by(37) {
            let place = Place::with(&scenario, scenario.files(State::Killed));
            let log = place.open(false, Offset(recovery_point));
            assert_eq!(log.recovery_point(), Offset(recovery_point));
            assert_answers(&scenario, &log);
        }
    }
}

#[test]
fn the_same_appends_write_the_same_bytes() {
    for scenario in archive::read() {
        let place = Place::with(&scenario, std::iter::empty());
        let log = place.open(true, Offset(0));
        for append in &scenario.appends {
            match append {
                Append::Leader { epoch, origin, batch } => {
                    let context = AppendContext::of(*origin, LeaderEpoch(*epoch), NOW_MS);
                    log.append_as_leader(batch.clone(), context).expect("appended");
                    log.maybe_increment_high_watermark(log.log_end_offset());
                }
                Append::Follower { epoch, batches } => {
                    log.append_as_follower(batches.clone(), LeaderEpoch(*epoch), NOW_MS).expect("appended");
                }
                Append::MoveStart { offset } => {
                    log.maybe_increment_high_watermark(log.log_end_offset());
                    log.maybe_increment_log_start(*offset).expect("in range");
                    log.delete_old_segments(NOW_MS).expect("deleted");
                }
            }
        }
        assert_answers(&scenario, &log);
        log.close().expect("closed");
        assert_same(&scenario, State::Closed, place.files(is_data), is_data);
    }
}
