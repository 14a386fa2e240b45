//! Waits on paused time: no test here depends on how fast the machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Purgatory, TimedOut};

/// A purgatory whose timer runs, and a number that checks can look at.
fn purgatory() -> (Purgatory<u8>, Arc<AtomicUsize>) {
    let purgatory = Purgatory::new();
    let timer = purgatory.clone();
    tokio::spawn(async move { timer.run().await });
    (purgatory, Arc::default())
}

fn in_ms(ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(ms)
}

fn at_least(level: &Arc<AtomicUsize>, wanted: usize) -> impl FnMut() -> Option<usize> + use<> {
    let level = level.clone();
    move || Some(level.load(Ordering::Relaxed)).filter(|found| *found >= wanted)
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_on_the_touch_after_the_change() {
    let (purgatory, level) = purgatory();
    let start = Instant::now();
    let wait = tokio::spawn(purgatory.wait([1, 2], in_ms(60_000), at_least(&level, 2)));
    for (key, value) in [(1, 1), (2, 2)] {
        tokio::time::sleep(Duration::from_millis(10)).await;
        level.store(value, Ordering::Relaxed);
        purgatory.touch(&key);
    }
    assert_eq!(wait.await.unwrap(), Ok(2));
    assert_eq!(start.elapsed(), Duration::from_millis(20));
    assert_eq!((purgatory.len(), purgatory.watches()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_change_between_the_wait_and_its_first_poll_is_seen() {
    let (purgatory, level) = purgatory();
    let wait = purgatory.wait([1], in_ms(60_000), at_least(&level, 1));
    level.store(1, Ordering::Relaxed);
    purgatory.touch(&1);
    let start = Instant::now();
    assert_eq!(wait.await, Ok(1));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn deadlines_pass_in_their_order_and_not_before_their_time() {
    let (purgatory, level) = purgatory();
    let start = Instant::now();
    // Set from far to near, so that the timer has to be woken for each.
    let waits: Vec<_> = [600_000, 70, 5, 0]
        .map(|ms| tokio::spawn(purgatory.wait([1], start + Duration::from_millis(ms), at_least(&level, 1))))
        .into_iter()
        .rev()
        .collect();
    let mut ended = Vec::new();
    for wait in waits {
        assert_eq!(wait.await.unwrap(), Err(TimedOut));
        ended.push(start.elapsed().as_millis());
    }
    assert_eq!(ended, [0, 5, 70, 600_000]);
    assert!(purgatory.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_touch_of_another_key_does_not_look() {
    let (purgatory, _) = purgatory();
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = looks.clone();
    let wait = tokio::spawn(purgatory.wait([1], in_ms(100), move || {
        counted.fetch_add(1, Ordering::Relaxed);
        None::<()>
    }));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(looks.load(Ordering::Relaxed), 1, "the first poll looks");
    purgatory.touch(&2);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(looks.load(Ordering::Relaxed), 1);
    purgatory.touch(&1);
    purgatory.touch(&1);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(looks.load(Ordering::Relaxed), 2, "two touches before the wait looks count as one");
    assert_eq!(wait.await.unwrap(), Err(TimedOut));
    assert_eq!(looks.load(Ordering::Relaxed), 3, "the deadline looks a last time");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_leaves_nothing() {
    let (purgatory, level) = purgatory();
    let never_polled = purgatory.wait([1], in_ms(100), at_least(&level, 1));
    let task = tokio::spawn(purgatory.wait([1, 2], in_ms(100), at_least(&level, 1)));
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!((purgatory.len(), purgatory.watches()), (2, 3));
    drop(never_polled);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!((purgatory.len(), purgatory.watches()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_ends_every_wait_at_once() {
    let (purgatory, level) = purgatory();
    let start = Instant::now();
    let wait = tokio::spawn(purgatory.wait([1], in_ms(100), at_least(&level, 1)));
    tokio::task::yield_now().await;
    purgatory.expire_all();
    assert_eq!(wait.await.unwrap(), Err(TimedOut));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_touch_is_lost_between_threads() {
    let (purgatory, level) = purgatory();
    for round in 1..=2000 {
        let wait = tokio::spawn(purgatory.wait([1], in_ms(60_000), at_least(&level, round)));
        let (toucher, touched) = (purgatory.clone(), level.clone());
        let touch = tokio::spawn(async move {
            touched.store(round, Ordering::Release);
            toucher.touch(&1);
        });
        let ended = tokio::time::timeout(Duration::from_secs(30), wait).await;
        assert_eq!(ended.expect("a touch was lost").unwrap(), Ok(round));
        touch.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_sees_the_notes_of_those_who_wait() {
    let purgatory: Purgatory<u8, &str> = Purgatory::new();
    let notes = |key: u8| purgatory.notes(&key, |note| *note);
    let never = || None::<()>;
    let first = purgatory.wait_noted([1, 2], in_ms(100), "first", never);
    let second = purgatory.wait_noted([1], in_ms(100), "second", never);
    let silent = purgatory.wait([1], in_ms(100), never);
    assert_eq!((notes(1), notes(2)), (vec!["first", "second"], vec!["first"]));
    drop(first);
    assert_eq!((notes(1), notes(2)), (vec!["second"], vec![]));
    drop((second, silent));
    assert!(notes(1).is_empty() && purgatory.is_empty());
}
