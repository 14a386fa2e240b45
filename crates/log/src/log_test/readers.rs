//! Readers beside the writer.

use std::sync::atomic::{AtomicBool, Ordering};

use types::Offset;

use super::fixture::*;
use crate::{Log, ReadRequest, ReadUpTo};

/// Reads on from `next` up to the high watermark and checks every batch; returns where it got to.
fn follow(log: &Log, mut next: i64) -> i64 {
    loop {
        let up_to = ReadUpTo::HighWatermark;
        let request = ReadRequest { from: Offset(next), bytes_max: 1000, up_to, whole_first_batch: true };
        let slice = log.read(request).expect("in range");
        let Some(region) = slice.region else { return next };
        for batch in record::Batches::new(region.read().expect("read")) {
            let batch = batch.expect("a batch");
            batch.verify_crc().expect("intact");
            assert_eq!(batch.header().base_offset(), Some(Offset(next)), "offsets are dense");
            next = batch.last_offset().0 + 1;
        }
        assert!(Offset(next) <= log.high_watermark(), "nothing above the high watermark is served");
    }
}

#[test]
fn readers_see_whole_batches_while_the_log_grows_and_shrinks() {
    let mut place = real();
    place.configure(|config| config.segment_bytes = 5000);
    let log = place.open();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut next = 0;
                    while !is_done.load(Ordering::Acquire) {
                        next = follow(&log, next);
                    }
                    follow(&log, next)
                })
            })
            .collect();
        for number in 0..1500 {
            append(&log, 1 + number % 4);
            log.maybe_increment_high_watermark(log.log_end_offset());
            if number % 100 == 0 {
                log.flush().expect("flushed");
                log.delete_old_segments(NOW_MS).expect("nothing is old");
            }
        }
        is_done.store(true, Ordering::Release);
        for reader in readers {
            assert_eq!(reader.join().expect("no reader panicked"), log.log_end_offset().0);
        }
    });
    assert!(log.unflushed_bytes() > 0);
    log.flush().expect("flushed");
    assert_eq!(log.unflushed_bytes(), 0);
}
