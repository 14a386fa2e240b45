//! Two thousand seeds of groups under fire, then in peace.

use io::Entropy;
use testkit::seeds;

use crate::client::Client;
use crate::invariants::{
    describe, every_group_is_stable, no_partition_has_two_owners, offsets_never_regress,
    the_log_tells_what_the_shard_knows,
};
use crate::world::World;

const SEEDS: u64 = 2_000;
/// Longer than all timeouts after each other: a new classic member that is gone counts for five minutes.
const PEACE_MS: i64 = 20 * 60 * 1_000;

#[test]
fn consumer_groups_keep_their_promises_under_fire_and_become_stable_in_peace() {
    seeds::each(SEEDS, run);
}

fn run(seed: u64) {
    let mut world = World::new(seed, clients(&Entropy::from_seed(seed + 1)));
    let clients = world.clients.len();
    for _ in 0..60 {
        let pass_ms = world.dice.below(2_500) as i64;
        world.pass(pass_ms);
        for _ in 0..3 {
            let who = world.dice.below(clients as u64) as usize;
            world.act(who);
            no_partition_has_two_owners(&world);
        }
        if world.dice.below(5) == 0 {
            world.fault();
            no_partition_has_two_owners(&world);
        }
    }
    world.commit();
    the_log_tells_what_the_shard_knows(&world);
    world.has_faults = false;
    let end_ms = world.now_ms() + PEACE_MS;
    while !every_group_is_stable(&world) {
        assert!(world.now_ms() < end_ms, "every group becomes stable without faults: {}", told(&world));
        world.pass(1_500);
        for who in 0..clients {
            world.act(who);
            world.commit();
            no_partition_has_two_owners(&world);
            offsets_never_regress(&mut world);
        }
    }
    world.commit();
    the_log_tells_what_the_shard_knows(&world);
}

/// For whoever looks for the reason.
fn told(world: &World) -> String {
    let shard = world.runtime.shard().expect("it is loaded");
    let described: Vec<_> = world.groups().keys().map(|group| describe(shard, group)).collect();
    format!("{described:?} {:?}", world.clients)
}

fn clients(dice: &Entropy) -> Vec<Client> {
    let groups = 1 + dice.below(2);
    let mut clients = Vec::new();
    for group in 0..groups {
        for number in 0..=dice.below(4) {
            let is_classic = dice.below(4) == 0;
            let instance = (!is_classic && dice.below(3) == 0).then(|| format!("i{number}"));
            clients.push(Client::new(format!("{group}{number}"), format!("g{group}"), instance, is_classic));
        }
    }
    clients
}
