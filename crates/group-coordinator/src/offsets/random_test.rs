//! Seeded random runs of commits, deletions and time against a model.
//!
//! Invariants: what is committed is what was committed last and not ended since; the log replayed is the shard, so that
//! a crash at any moment loses nothing; what ended leaves nothing behind.

use std::collections::BTreeMap;

use io::Entropy;
use types::{TopicPartition, Uuid};

use super::DeleteOffsets;
use super::offsets_test::{HOUR_MS, Logged, at};
use crate::GroupRequest;

fn group(dice: &Entropy) -> String {
    format!("group-{}", dice.below(3))
}

fn topic(dice: &Entropy) -> String {
    format!("topic-{}", dice.below(3))
}

/// Offsets by group and topic, with the hour of their commit.
type Model = BTreeMap<(String, String), (i64, i64)>;

fn check(logged: &Logged, model: &Model, seed: u64) {
    let offsets = logged.shard.offsets();
    assert_eq!(offsets.len(), model.len(), "seed {seed}");
    for ((group, topic), (offset, _)) in model {
        let partition = TopicPartition::new(&**topic, 0);
        let committed = offsets.get(group, &partition);
        assert_eq!(committed.as_ref().map(|committed| committed.offset.0), Some(*offset), "seed {seed}");
    }
}

/// A crash now loses nothing.
fn check_log(logged: &Logged, model: &Model, seed: u64) {
    let reloaded = logged.reloaded();
    assert_eq!(reloaded.offsets().len(), model.len(), "seed {seed}");
    for (group, topic) in model.keys() {
        let partition = TopicPartition::new(&**topic, 0);
        let committed = logged.shard.offsets().get(group, &partition);
        assert_eq!(reloaded.offsets().get(group, &partition), committed, "seed {seed}");
    }
}

fn run(seed: u64) {
    let dice = Entropy::from_seed(seed);
    let mut logged = Logged::new();
    let mut model = Model::new();
    let mut hours = 0;
    for offset in 0..60 {
        let now = at(hours * HOUR_MS);
        match dice.below(12) {
            0..=6 => {
                let (group, topic) = (group(&dice), topic(&dice));
                logged.commit(&group, &topic, offset, now);
                model.insert((group, topic), (offset, hours));
            }
            7 => {
                let (group_id, topic) = (group(&dice), topic(&dice));
                let partitions = vec![TopicPartition::new(&*topic, 0)];
                logged.ask(
                    GroupRequest::DeleteOffsets(DeleteOffsets { group_id: group_id.clone(), partitions }),
                    now,
                );
                model.remove(&(group_id, topic));
            }
            8 => {
                let group_id = group(&dice);
                logged.ask(GroupRequest::Delete { group_id: group_id.clone() }, now);
                model.retain(|(group, _), _| *group != group_id);
            }
            9 => {
                let topic = topic(&dice);
                let topics = BTreeMap::from([(topic.as_str().into(), Uuid::from_halves(1, 1))]);
                logged.ask(GroupRequest::TopicsDeleted { topics }, now);
                model.retain(|(_, other), _| *other != topic);
            }
            _ => {
                hours += 1 + i64::try_from(dice.below(12)).expect("small");
                logged.wait(at(hours * HOUR_MS));
                model.retain(|_, (_, committed)| hours - *committed < 24);
            }
        }
        check(&logged, &model, seed);
        if dice.below(10) == 0 {
            check_log(&logged, &model, seed);
        }
    }
    logged.wait(at((hours + 48) * HOUR_MS));
    check(&logged, &Model::new(), seed);
    check_log(&logged, &Model::new(), seed);
    assert!(logged.shard.groups().ids().is_empty(), "seed {seed}: a group without offsets ends");
    assert!(logged.reloaded().groups().ids().is_empty(), "seed {seed}");
    assert_eq!(logged.shard.offsets().names(), 0, "seed {seed}: no name is kept for nobody");
}

#[test]
fn what_is_committed_is_what_the_log_says() {
    for seed in 0..1_000 {
        run(seed);
    }
}
