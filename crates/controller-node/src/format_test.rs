//! Compares with what `kafka-storage format` of Apache Kafka 4.3.1 left: see `testdata/README.md`.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use io::disk::{OpenMode, SimulatedDisk};
use io::{Disk, Entropy};
use log::checkpoint::MetaProperties;
use log::log_dirs::DataDirectory;
use raft::{ControlRecord, Endpoints, KRaftVersion, OffsetAndEpoch, VoterSet};
use record::Batches;
use types::{LeaderEpoch, NodeId};

use crate::format::{FormatError, FormatOptions, NewQuorum, format_fresh, format_if_fresh};
use crate::{MetadataBatch, Snapshot, SnapshotHead, SnapshotWriter, bootstrap_file};

const BOOTSTRAP: &[u8] = include_bytes!("../testdata/formatted/bootstrap.checkpoint");
const VOTERS: &[u8] = include_bytes!("../testdata/formatted/00000000000000000000-0000000000.checkpoint");
const META: &[u8] = include_bytes!("../testdata/formatted/meta.properties");

const VOTERS_NAME: &str = "00000000000000000000-0000000000.checkpoint";

/// The times at which the oracle wrote the batches of a file.
fn timestamps(content: &'static [u8]) -> Vec<i64> {
    let batches = Batches::new(Bytes::from_static(content));
    let batch = |batch| MetadataBatch::read(&batch).expect("a golden batch");
    batches.map(|next| batch(next.expect("a golden batch")).append_timestamp_ms).collect()
}

fn put(disk: &Disk, path: &Path, content: &[u8]) {
    disk.create_directory(path.parent().expect("a file's path")).expect("made");
    let file = disk.open(path, OpenMode::CreateNew).expect("new");
    file.append(&mut [std::io::IoSlice::new(content)], 0).expect("written");
}

fn snapshot(content: &[u8]) -> Snapshot {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let path = PathBuf::from("/golden/x.checkpoint");
    put(&disk, &path, content);
    Snapshot::read_at(&disk, path).expect("golden")
}

fn voters(snapshot: &Snapshot) -> VoterSet {
    let mut found = snapshot.control_records.iter().filter_map(|record| match record {
        ControlRecord::Voters(record) => Some(VoterSet::from_record(record)),
        _ => None,
    });
    found.next().expect("a voter set")
}

fn options() -> FormatOptions {
    FormatOptions {
        cluster_id: "MkU3OEVBNTcwNTJENDM2Qk".to_owned(),
        node_id: NodeId(1),
        quorum: NewQuorum::Standalone(Endpoints::single("CONTROLLER", "127.0.0.1", 19093)),
        bootstrap_records: controller::bootstrap::default_records(),
    }
}

fn lock(disk: &Disk, paths: &[&str]) -> Vec<DataDirectory> {
    paths.iter().map(|path| DataDirectory::lock(disk.clone(), Path::new(path)).expect("free")).collect()
}

fn format(disk: &Disk, paths: &[&str], options: &FormatOptions) -> Result<bool, FormatError> {
    format_if_fresh(disk, &mut lock(disk, paths), options, &Entropy::from_seed(1), 1_795_253_500_000)
}

#[test]
fn snapshots_are_written_byte_for_byte_as_the_oracle_writes_them() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let directory = Path::new("/d");
    disk.create_directory(directory).expect("made");
    let golden = snapshot(VOTERS);
    let times = timestamps(VOTERS);
    let head = SnapshotHead {
        last_contained_log_timestamp_ms: golden.last_contained_log_timestamp_ms,
        kraft_version: KRaftVersion::Dynamic,
        voters: Some(voters(&golden)),
    };
    let id = OffsetAndEpoch::default();
    let writer = SnapshotWriter::create(&disk, directory, id, &head, times[0]).expect("begun");
    let size = writer.freeze(times[1]).expect("written");
    let written = disk.read(&directory.join(VOTERS_NAME)).expect("there");
    assert_eq!((written.as_slice(), size), (VOTERS, VOTERS.len() as u64));
}

#[test]
fn bootstrap_files_are_written_byte_for_byte_as_the_oracle_writes_them() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    disk.create_directory(Path::new("/d")).expect("made");
    let times = timestamps(BOOTSTRAP);
    let path = |name: &str| Path::new("/d").join(name);
    let (partial, complete) = (path("x.tmp"), path("x"));
    let mut writer = SnapshotWriter::create_at(
        &disk,
        partial,
        complete.clone(),
        LeaderEpoch(0),
        &SnapshotHead::default(),
        times[0],
    )
    .expect("begun");
    writer.append(&snapshot(BOOTSTRAP).values, times[1]).expect("written");
    writer.freeze(times[2]).expect("written");
    assert_eq!(disk.read(&complete).expect("there"), BOOTSTRAP);
}

