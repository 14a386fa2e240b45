//! Sessions through the eyes of their clients.

use super::*;

fn key(partition: i32) -> PartitionKey {
    PartitionKey { topic: TopicKey::Name("t".into()), partition: PartitionIndex(partition) }
}

fn ask(fetch_offset: i64) -> PartitionRequest {
    PartitionRequest {
        fetch_offset: Offset(fetch_offset),
        log_start_offset: Offset(-1),
        max_bytes: 100,
        current_leader_epoch: None,
        last_fetched_epoch: None,
    }
}

fn partition_of(key: PartitionKey) -> FetchPartition {
    FetchPartition { key, request: ask(0), topic: Some("t".into()) }
}

fn nameless(_: &Uuid) -> Option<TopicName> {
    None
}

fn request(session_id: i32, epoch: i32, partitions: &[i32], forgotten: &[i32]) -> SessionRequest {
    SessionRequest {
        session_id,
        epoch,
        is_follower: false,
        uses_topic_ids: false,
        partitions: partitions.iter().map(|partition| partition_of(key(*partition))).collect(),
        forgotten: forgotten.iter().map(|partition| key(*partition)).collect(),
    }
}

fn result(records_bytes: usize, high_watermark: i64) -> ResultSummary {
    ResultSummary {
        records_bytes,
        high_watermark: Offset(high_watermark),
        log_start_offset: Offset(0),
        error: ErrorCode::None,
        has_redirection: false,
    }
}

fn sessions(slots: usize) -> FetchSessions {
    FetchSessions::new(slots, Entropy::from_seed(1))
}

/// Opens a session over partitions 0 and 1 and returns its id.
fn open(sessions: &FetchSessions, now_ms: i64) -> i32 {
    let context = sessions.begin(request(0, 0, &[0, 1], &[]), nameless, now_ms);
    let answer = sessions.finish(&context, &[result(0, 5), result(0, 6)], now_ms);
    assert_eq!(answer.listed, [true, true], "a full fetch lists every partition");
    answer.session_id
}

#[test]
fn only_news_is_listed_in_a_session() {
    let sessions = sessions(10);
    let id = open(&sessions, 0);
    assert_ne!(id, 0);
    let context = sessions.begin(request(id, 1, &[], &[]), nameless, 1);
    assert_eq!(context.partitions().len(), 2, "the session remembers its partitions");
    let answer = sessions.finish(&context, &[result(0, 5), result(0, 7)], 1);
    assert_eq!(answer.listed, [false, true], "only the moved high watermark is news");
}

#[test]
fn a_partition_that_sent_records_goes_to_the_end_of_the_queue() {
    let sessions = sessions(10);
    let id = open(&sessions, 0);
    let context = sessions.begin(request(id, 1, &[], &[]), nameless, 1);
    sessions.finish(&context, &[result(100, 5), result(0, 6)], 1);
    let context = sessions.begin(request(id, 2, &[], &[]), nameless, 2);
    let order: Vec<i32> = context.partitions().iter().map(|found| found.key.partition.0).collect();
    assert_eq!(order, [1, 0]);
}

#[test]
fn after_an_error_the_partition_is_listed_again() {
    let sessions = sessions(10);
    let id = open(&sessions, 0);
    let context = sessions.begin(request(id, 1, &[], &[]), nameless, 1);
    let failed = ResultSummary { error: ErrorCode::NotLeaderOrFollower, ..result(0, -1) };
    assert_eq!(sessions.finish(&context, &[failed, result(0, 6)], 1).listed, [true, false]);
    let context = sessions.begin(request(id, 2, &[], &[]), nameless, 2);
    assert_eq!(sessions.finish(&context, &[result(0, 5), result(0, 6)], 2).listed, [true, false]);
}

