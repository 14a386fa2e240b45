//! ListOffsets.

use record::{BatchOptions, Compression};
use types::{LeaderEpoch, Offset};

use super::fixture::*;
use crate::{AppendContext, FoundOffset, OffsetQuery};

#[test]
fn the_record_is_found_inside_its_batch() {
    on_both(|place| {
        place.configure(|config| config.segment_bytes = 700);
        let log = place.open();
        for number in 0..20 {
            let compression =
                if number % 2 == 0 { Compression::None } else { Compression::Gzip { level: -1 } };
            let options = BatchOptions { compression, ..BatchOptions::default() };
            let batch = records(options, NOW_MS + number * 100, 10, 20);
            log.append_as_leader(batch, AppendContext::client(LeaderEpoch(2), NOW_MS)).expect("appended");
        }
        let find = |query| log.find_offset(query).expect("answered");
        let found = |timestamp_ms, offset| {
            Some(FoundOffset { timestamp_ms, offset: Offset(offset), leader_epoch: Some(LeaderEpoch(2)) })
        };
        assert_eq!(find(OffsetQuery::AtOrAfter(NOW_MS + 504)), found(NOW_MS + 504, 54));
        assert_eq!(
            find(OffsetQuery::AtOrAfter(NOW_MS + 510)),
            found(NOW_MS + 600, 60),
            "between two batches"
        );
        assert_eq!(find(OffsetQuery::AtOrAfter(0)), found(NOW_MS, 0));
        assert_eq!(find(OffsetQuery::AtOrAfter(NOW_MS + 1910)), None);
        assert_eq!(find(OffsetQuery::MaxTimestamp), found(NOW_MS + 1909, 199));
        assert_eq!(find(OffsetQuery::Latest), found(-1, 200));
        assert_eq!(find(OffsetQuery::Earliest), found(-1, 0));
        log.maybe_increment_high_watermark(Offset(200));
        log.maybe_increment_log_start(Offset(57)).expect("in range");
        assert_eq!(
            find(OffsetQuery::AtOrAfter(NOW_MS)),
            found(NOW_MS + 507, 57),
            "not below the log's start"
        );
        assert_eq!(find(OffsetQuery::EarliestLocal), found(-1, 57));
    });
}

#[test]
fn an_empty_log_has_ends_and_no_records() {
    let log = simulated().open();
    assert_eq!(log.find_offset(OffsetQuery::MaxTimestamp).expect("answered"), None);
    assert_eq!(log.find_offset(OffsetQuery::AtOrAfter(0)).expect("answered"), None);
    let end = FoundOffset { timestamp_ms: -1, offset: Offset(0), leader_epoch: None };
    assert_eq!(log.find_offset(OffsetQuery::Latest).expect("answered"), Some(end));
    assert_eq!(OffsetQuery::from_timestamp(-7), None);
}