#[test]
fn a_formatted_directory_holds_what_the_oracle_leaves() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    assert!(format(&disk, &["/a", "/b"], &options()).expect("formatted"));

    let names = |path: &str| -> Vec<String> {
        let entries = disk.read_directory(Path::new(path)).expect("there");
        entries.into_iter().map(|entry| entry.name).filter(|name| name != ".lock").collect()
    };
    assert_eq!(names("/a"), ["__cluster_metadata-0", "bootstrap.checkpoint", "meta.properties"]);
    assert_eq!(names("/a/__cluster_metadata-0"), [VOTERS_NAME]);
    assert_eq!(names("/b"), ["bootstrap.checkpoint", "meta.properties"]);

    let read = |path: &str| snapshot(&disk.read(Path::new(path)).expect("there"));
    for directory in ["/a", "/b"] {
        let bootstrap = bootstrap_file::read(&disk, Path::new(directory)).expect("readable");
        assert_eq!(bootstrap, Some(snapshot(BOOTSTRAP).values));
    }

    // But for the directory ids, which are random.
    put(&disk, Path::new("/golden/meta.properties"), META);
    let meta = |path: &str| MetaProperties::read(&disk, Path::new(path)).expect("readable").expect("there");
    let (golden, a, b) = (meta("/golden"), meta("/a"), meta("/b"));
    assert_eq!(MetaProperties { directory_id: golden.directory_id, ..a.clone() }, golden);
    assert_eq!(MetaProperties { directory_id: golden.directory_id, ..b.clone() }, golden);
    assert_ne!(a.directory_id, b.directory_id);

    let (golden, ours) =
        (snapshot(VOTERS), read("/a/__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"));
    assert_eq!(golden.control_records[0], ours.control_records[0], "kraft.version");
    let only = |snapshot: &Snapshot| voters(snapshot).iter().next().expect("one voter").clone();
    let (mut golden, ours) = (only(&golden), only(&ours));
    golden.key.directory_id = a.directory_id;
    assert_eq!(ours, golden);
}

#[test]
fn a_static_quorum_leaves_no_voters() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let options = FormatOptions { quorum: NewQuorum::Static, ..options() };
    assert!(format(&disk, &["/a"], &options).expect("formatted"));
    assert!(!disk.exists(Path::new("/a/__cluster_metadata-0")));
}

#[test]
fn formatted_directories_are_left_alone_and_mixtures_refused() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    assert!(format(&disk, &["/a"], &options()).expect("formatted"));
    let before = disk.read(Path::new("/a/meta.properties")).expect("there");
    // Locks of a simulated disk last for ever; a copy of the directory stands for the next start.
    put(&disk, Path::new("/c/meta.properties"), &before);
    assert!(!format(&disk, &["/c"], &options()).expect("nothing to do"));
    assert_eq!(disk.read(Path::new("/c/meta.properties")).expect("there"), before);

    put(&disk, Path::new("/e/meta.properties"), &before);
    let mixture = format(&disk, &["/d", "/e"], &options());
    assert!(matches!(mixture, Err(FormatError::PartlyFormatted { .. })), "{mixture:?}");
    assert!(!disk.exists(Path::new("/d/bootstrap.checkpoint")));
    disk_with_one_more(&disk, &before);
}

/// Who asks for it has the fresh ones formatted and the others left alone.
fn disk_with_one_more(disk: &Disk, meta: &[u8]) {
    put(disk, Path::new("/f/meta.properties"), meta);
    let mut directories = lock(disk, &["/f", "/g"]);
    let entropy = Entropy::from_seed(2);
    format_fresh(disk, &mut directories, &options(), &entropy, 1_795_253_500_000).expect("formatted");
    assert_eq!(disk.read(Path::new("/f/meta.properties")).expect("there"), meta);
    assert!(directories[1].meta().is_some_and(|meta| meta.node_id == NodeId(1)));
    assert!(!disk.exists(Path::new("/g/__cluster_metadata-0")), "the metadata log is in the first");
}

#[test]
fn damaged_and_unfinished_snapshots_are_refused() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let read = |name: &str, content: &[u8]| {
        let path = Path::new("/d").join(name);
        put(&disk, &path, content);
        Snapshot::read_at(&disk, path)
    };
    let footer_at = VOTERS.len() - 75;
    assert!(read("whole", VOTERS).is_ok());
    assert!(read("empty", &[]).is_err());
    assert!(read("without footer", &VOTERS[..footer_at]).is_err());
    assert!(read("without header", &VOTERS[footer_at..]).is_err());
    assert!(read("followed", &[VOTERS, VOTERS].concat()).is_err());
    for cut in 0..VOTERS.len() {
        assert!(read(&format!("cut {cut}"), &VOTERS[..cut]).is_err(), "cut at {cut}");
    }
    // Base offset and epoch of a batch stand before its checksum.
    let is_covered = |at: &usize| {
        [0, footer_at].iter().all(|batch| !(*batch..batch + 8).contains(at))
            && [12, footer_at + 12].iter().all(|epoch| !(*epoch..epoch + 4).contains(at))
    };
    for at in (0..VOTERS.len()).filter(is_covered) {
        let mut damaged = VOTERS.to_vec();
        damaged[at] ^= 0x10;
        assert!(read(&format!("damaged {at}"), &damaged).is_err(), "bit flipped in byte {at}");
    }
}
