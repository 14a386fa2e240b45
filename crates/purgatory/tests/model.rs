//! The wheel, the watchers and the purgatory against naive models, over random sequences of calls.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use purgatory::{OperationId, Purgatory, TimerKey, TimingWheel};

#[derive(Clone, Debug)]
enum WheelCall {
    Insert { in_ms: u64 },
    Cancel { which: usize },
    Advance { by_ms: u64 },
}

/// Short, middle and far spans, so that every level and every carry between digits is met.
fn spans() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..5u64,
        0..200u64,
        4_000..5_000u64,
        0..100_000_000u64,
        (0..40u32).prop_map(|bit| 1 << bit),
        (0..40u32).prop_map(|bit| (1 << bit) - 1),
    ]
}

fn wheel_calls() -> impl Strategy<Value = Vec<WheelCall>> {
    let call = prop_oneof![
        4 => spans().prop_map(|in_ms| WheelCall::Insert { in_ms }),
        1 => any::<usize>().prop_map(|which| WheelCall::Cancel { which }),
        2 => spans().prop_map(|by_ms| WheelCall::Advance { by_ms }),
    ];
    vec(call, 0..200)
}

proptest! {
    #[test]
    fn the_wheel_expires_what_a_sorted_list_expires_in_the_same_order(
        tick_ms in 1..50u64,
        start_ms in prop_oneof![0..10u64, 0..u64::MAX / 4],
        calls in wheel_calls(),
    ) {
        let mut now_ms = start_ms;
        let mut wheel = TimingWheel::new(tick_ms, now_ms);
        // (deadline's tick, number) -> key; the number is the order of insertion and the value carried.
        let mut model: BTreeMap<(u64, usize), TimerKey> = BTreeMap::new();
        let mut spent: Vec<TimerKey> = Vec::new();
        for (number, call) in calls.into_iter().enumerate() {
            match call {
                WheelCall::Insert { in_ms } => {
                    let deadline_ms = now_ms + in_ms;
                    // What is due already expires before all else, in the order of insertion.
                    let tick = deadline_ms.div_ceil(tick_ms).max(now_ms / tick_ms);
                    model.insert((tick, number), wheel.insert(deadline_ms, number));
                }
                WheelCall::Cancel { which } if !model.is_empty() => {
                    let (place, key) = model.iter().nth(which % model.len()).map(|(p, k)| (*p, *k)).unwrap();
                    model.remove(&place);
                    prop_assert_eq!(wheel.cancel(key), Some(place.1));
                    spent.push(key);
                }
                WheelCall::Cancel { .. } => {}
                WheelCall::Advance { by_ms } => {
                    now_ms += by_ms;
                    let later = model.split_off(&(now_ms / tick_ms + 1, 0));
                    let expected: Vec<usize> = model.keys().map(|(_, number)| *number).collect();
                    spent.extend(model.into_values());
                    model = later;
                    let mut expired = Vec::new();
                    wheel.advance(now_ms, &mut expired);
                    prop_assert_eq!(expired, expected);
                }
            }
            prop_assert_eq!(wheel.len(), model.len());
            let next_ms = wheel.next_advance_ms();
            prop_assert_eq!(next_ms.is_some(), !model.is_empty());
            if let (Some(next_ms), Some(((tick, _), _))) = (next_ms, model.first_key_value()) {
                prop_assert!(next_ms <= tick * tick_ms, "woken at {} for {}", next_ms, tick * tick_ms);
            }
        }
        for key in spent {
            prop_assert_eq!(wheel.cancel(key), None, "a spent key finds nothing");
        }
        // Woken only when it asks to be, it still expires everything, in few steps.
        let mut steps = 0;
        while let Some(next_ms) = wheel.next_advance_ms() {
            let mut expired = Vec::new();
            wheel.advance(next_ms, &mut expired);
            for number in expired {
                let place = *model.keys().find(|(_, known)| *known == number).unwrap();
                prop_assert!(next_ms / tick_ms >= place.0, "never early");
                model.remove(&place);
            }
            steps += 1;
            prop_assert!(steps <= 12 * 200, "a timer moves down once a level");
        }
        prop_assert!(model.is_empty());
    }
}

