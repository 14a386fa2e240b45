//! Reads that do not wait for the disk.

use ::io::Disk;
use ::io::disk::SimulatedDisk;
use types::Offset;

use super::fixture::*;
use crate::{Log, LogError, Patience, ReadError, ReadRequest, ReadSlice, ReadUpTo};

fn read(log: &Log, from: i64, patience: Patience) -> Result<ReadSlice, ReadError> {
    let up_to = ReadUpTo::LogEnd;
    let request = ReadRequest { from: Offset(from), bytes_max: 100, up_to, whole_first_batch: true };
    log.read_with(request, patience)
}

/// Where the records lie; `None`: a disk would have to be waited for.
fn found(log: &Log, from: i64) -> Option<(u64, usize)> {
    match read(log, from, Patience::Hurries) {
        Ok(slice) => slice.region.map(|region| (region.position, region.length)),
        Err(ReadError::Log(LogError::NotInMemory)) => None,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_is_in_memory_is_found_and_what_is_not_is_not_waited_for() {
    let disk = SimulatedDisk::default();
    let place = Place::on(Disk::Simulated(disk.clone()));
    let log = place.open();
    for _ in 0..50 {
        append(&log, 3);
    }
    let region = read(&log, 77, Patience::Waits).expect("in range").region.expect("bytes");
    assert_eq!(found(&log, 77), Some((region.position, region.length)));
    let held = disk.hold_reads();
    assert_eq!(found(&log, 77), None);
    assert!(read(&log, 150, Patience::Hurries).is_ok(), "at the end there is nothing to look at");
    drop(held);
    assert!(found(&log, 77).is_some());
}

#[test]
fn an_index_that_is_not_open_is_opened_by_who_waits() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 2_000);
        let log = place.open();
        for _ in 0..50 {
            append(&log, 3);
        }
        log.close().expect("closed");
        let log = place.open();
        assert_eq!(found(&log, 5), None);
        let region = read(&log, 5, Patience::Waits).expect("in range").region.expect("bytes");
        assert_eq!(found(&log, 5), Some((region.position, region.length)));
    });
}
