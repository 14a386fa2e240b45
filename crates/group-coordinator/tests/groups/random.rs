//! Ten thousand seeds of groups under fire, then in peace.

use io::Entropy;
use testkit::seeds;

use crate::client::Client;
use crate::invariants::{every_group_is_stable, every_request_is_answered};
use crate::world::World;

const SEEDS: u64 = 10_000;
/// Longer than all timeouts after each other: a new member that is gone counts for five minutes.
const PEACE_MS: i64 = 15 * 60 * 1_000;

#[test]
fn groups_keep_their_promises_under_fire_and_become_stable_in_peace() {
    seeds::each(SEEDS, run);
}

fn run(seed: u64) {
    let mut world = World::new(seed, clients(&Entropy::from_seed(seed + 1)));
    let clients = world.clients.len();
    for _ in 0..40 {
        let pass_ms = world.dice.below(4_000) as i64;
        world.pass(pass_ms);
        for _ in 0..3 {
            let who = world.dice.below(clients as u64) as usize;
            world.act(who);
        }
        if world.dice.below(4) == 0 {
            world.fault();
        }
    }
    world.has_faults = false;
    let end_ms = world.now_ms() + PEACE_MS;
    while !every_group_is_stable(&world) {
        assert!(world.now_ms() < end_ms, "every group becomes stable without faults");
        world.pass(1_500);
        for who in 0..clients {
            world.act(who);
            world.commit();
        }
    }
    world.commit();
    every_request_is_answered(&world.book, &world.gone);
}

fn clients(dice: &Entropy) -> Vec<Client> {
    let groups = 1 + dice.below(2);
    let mut clients = Vec::new();
    for group in 0..groups {
        for number in 0..=dice.below(3) {
            let name = format!("{group}{number}");
            let instance = (dice.below(3) == 0).then(|| format!("i{number}"));
            let (session_s, rebalance_s) = (6 + dice.below(20) as i32, 5 + dice.below(30) as i32);
            clients.push(Client::new(&name, &format!("g{group}"), instance, session_s, rebalance_s));
        }
    }
    clients
}
