//! Striped placement: replicas of a partition go round the racks, leaders go round the brokers.
//!
//! Racks are taken in the order of their names from a random one on, a rack's brokers in the order of their ids from a
//! random one on. Each partition starts one rack further than the last, and each rack one broker further. The first
//! replica is an unfenced broker, because it leads; in the others a rack's unfenced brokers come before its fenced
//! ones. After as many partitions as there are unfenced brokers everything is shuffled, so that the same brokers do not
//! always share partitions.

use std::collections::BTreeMap;

use types::NodeId;

use crate::Random;
use crate::error::PlacementError;

/// A broker that may get replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct UsableBroker {
    pub id: NodeId,
    pub rack: Option<String>,
    pub fenced: bool,
}

/// The replicas of `partitions` new partitions, `factor` for each.
///
/// # Errors
/// When `factor` is not positive or exceeds the brokers, or no broker is unfenced.
pub fn place(
    brokers: &[UsableBroker],
    partitions: usize,
    factor: i16,
    random: Random<'_>,
) -> Result<Vec<Vec<NodeId>>, PlacementError> {
    let count = usize::try_from(factor).unwrap_or(0);
    if count == 0 {
        return Err(PlacementError::NotPositive { factor });
    }
    if brokers.iter().all(|broker| broker.fenced) {
        return Err(PlacementError::NoUsableBroker);
    }
    if count > brokers.len() {
        return Err(PlacementError::TooFewBrokers { factor, brokers: brokers.len() });
    }
    let mut racks = Racks::new(brokers, random);
    Ok((0..partitions).map(|_| racks.next_partition(count, random)).collect())
}

/// Brokers that are handed out in turn.
#[derive(Default)]
struct Turn {
    brokers: Vec<NodeId>,
    /// Where the turn of this epoch starts.
    offset: usize,
    /// How many were handed out in this epoch.
    handed_out: usize,
    epoch: usize,
}

impl Turn {
    fn start_anywhere(&mut self, random: Random<'_>) {
        self.brokers.sort();
        self.offset = below(random, self.brokers.len());
    }

    /// The next broker of this epoch; `None` when each was handed out once.
    fn next(&mut self, epoch: usize) -> Option<NodeId> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.handed_out = 0;
            self.offset = (self.offset + 1) % self.brokers.len();
        }
        if self.handed_out == self.brokers.len() {
            return None;
        }
        let broker = self.brokers[(self.offset + self.handed_out) % self.brokers.len()];
        self.handed_out += 1;
        Some(broker)
    }
}

#[derive(Default)]
struct Rack {
    unfenced: Turn,
    fenced: Turn,
}

struct Racks {
    racks: Vec<Rack>,
    unfenced: usize,
    /// Counts partitions since the last shuffle.
    epoch: usize,
    /// The rack where the next partition starts.
    offset: usize,
}

impl Racks {
    fn new(brokers: &[UsableBroker], random: Random<'_>) -> Self {
        let mut by_name: BTreeMap<Option<&str>, Rack> = BTreeMap::new();
        for broker in brokers {
            let rack = by_name.entry(broker.rack.as_deref()).or_default();
            let turn = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
            turn.brokers.push(broker.id);
        }
        let mut racks: Vec<_> = by_name.into_values().collect();
        for rack in &mut racks {
            rack.fenced.start_anywhere(random);
            rack.unfenced.start_anywhere(random);
        }
        let offset = below(random, racks.len());
        let unfenced = brokers.iter().filter(|broker| !broker.fenced).count();
        Self { racks, unfenced, epoch: 0, offset }
    }

