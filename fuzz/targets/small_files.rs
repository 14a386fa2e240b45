//! Reads the small files around the logs, whatever they hold: the first byte picks the file, the rest is its content.
//! What can be read is written again, and reads the same.
#![no_main]

use std::io::IoSlice;
use std::path::Path;

use controller_node::{QuorumStateFile, VoterSet};
use io::Disk;
use io::disk::{OpenMode, SimulatedDisk};
use libfuzzer_sys::fuzz_target;
use log::checkpoint::{
    CleanShutdownFile, LeaderEpochCheckpoint, MetaProperties, OffsetCheckpoint, OffsetCheckpointKind,
    PartitionMetadataFile,
};
use raft::KRaftVersion;

const HOME: &str = "/data";

/// A disk with one file.
fn disk(name: &str, content: &[u8]) -> Disk {
    let disk = Disk::Simulated(SimulatedDisk::default());
    disk.create_directory(Path::new(HOME)).expect("a simulated directory can be made");
    let path = Path::new(HOME).join(name);
    let file = disk.open(&path, OpenMode::ReadWriteOrCreate).expect("a simulated file opens");
    file.append(&mut [IoSlice::new(content)], 0).expect("a simulated file takes it");
    disk
}

fuzz_target!(|input: &[u8]| {
    let [kind, content @ ..] = input else { return };
    let home = Path::new(HOME);
    match kind % 6 {
        0 => {
            let disk = disk("meta.properties", content);
            if let Ok(Some(read)) = MetaProperties::read(&disk, home) {
                read.write(&disk, home).expect("a simulated disk takes it");
                assert_eq!(MetaProperties::read(&disk, home).expect("written by us"), Some(read));
            }
        }
        1 => {
            let file = QuorumStateFile::new(disk("quorum-state", content), home);
            if let Ok(Some(read)) = file.read() {
                file.write(&read, &VoterSet::default(), KRaftVersion::Dynamic).expect("taken");
                assert_eq!(file.read().expect("written by us"), Some(read));
            }
        }
        2 => {
            let disk = disk("recovery-point-offset-checkpoint", content);
            let file = OffsetCheckpoint::new(disk, home, OffsetCheckpointKind::RecoveryPoint);
            if let Ok(read) = file.read() {
                file.write(&read).expect("a simulated disk takes it");
                assert_eq!(file.read().expect("written by us"), read);
            }
        }
        3 => {
            let file = LeaderEpochCheckpoint::new(disk("leader-epoch-checkpoint", content), home);
            if let Ok(read) = file.read() {
                file.write(&read).expect("a simulated disk takes it");
                assert_eq!(file.read().expect("written by us"), read);
            }
        }
        4 => {
            let file = PartitionMetadataFile::new(disk("partition.metadata", content), home);
            if let Ok(Some(read)) = file.read() {
                file.write(read).expect("a simulated disk takes it");
                assert_eq!(file.read().expect("written by us"), Some(read));
            }
        }
        _ => {
            let file = CleanShutdownFile::new(disk(".kafka_cleanshutdown", content), home);
            if let Some(read) = file.read() {
                file.write(read).expect("a simulated disk takes it");
                assert_eq!(file.read(), Some(read));
            }
        }
    }
});