#[test]
fn a_wrong_id_or_epoch_or_way_of_naming_topics_is_refused() {
    let sessions = sessions(10);
    let id = open(&sessions, 0);
    let refusal = |request| sessions.begin(request, nameless, 1).refusal();
    assert_eq!(refusal(request(id ^ 1, 1, &[], &[])), Some(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(refusal(request(id, 7, &[], &[])), Some(ErrorCode::InvalidFetchSessionEpoch));
    let by_id = SessionRequest { uses_topic_ids: true, ..request(id, 1, &[], &[]) };
    assert_eq!(refusal(by_id), Some(ErrorCode::FetchSessionTopicIdError));
    assert_eq!(refusal(request(id, 1, &[], &[])), None, "refusals change nothing");
}

#[test]
fn a_request_sent_twice_is_told_so() {
    let sessions = sessions(10);
    let id = open(&sessions, 0);
    let first = sessions.begin(request(id, 1, &[], &[]), nameless, 1);
    let second = sessions.begin(request(id, 2, &[], &[]), nameless, 1);
    let results = [result(0, 5), result(0, 6)];
    assert_eq!(sessions.finish(&first, &results, 1).error, ErrorCode::InvalidFetchSessionEpoch);
    assert_eq!(sessions.finish(&second, &results, 1).error, ErrorCode::None);
}

#[test]
fn forgetting_everything_ends_the_session() {
    let sessions = sessions(10);
    let id = open(&sessions, 0);
    let context = sessions.begin(request(id, 1, &[], &[0]), nameless, 1);
    assert_eq!(context.partitions().len(), 1);
    let context = sessions.begin(request(id, 2, &[], &[1]), nameless, 2);
    assert_eq!(context.partitions().len(), 0);
    assert!(sessions.is_empty());
}

#[test]
fn a_full_fetch_without_session_removes_the_old_one() {
    let sessions = sessions(10);
    let id = open(&sessions, 0);
    let context = sessions.begin(request(id, FINAL_EPOCH, &[0], &[]), nameless, 1);
    assert_eq!(sessions.finish(&context, &[result(0, 5)], 1).session_id, 0);
    assert!(sessions.is_empty());
}

#[test]
fn a_full_cache_gives_up_stale_sessions_and_keeps_young_ones() {
    let sessions = sessions(1);
    let first = open(&sessions, 0);
    assert_ne!(first, 0);
    assert_eq!(open(&sessions, 1_000), 0, "the first session is young and in use");
    let second = open(&sessions, 120_001);
    assert_ne!(second, 0, "the first session was not used for two minutes");
    let refused = sessions.begin(request(first, 1, &[], &[]), nameless, 120_002).refusal();
    assert_eq!(refused, Some(ErrorCode::FetchSessionIdNotFound));
}

/// A session is compared with new ones only after it was used at an age of two minutes, as the oracle has it.
#[test]
fn an_old_session_gives_way_to_a_larger_one_once_it_was_used_while_old() {
    let sessions = sessions(1);
    let first = open(&sessions, 0);
    let larger_at = |now_ms| {
        let context = sessions.begin(request(0, 0, &[0, 1, 2], &[]), nameless, now_ms);
        sessions.finish(&context, &[result(0, 0), result(0, 0), result(0, 0)], now_ms).session_id
    };
    let used_at = |epoch, now_ms| sessions.begin(request(first, epoch, &[], &[]), nameless, now_ms).refusal();
    assert_eq!(used_at(1, 100_000), None);
    assert_eq!(larger_at(130_000), 0, "it is old, and was young when it was used last");
    assert_eq!(used_at(2, 130_001), None);
    assert_eq!(
        open(&sessions, 130_002),
        0,
        "one of the same size is worth less, as its id counts as the lowest"
    );
    assert_ne!(larger_at(130_003), 0);
    assert_eq!(used_at(3, 130_004), Some(ErrorCode::FetchSessionIdNotFound));
}

#[test]
fn a_follower_takes_a_young_consumers_slot() {
    let sessions = sessions(1);
    let consumer = open(&sessions, 0);
    let by_follower = SessionRequest { is_follower: true, ..request(0, 0, &[0], &[]) };
    let context = sessions.begin(by_follower, nameless, 1);
    assert_ne!(sessions.finish(&context, &[result(0, 0)], 1).session_id, 0);
    let refused = sessions.begin(request(consumer, 1, &[], &[]), nameless, 2).refusal();
    assert_eq!(refused, Some(ErrorCode::FetchSessionIdNotFound));
}

#[test]
fn a_session_remembers_the_name_of_a_topic_that_is_gone() {
    let sessions = sessions(10);
    let id = Uuid::from_halves(1, 2);
    let key = PartitionKey { topic: TopicKey::Id(id), partition: PartitionIndex(0) };
    let unnamed = FetchPartition { key, request: ask(0), topic: None };
    let full = SessionRequest { uses_topic_ids: true, partitions: vec![unnamed], ..request(0, 0, &[], &[]) };
    let context = sessions.begin(full, nameless, 0);
    let session_id = sessions.finish(&context, &[result(0, 5)], 0).session_id;
    let next = |epoch| SessionRequest { uses_topic_ids: true, ..request(session_id, epoch, &[], &[]) };
    let known = sessions.begin(next(1), |_| Some("t".into()), 1);
    assert_eq!(known.partitions()[0].topic.as_deref(), Some("t"));
    let gone = sessions.begin(next(2), nameless, 2);
    assert_eq!(gone.partitions()[0].topic.as_deref(), Some("t"));
}

/// Clients contend for a few slots while time flies: nobody is ever given another's partitions, a session that was lost
/// is told as lost, and there are never more sessions than slots.
#[test]
fn many_clients_share_few_slots_and_never_meet() {
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
    const CLIENTS: i32 = 16;
    const SLOTS: usize = 4;
    let (sessions, clock) = (sessions(SLOTS), AtomicI64::new(0));
    let (given, refused, lost) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let live = |client: i32| {
        for _ in 0..200 {
            let now = || clock.fetch_add(5_000, Ordering::Relaxed);
            let context = sessions.begin(request(0, 0, &[client], &[]), nameless, now());
            let id = sessions.finish(&context, &[result(0, 1)], now()).session_id;
            assert!(sessions.len() <= SLOTS);
            if id == 0 {
                refused.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            given.fetch_add(1, Ordering::Relaxed);
            for epoch in 1..6 {
                let context = sessions.begin(request(id, epoch, &[], &[]), nameless, now());
                if let Some(refusal) = context.refusal() {
                    assert_eq!(refusal, ErrorCode::FetchSessionIdNotFound);
                    lost.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                let asked: Vec<i32> = context.partitions().iter().map(|it| it.key.partition.0).collect();
                assert_eq!(asked, [client]);
                let high_watermark = i64::from(epoch / 2);
                let answer = sessions.finish(&context, &[result(0, high_watermark)], now());
                assert_eq!((answer.error, answer.session_id), (ErrorCode::None, id));
            }
        }
    };
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let live = &live;
            scope.spawn(move || live(client));
        }
    });
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    assert_eq!(count(&given) + count(&refused), 200 * CLIENTS as usize);
    assert!(count(&given) >= SLOTS, "slots were given: {given:?}, refused {refused:?}, lost {lost:?}");
}
