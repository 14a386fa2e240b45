//! Takes over the metadata log that Apache Kafka 4.3.1 left: see `testdata/README.md`.

use std::io::IoSlice;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use io::disk::{OpenMode, SimulatedDisk};
use io::{Blocking, Clock, Disk, Entropy};
use metadata::{ImageLoader, MetadataImage, decode_record, encode_record};
use raft::{Endpoints, LocalVoter, ReplicaKey, VoterSet};
use types::{LeaderEpoch, NodeId, Offset};

use crate::metadata_batch::{BatchContent, MetadataBatch, control_batch, data_batch};
use crate::test_node::log_config;
use crate::{Loaded, QuorumError, QuorumOptions, RaftDriver};

macro_rules! golden {
    ($directory:literal, $($name:literal,)*) => {
        [$(($name, include_bytes!(concat!("../testdata/", $directory, "/", $name)).as_slice()),)*]
    };
    ($directory:literal) => {
        golden!(
            $directory,
            "00000000000000000000.log",
            "00000000000000000000-0000000000.checkpoint",
            "leader-epoch-checkpoint",
            "partition.metadata",
            "quorum-state",
        )
    };
}

type Files = [(&'static str, &'static [u8]); 5];

const KILLED: Files = golden!("oracle-killed");
const STOPPED: Files = golden!("oracle-stopped");
const DIRECTORY_ID: &str = "G2W84bYsTsiG5EyioIJJNQ";

/// A disk with the files; indexes as the oracle preallocates them, which only a clean stop cuts.
fn disk(files: Files, index_bytes: u64) -> Disk {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let directory = Path::new("/data/__cluster_metadata-0");
    disk.create_directory(directory).expect("made");
    let open = |name: &str| disk.open(&directory.join(name), OpenMode::CreateNew).expect("new");
    for (name, content) in files {
        open(name).append(&mut [IoSlice::new(content)], 0).expect("written");
    }
    for name in ["00000000000000000000.index", "00000000000000000000.timeindex"] {
        open(name).set_len(index_bytes).expect("written");
    }
    disk
}

/// What a start on the files finds: the driver, the image, and the batches.
fn start(disk: Disk) -> (RaftDriver, MetadataImage, Vec<MetadataBatch>) {
    let options = QuorumOptions {
        disk,
        log: log_config(),
        local: LocalVoter {
            key: ReplicaKey::new(NodeId(1), DIRECTORY_ID.parse().expect("an id")),
            endpoints: Endpoints::single("CONTROLLER", "127.0.0.1", 29393),
            election_timeout: Duration::from_millis(1000),
        },
        static_voters: VoterSet::default(),
        clock: Clock::simulated(1_795_253_600_000),
        entropy: Entropy::from_seed(1),
        blocking: Blocking::Inline,
    };
    let (mut loader, mut batches) = (ImageLoader::default(), Vec::new());
    let driver = RaftDriver::open(&options, Path::new("/data"), &mut |loaded| {
        if let Loaded::Batch(batch) = loaded {
            if let BatchContent::Data(values) = &batch.content {
                for (offset, value) in values {
                    let record = decode_record(value.clone()).expect("a metadata record");
                    loader.replay(&record, *offset).expect("it fits");
                }
            }
            batches.push(batch.clone());
        }
        Ok::<(), QuorumError>(())
    });
    (driver.expect("taken over"), loader.latest().clone(), batches)
}

fn topics(image: &MetadataImage) -> Vec<(String, usize)> {
    let mut topics: Vec<_> =
        image.topics.iter().map(|topic| (topic.name.to_string(), topic.partitions.len())).collect();
    topics.sort();
    topics
}

#[tokio::test]
async fn the_metadata_of_the_oracle_is_taken_over_after_a_clean_stop() {
    let (mut driver, image, _) = start(disk(STOPPED, 0));
    let expected = [("birds", 1), ("fish", 2), ("flights", 3)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(topics(&image), expected);
    assert_eq!(driver.epoch(), LeaderEpoch(3), "the oracle led the epochs 1 and 2");
    let end = driver.flush().await.expect("durable");
    assert_eq!(end, Some(Offset(85)), "the oracle wrote 84 records, our leader change is the next");
    assert_eq!(driver.info().voters.len(), 1);
}

#[tokio::test]
async fn the_metadata_of_the_oracle_is_taken_over_after_it_was_killed() {
    let (mut driver, image, _) = start(disk(KILLED, 10 * 1024 * 1024));
    assert_eq!(topics(&image), [("birds", 1), ("flights", 3)].map(|(name, count)| (name.to_owned(), count)));
    assert_eq!(driver.epoch(), LeaderEpoch(2));
    assert_eq!(driver.flush().await.expect("durable"), Some(Offset(35)));
}

#[test]
fn every_batch_of_the_oracle_is_written_back_byte_for_byte() {
    for (files, index_bytes) in [(STOPPED, 0), (KILLED, 10 * 1024 * 1024)] {
        let (_, image, batches) = start(disk(files, index_bytes));
        let written: Vec<Bytes> = batches.iter().map(|batch| encode(batch, &image)).collect();
        assert_eq!(written.concat(), files[0].1);
    }
}

fn encode(batch: &MetadataBatch, image: &MetadataImage) -> Bytes {
    let MetadataBatch { base_offset, epoch, append_timestamp_ms, .. } = *batch;
    let encoded = match &batch.content {
        BatchContent::Control(records) => {
            let records: Vec<_> = records.iter().map(|(_, record)| record.clone()).collect();
            control_batch(base_offset, epoch, append_timestamp_ms, &records)
        }
        BatchContent::Data(values) => {
            let values: Vec<_> = values
                .iter()
                .map(|(_, value)| {
                    let record = decode_record(value.clone()).expect("a metadata record");
                    encode_record(&record, image.metadata_version()).expect("it has a form")
                })
                .collect();
            data_batch(base_offset, epoch, append_timestamp_ms, &values)
        }
    };
    encoded.expect("small")
}