    fn next_partition(&mut self, count: usize, random: Random<'_>) -> Vec<NodeId> {
        // With a single unfenced broker there is nothing to vary.
        if self.epoch == self.unfenced && self.unfenced > 1 {
            self.shuffle(random);
            self.epoch = 0;
        }
        let racks = self.racks.len();
        self.offset %= racks;
        let epoch = self.epoch;
        let mut replicas = Vec::with_capacity(count);
        let mut leaders_rack = self.offset;
        for step in 0..racks {
            let rack = (self.offset + step) % racks;
            if let Some(leader) = self.racks[rack].unfenced.next(epoch) {
                replicas.push(leader);
                leaders_rack = rack;
                break;
            }
        }
        let mut rack = self.offset;
        // The leader's rack has had its turn in the first round.
        let mut passed_over = Some(leaders_rack);
        while replicas.len() < count {
            if passed_over == Some(rack) {
                passed_over = None;
            } else {
                let Rack { unfenced, fenced } = &mut self.racks[rack];
                replicas.extend(unfenced.next(epoch).or_else(|| fenced.next(epoch)));
            }
            rack = (rack + 1) % racks;
        }
        self.epoch += 1;
        self.offset += 1;
        replicas
    }

    fn shuffle(&mut self, random: Random<'_>) {
        shuffle(&mut self.racks, random);
        for rack in &mut self.racks {
            shuffle(&mut rack.fenced.brokers, random);
            shuffle(&mut rack.unfenced.brokers, random);
        }
    }
}

fn shuffle<T>(items: &mut [T], random: Random<'_>) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(random, last + 1));
    }
}

/// A number below `bound`; 0 where there is none.
fn below(random: Random<'_>, bound: usize) -> usize {
    match bound as u64 {
        0 => 0,
        bound => (random() % bound) as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(id: i32, rack: &str, fenced: bool) -> UsableBroker {
        UsableBroker { id: NodeId(id), rack: (!rack.is_empty()).then(|| rack.to_owned()), fenced }
    }

    fn zeros() -> impl FnMut() -> u64 {
        || 0
    }

    fn check(brokers: &[UsableBroker], partitions: usize, factor: i16, expect: &[&[i32]]) {
        let placed = place(brokers, partitions, factor, &mut zeros()).expect("the brokers suffice");
        let placed: Vec<Vec<i32>> = placed.iter().map(|row| row.iter().map(|id| id.0).collect()).collect();
        assert_eq!(placed, expect);
    }

    #[test]
    fn leaders_and_followers_go_round_the_brokers() {
        let brokers = [broker(1, "", false), broker(2, "", false), broker(3, "", false)];
        check(&brokers, 3, 2, &[&[1, 2], &[2, 3], &[3, 1]]);
    }

    #[test]
    fn replicas_go_round_the_racks() {
        let brokers =
            [broker(1, "a", false), broker(2, "a", false), broker(3, "b", false), broker(4, "c", false)];
        check(&brokers, 3, 3, &[&[1, 3, 4], &[3, 4, 2], &[4, 1, 3]]);
    }

    #[test]
    fn a_fenced_broker_follows_but_never_leads() {
        let brokers = [broker(1, "", false), broker(2, "", true)];
        check(&brokers, 2, 2, &[&[1, 2], &[1, 2]]);
    }

    #[test]
    fn too_few_brokers_are_refused() {
        let one = [broker(1, "", false)];
        let all_fenced = [broker(1, "", true)];
        let refused = |brokers: &[UsableBroker], factor| place(brokers, 1, factor, &mut zeros());
        assert_eq!(refused(&one, 2), Err(PlacementError::TooFewBrokers { factor: 2, brokers: 1 }));
        assert_eq!(refused(&one, 0), Err(PlacementError::NotPositive { factor: 0 }));
        assert_eq!(refused(&all_fenced, 1), Err(PlacementError::NoUsableBroker));
    }

    #[test]
    fn every_partition_gets_distinct_brokers_and_leaders_are_spread() {
        let brokers: Vec<_> =
            (0..7).map(|id| broker(id, ["a", "b", "c"][id as usize % 3], id == 5)).collect();
        let mut state = 42u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 33
        };
        let placed = place(&brokers, 600, 3, &mut random).expect("seven brokers suffice for three replicas");
        let mut led = [0; 7];
        for replicas in &placed {
            let mut distinct = replicas.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), 3);
            led[replicas[0].0 as usize] += 1;
        }
        assert_eq!(led[5], 0, "a fenced broker leads nothing");
        assert!(led.iter().enumerate().all(|(id, count)| id == 5 || *count >= 60), "{led:?}");
    }
}
