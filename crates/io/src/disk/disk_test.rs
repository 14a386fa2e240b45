//! The real and the simulated disk behave alike; the simulated one forgets what was not synced.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use super::*;
use crate::Entropy;

fn on_both(check: impl Fn(&Disk, &Path)) {
    let real = tempfile::tempdir().expect("a temporary directory can be made");
    check(&Disk::Real, real.path());
    let simulated = Disk::Simulated(SimulatedDisk::default());
    simulated.create_directory(Path::new("/disk")).expect("a simulated directory can be made");
    check(&simulated, Path::new("/disk"));
}

#[test]
fn bytes_are_read_back_where_they_were_written() {
    on_both(|disk, root| {
        let file = disk.open(&root.join("a"), OpenMode::CreateNew).expect("a new file opens");
        file.append(&mut [IoSlice::new(b"hello "), IoSlice::new(b"world")], 0).expect("written");
        let mut buffer = [0; 16];
        assert_eq!(file.read_at(&mut buffer, 6).expect("read"), 5);
        assert_eq!(&buffer[..5], b"world");
        let again = disk.open(&root.join("a"), OpenMode::CreateNew).map(drop).map_err(|error| error.kind());
        assert_eq!(again, Err(io::ErrorKind::AlreadyExists));
    });
}

#[test]
fn atomic_replacement_leaves_one_name() {
    on_both(|disk, root| {
        disk.write_atomically(&root.join("c"), b"one").expect("written");
        disk.write_atomically(&root.join("c"), b"2").expect("replaced");
        assert_eq!(disk.read(&root.join("c")).expect("read"), b"2");
        let names: Vec<String> =
            disk.read_directory(root).expect("listed").into_iter().map(|e| e.name).collect();
        assert_eq!(names, ["c"]);
    });
}

#[test]
fn a_volume_has_room_and_a_missing_name_has_none() {
    on_both(|disk, root| {
        let space = disk.space(root).expect("it exists");
        assert!(0 < space.usable && space.usable <= space.total, "{space:?}");
        let missing = disk.space(&root.join("nothing")).map_err(|error| error.kind());
        assert_eq!(missing, Err(io::ErrorKind::NotFound));
    });
}

#[test]
fn an_open_file_outlives_its_name() {
    on_both(|disk, root| {
        let path = root.join("d/e");
        disk.create_directory(&root.join("d")).expect("made");
        let file = disk.open(&path, OpenMode::CreateNew).expect("opens");
        file.append(&mut [IoSlice::new(b"x")], 0).expect("written");
        disk.rename(&root.join("d"), &root.join("f")).expect("renamed");
        assert!(disk.exists(&root.join("f/e")) && !disk.exists(&path));
        disk.remove_directory(&root.join("f")).expect("removed");
        assert_eq!(file.len().expect("still open"), 1);
    });
}

#[test]
fn a_crash_forgets_what_was_not_synced() {
    let simulated = SimulatedDisk::default();
    let disk = Disk::Simulated(simulated.clone());
    let root = PathBuf::from("/r");
    disk.create_directory(&root).expect("made");
    disk.sync_directory(Path::new("/")).expect("synced");
    let kept = disk.open(&root.join("kept"), OpenMode::CreateNew).expect("opens");
    kept.append(&mut [IoSlice::new(b"durable")], 0).expect("written");
    kept.sync().expect("synced");
    disk.sync_directory(&root).expect("synced");
    let lost = disk.open(&root.join("lost"), OpenMode::CreateNew).expect("opens");
    lost.sync().expect("synced, but its name is not");
    simulated.crash(&Entropy::from_seed(1));
    assert_eq!(disk.read(&root.join("kept")).expect("its name was synced"), b"durable");
    assert!(!disk.exists(&root.join("lost")));
}

#[test]
fn a_full_disk_says_so() {
    let simulated = SimulatedDisk::default();
    let disk = Disk::Simulated(simulated.clone());
    let file = disk.open(Path::new("f"), OpenMode::CreateNew).expect("opens");
    simulated.set_bytes_left(Some(3));
    let result = file.append(&mut [IoSlice::new(b"12345")], 0).map_err(|error| error.kind());
    assert_eq!(result, Err(io::ErrorKind::StorageFull));
    simulated.set_syncs_left(Some(0));
    assert!(file.sync().is_err());
}