#[derive(Clone, Debug)]
enum Call {
    Register { keys: Vec<u8>, in_ms: Option<u64> },
    Remove { which: usize },
    Touch { key: u8 },
    Expire { by_ms: u64 },
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        4 => (vec(0..6u8, 0..4), proptest::option::of(0..300u64))
            .prop_map(|(keys, in_ms)| Call::Register { keys, in_ms }),
        2 => any::<usize>().prop_map(|which| Call::Remove { which }),
        2 => (0..6u8).prop_map(|key| Call::Touch { key }),
        1 => (0..200u64).prop_map(|by_ms| Call::Expire { by_ms }),
    ];
    vec(call, 0..200)
}

proptest! {
    #[test]
    fn the_purgatory_holds_what_a_plain_list_holds(calls in calls()) {
        let mut now_ms = 0;
        let mut purgatory: Purgatory<u8, usize> = Purgatory::new(1, now_ms);
        // number -> (id, keys, deadline), in the order of registration.
        let mut model: BTreeMap<usize, (OperationId, Vec<u8>, Option<u64>)> = BTreeMap::new();
        for (number, call) in calls.into_iter().enumerate() {
            match call {
                Call::Register { keys, in_ms } => {
                    let deadline_ms = in_ms.map(|in_ms| now_ms + in_ms);
                    let id = purgatory.register(number, keys.iter().copied(), deadline_ms);
                    model.insert(number, (id, keys, deadline_ms));
                }
                Call::Remove { which } if !model.is_empty() => {
                    let number = *model.keys().nth(which % model.len()).unwrap();
                    let (id, ..) = model.remove(&number).unwrap();
                    prop_assert_eq!(purgatory.remove(id), Some(number));
                    prop_assert_eq!(purgatory.remove(id), None);
                    prop_assert_eq!(purgatory.get(id), None);
                }
                Call::Remove { .. } => {}
                Call::Touch { key } => {
                    let touched: Vec<usize> = purgatory.touched(&key).map(|(_, number)| *number).collect();
                    let expected: Vec<usize> = model
                        .iter()
                        .flat_map(|(number, (_, keys, _))| {
                            keys.iter().filter(|known| **known == key).map(|_| *number)
                        })
                        .collect();
                    prop_assert_eq!(touched, expected);
                }
                Call::Expire { by_ms } => {
                    now_ms += by_ms;
                    let expired: BTreeSet<usize> =
                        purgatory.expire(now_ms).into_iter().map(|(_, number)| number).collect();
                    let expected: BTreeSet<usize> = model
                        .iter()
                        .filter(|(_, (_, _, deadline_ms))| deadline_ms.is_some_and(|ms| ms <= now_ms))
                        .map(|(number, _)| *number)
                        .collect();
                    prop_assert_eq!(&expired, &expected);
                    model.retain(|number, _| !expired.contains(number));
                }
            }
            prop_assert_eq!(purgatory.len(), model.len());
            prop_assert_eq!(purgatory.watches(), model.values().map(|(_, keys, _)| keys.len()).sum::<usize>());
            let keys: BTreeSet<u8> = model.values().flat_map(|(_, keys, _)| keys.iter().copied()).collect();
            prop_assert_eq!(purgatory.watched_keys(), keys.len());
            prop_assert!(purgatory.iter().eq(model.keys()));
            prop_assert_eq!(
                purgatory.next_expire_ms().is_some(),
                model.values().any(|(_, _, deadline_ms)| deadline_ms.is_some())
            );
        }
    }
}

#[test]
fn the_farthest_deadline_is_kept() {
    let mut wheel = TimingWheel::new(1, 0);
    wheel.insert(u64::MAX, "end of time");
    let mut expired = Vec::new();
    wheel.advance(u64::MAX - 1, &mut expired);
    assert!(expired.is_empty());
    wheel.advance(u64::MAX, &mut expired);
    assert_eq!(expired, ["end of time"]);
}
