//! read_committed.

use std::path::Path;

use ::io::{Disk, Entropy};
use record::control_batch::{self, MarkerOwner};
use record::{BatchOptions, ControlRecordType};
use types::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};

use super::fixture::*;
use crate::{
    AppendContext, AppendError, AppendOrigin, Log, ProducerStateError, ReadRequest, ReadSlice, ReadUpTo,
};

fn begin(log: &Log, producer_id: i64, sequence: i32, count: i64) {
    let guard = log.start_transaction_verification(
        ProducerId(producer_id),
        ProducerEpoch(0),
        sequence,
        false,
        NOW_MS,
    );
    let batch =
        records(BatchOptions { transactional: true, ..producer(producer_id, sequence) }, NOW_MS, count, 50);
    let context = AppendContext { guard, ..AppendContext::client(LeaderEpoch(0), NOW_MS) };
    log.append_as_leader(batch, context).expect("appended");
}

fn end(log: &Log, producer_id: i64, kind: ControlRecordType) {
    let owner = MarkerOwner {
        producer_id: ProducerId(producer_id),
        producer_epoch: ProducerEpoch(0),
        coordinator_epoch: 0,
    };
    let marker = control_batch::end_transaction(kind, owner, NOW_MS).expect("built");
    let context = AppendContext::of(AppendOrigin::Coordinator, LeaderEpoch(0), NOW_MS);
    log.append_as_leader(marker, context).expect("appended");
}

fn read_committed(log: &Log, from: i64) -> ReadSlice {
    let request = ReadRequest {
        from: Offset(from),
        bytes_max: usize::MAX,
        up_to: ReadUpTo::LastStable,
        whole_first_batch: true,
    };
    log.read(request).expect("in range")
}

fn aborted(slice: &ReadSlice) -> Vec<(i64, i64)> {
    let aborted = slice.aborted_transactions.as_ref().expect("asked for");
    aborted.iter().map(|transaction| (transaction.producer_id.0, transaction.first_offset.0)).collect()
}

#[test]
fn readers_stop_at_the_first_open_transaction_and_hear_of_aborted_ones() {
    on_both(|place| {
        let log = place.open();
        begin(&log, 1, 0, 2); // 0-1
        begin(&log, 2, 0, 2); // 2-3
        end(&log, 1, ControlRecordType::Abort); // 4
        begin(&log, 3, 0, 1); // 5
        log.maybe_increment_high_watermark(Offset(6));
        assert_eq!(log.last_stable_offset(), Offset(2));
        assert_eq!(aborted(&read_committed(&log, 0)), [(1, 0)]);
        end(&log, 2, ControlRecordType::Commit); // 6
        assert_eq!(log.last_stable_offset(), Offset(2), "the marker is not replicated yet");
        log.maybe_increment_high_watermark(Offset(7));
        assert_eq!((log.last_stable_offset(), log.first_unstable_offset()), (Offset(5), Some(Offset(5))));
        end(&log, 3, ControlRecordType::Abort); // 7
        log.maybe_increment_high_watermark(Offset(8));
        assert_eq!(log.last_stable_offset(), Offset(8));
        assert_eq!(aborted(&read_committed(&log, 0)), [(1, 0), (3, 5)]);
        assert_eq!(aborted(&read_committed(&log, 5)), [(3, 5)]);
        assert!(read_committed(&log, 8).region.is_none());
        drop(log);
        // The index is made anew by recovery, and kept by a clean stop.
        let log = place.recover(Offset(0));
        log.maybe_increment_high_watermark(Offset(8));
        assert_eq!(aborted(&read_committed(&log, 0)), [(1, 0), (3, 5)]);
        log.close().expect("closed");
        let log = place.open();
        assert_eq!(log.aborted_transactions(Offset(0), Offset(8)).expect("read").len(), 2);
    });
}

#[test]
fn an_open_transaction_survives_a_restart() {
    on_both(|place| {
        let log = place.open();
        append(&log, 3);
        begin(&log, 1, 0, 2);
        log.close().expect("closed");
        let log = place.open();
        log.maybe_increment_high_watermark(Offset(5));
        assert_eq!(log.last_stable_offset(), Offset(3));
        assert!(log.has_ongoing_transaction(ProducerId(1), ProducerEpoch(0)));
        end(&log, 1, ControlRecordType::Abort);
        log.maybe_increment_high_watermark(Offset(6));
        assert_eq!(aborted(&read_committed(&log, 0)), [(1, 3)]);
    });
}

#[test]
fn an_aborted_transaction_that_was_flushed_is_known_after_a_power_cut() {
    let place = simulated();
    let Disk::Simulated(disk) = &place.disk else { panic!("the place is simulated") };
    let log = place.open();
    for directory in ["/", "/data"] {
        place.disk.sync_directory(Path::new(directory)).expect("synced");
    }
    append(&log, 1);
    log.flush().expect("flushed, and the names of the segment's files");
    begin(&log, 1, 0, 2);
    end(&log, 1, ControlRecordType::Abort);
    log.flush().expect("flushed, and the name of the transaction index, which is new");
    disk.crash(&Entropy::from_seed(1));
    let log = place.recover(log.recovery_point());
    assert_eq!(log.aborted_transactions(Offset(0), Offset(4)).expect("read").len(), 1);
}

#[test]
fn records_of_an_unknown_transaction_leave_no_trace() {
    let place = simulated();
    let log = place.open();
    let batch = records(BatchOptions { transactional: true, ..producer(1, 0) }, NOW_MS, 1, 50);
    let refused = log.append_as_leader(batch, AppendContext::client(LeaderEpoch(4), NOW_MS));
    let is_refused =
        matches!(refused, Err(AppendError::Producer(ProducerStateError::InvalidTransactionState { .. })));
    assert!(is_refused, "{refused:?}");
    assert_eq!((log.log_end_offset(), log.size(), log.latest_epoch()), (Offset(0), 0, None));
}
