//! Files that a stop in the middle of something left behind.

use std::io::IoSlice;

use ::io::disk::OpenMode;
use types::Offset;

use super::fixture::*;

fn write(place: &Place, name: &str, content: &[u8]) {
    let file = place.disk.open(&place.file(name), OpenMode::ReadWriteOrCreate).expect("opens");
    file.set_len(0).expect("emptied");
    file.append(&mut [IoSlice::new(content)], 0).expect("written");
}

fn names(place: &Place) -> Vec<String> {
    contents(&place.disk, &place.path, &[""]).into_iter().map(|(name, _)| name).collect()
}

/// Three segments of two batches of two records.
fn three_segments(place: &mut Place) {
    place.configure(|config| {
        config.segment_bytes = 400;
        config.index_interval_bytes = 100;
    });
    let log = place.open();
    for _ in 0..6 {
        append(&log, 2);
    }
    assert_eq!(log.segment_count(), 3);
    log.close().expect("closed");
}

#[test]
fn files_marked_for_removal_or_unfinished_go() {
    on_both(|place| {
        three_segments(place);
        let before = names(place);
        for name in [
            "00000000000000000000.log.deleted",
            "00000000000000000004.index.deleted",
            "00000000000000000004.snapshot.deleted",
            "00000000000000000004.log.cleaned",
            "00000000000000000004.timeindex.cleaned",
            "00000000000000000004.log.swap",
            "00000000000000000099.index",
        ] {
            write(place, name, b"leftover");
        }
        let log = place.open();
        assert_eq!(names(place), before, "a swap above an unfinished file may be part of the same split");
        assert_eq!(offsets_from(&log, 0), (0..12).collect::<Vec<_>>());
    });
}

#[test]
fn a_decided_replacement_is_finished() {
    on_both(|place| {
        three_segments(place);
        // A cleaner merged the first two segments into one, of which the last batch is left.
        let kept = place.disk.read(&place.file("00000000000000000004.log")).expect("read");
        let half = kept.len() / 2;
        write(place, "00000000000000000000.log.swap", &kept[half..]);
        write(place, "00000000000000000000.index.swap", b"");
        write(place, "00000000000000000000.timeindex.swap", b"");
        let log = place.open();
        assert_eq!(log.segment_count(), 2);
        assert_eq!(offsets_from(&log, 0), (6..12).collect::<Vec<_>>());
        assert!(names(place).iter().all(|name| !name.ends_with(".swap")));
    });
}

#[test]
fn preallocated_indexes_lose_their_zeros() {
    on_both(|place| {
        three_segments(place);
        let index = "00000000000000000008.index";
        let entries = place.disk.read(&place.file(index)).expect("read");
        assert!(!entries.is_empty());
        let mut preallocated = entries.clone();
        preallocated.resize(10_000, 0);
        write(place, index, &preallocated);
        let log = place.open();
        assert_eq!(offsets_from(&log, 9), (9..12).collect::<Vec<_>>());
        assert_eq!(place.disk.read(&place.file(index)).expect("read"), entries);
    });
}

#[test]
fn damaged_indexes_are_made_anew() {
    on_both(|place| {
        three_segments(place);
        let good = contents(&place.disk, &place.path, &["index"]);
        let damages: [fn(&mut Vec<u8>); 4] = [
            |content| content.clear(),
            |content| content.extend_from_slice(&[7; 5]),
            |content| content.iter_mut().for_each(|byte| *byte ^= 0x55),
            |content| content.iter_mut().for_each(|byte| *byte = 0xff),
        ];
        for (name, content) in &good {
            for damage in damages {
                let mut damaged = content.clone();
                damage(&mut damaged);
                write(place, name, &damaged);
                let log = place.recover(Offset(12));
                for from in 0..12 {
                    assert_eq!(
                        offsets_from(&log, from),
                        (from..12).collect::<Vec<_>>(),
                        "{name} {damaged:02x?}"
                    );
                }
                log.close().expect("closed");
                drop(log);
                write(place, name, content);
            }
            place.disk.remove_file(&place.file(name)).expect("removed");
            let log = place.open();
            assert_eq!(offsets_from(&log, 0), (0..12).collect::<Vec<_>>(), "without {name}");
            log.close().expect("closed");
            drop(log);
            assert_eq!(&contents(&place.disk, &place.path, &["index"]), &good, "without {name}");
        }
    });
}
