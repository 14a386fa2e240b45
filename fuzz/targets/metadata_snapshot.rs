//! Reads the metadata log's snapshots and `bootstrap.checkpoint`, and replays what they hold. The first byte says whether
//! the checksums of the batches are put right before. What replays has a snapshot of its own, which replays to the same.
#![no_main]

use std::io::IoSlice;
use std::path::Path;

use controller_node::{Snapshot, bootstrap_file};
use io::Disk;
use io::disk::{OpenMode, SimulatedDisk};
use libfuzzer_sys::fuzz_target;
use metadata::{ImageLoader, MetadataImage, Provenance, decode_record, encode_record};
use raft::OffsetAndEpoch;
use types::{LeaderEpoch, Offset};

const HOME: &str = "/data";

fn put(disk: &Disk, name: &str, content: &[u8]) {
    let path = Path::new(HOME).join(name);
    let file = disk.open(&path, OpenMode::ReadWriteOrCreate).expect("a simulated file opens");
    file.append(&mut [IoSlice::new(content)], 0).expect("a simulated file takes it");
}

fuzz_target!(|input: &[u8]| {
    let [choice, content @ ..] = input else { return };
    let content = if choice % 2 == 0 { fuzz::mended::batches(content) } else { content.to_vec() };
    let disk = Disk::Simulated(SimulatedDisk::default());
    disk.create_directory(Path::new(HOME)).expect("a simulated directory can be made");
    put(&disk, "00000000000000000007-0000000001.checkpoint", &content);
    put(&disk, "bootstrap.checkpoint", &content);
    let id = OffsetAndEpoch { offset: Offset(7), epoch: LeaderEpoch(1) };
    let _ = Snapshot::read_facts(&disk, Path::new(HOME), id);
    let bootstrap = bootstrap_file::read(&disk, Path::new(HOME));
    let snapshot = Snapshot::read(&disk, Path::new(HOME), id);
    assert_eq!(bootstrap.is_ok(), snapshot.is_ok(), "both are read the same way");
    let Ok(snapshot) = snapshot else { return };
    let mut loader = ImageLoader::new(MetadataImage::default());
    for (offset, value) in snapshot.values.into_iter().enumerate() {
        let Ok(record) = decode_record(value) else { return };
        // What contradicts the records before is refused, and changes nothing.
        let _ = loader.replay(&record, Offset(offset as i64));
    }
    let image = MetadataImage { provenance: Provenance::NONE, ..loader.latest().clone() };
    let version = image.metadata_version();
    let mut again = Vec::new();
    for record in image.snapshot_records() {
        let Ok(value) = encode_record(&record, version) else { return };
        again.push(decode_record(value).expect("what was written can be read"));
    }
    let again =
        ImageLoader::from_snapshot(again, Provenance::NONE).expect("an image does not contradict itself");
    assert_eq!(*again.latest(), image, "a snapshot says what the image says");
});
