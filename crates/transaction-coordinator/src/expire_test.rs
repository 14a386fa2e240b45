use super::*;
use crate::TransactionState;
use crate::logged_test::{Logged, SETTINGS};
use crate::{Decision, TransactionSettings};

const HOUR_MS: i64 = 3_600_000;
const WEEK_MS: i64 = 7 * 24 * HOUR_MS;

#[test]
fn a_transactional_id_that_nobody_uses_goes_after_its_time() {
    let mut logged = Logged::new();
    logged.init("unused").expect("a producer");
    let producer = logged.init("complete").expect("a producer");
    logged.add("complete", producer, [0]).expect("added");
    logged.end("complete", producer, Decision::Commit).expect("ended");
    logged.write_markers();
    logged.pass(WEEK_MS - 1);
    let records = logged.log.len();
    assert_eq!(logged.shard.transactions().count(), 2);
    logged.pass(HOUR_MS);
    assert_eq!(logged.shard.transactions().count(), 0);
    assert!(logged.log[records..].iter().all(|record| record.value.is_none()));
    assert_eq!(logged.log.len(), records + 2);
    assert_eq!(logged.reloaded().transactions().count(), 0);
    let next = logged.init("unused").expect("a producer");
    assert_eq!(next.epoch.0, 0);
    assert!(next.id.0 > producer.id.0, "ids are not given twice");
}

#[test]
fn what_is_used_stays_and_what_has_a_transaction_does() {
    let mut logged = Logged::with_settings(TransactionSettings { has_two_phase_commit: true, ..SETTINGS });
    logged.init("used").expect("a producer");
    let open = crate::InitProducerId { is_two_phase_commit: true, ..logged.init_request("open") };
    let producer = logged.init_as(open).expect("a producer");
    logged.add("open", producer, [0]).expect("added");
    let decided = logged.init("decided").expect("a producer");
    logged.add("decided", decided, [0]).expect("added");
    logged.end("decided", decided, Decision::Abort).expect("ended");
    for _ in 0..3 {
        logged.pass(WEEK_MS / 2);
        logged.init("used").expect("a producer");
    }
    assert_eq!(logged.state("used"), Some(TransactionState::Empty));
    assert_eq!(logged.state("open"), Some(TransactionState::Ongoing));
    assert_eq!(logged.state("decided"), Some(TransactionState::PrepareAbort));
}

#[test]
fn more_than_one_step_removes_go_in_several_at_once() {
    let mut logged = Logged::new();
    let some = logged.init("id").expect("a producer");
    let idle = logged.get("id").expect("known").clone();
    let count = EXPIRED_MAX + 5;
    for number in 0..count {
        let record = crate::record::transaction_record(&format!("id-{number}"), &idle, logged.server_version);
        logged.log.push(record);
    }
    logged.reload();
    assert_eq!(some, idle.producer);
    logged.pass(WEEK_MS - HOUR_MS);
    logged.init("id-3").expect("used at the last moment");
    logged.now = crate::logged_test::at(WEEK_MS);
    let step = coordinator::Shard::handle_timeout(&mut logged.shard, logged.now);
    assert!((EXPIRED_MAX - 1..=EXPIRED_MAX).contains(&step.records.len()));
    logged.log.extend(step.records);
    logged.pass(0);
    let left: Vec<&str> = logged.shard.transactions().map(|(id, _)| id).collect();
    assert_eq!(left, ["id-3"]);
}
