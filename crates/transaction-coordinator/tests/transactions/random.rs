//! Thousands of seeds of transactions under fire, then in peace.

use io::Entropy;
use testkit::seeds;
use types::TransactionVersion;

use crate::client::Client;
use crate::world::World;

const SEEDS: u64 = 5_000;
/// Longer than a timeout and the interval at which it is looked for.
const PEACE_MS: i64 = 60_000;

#[test]
fn transactions_keep_their_promises_under_fire_and_end_in_peace() {
    let complete = seeds::sum(SEEDS, |seed| u64::from(run(seed)));
    let runs = seeds::below(SEEDS).count() as u64;
    assert!(complete >= 3 * runs, "{complete} in {runs} runs");
}

/// How many transactions were complete.
fn run(seed: u64) -> u32 {
    let dice = Entropy::from_seed(seed + 1);
    let version = match dice.below(4) {
        0 => TransactionVersion::V0,
        1 => TransactionVersion::V1,
        _ => TransactionVersion::V2,
    };
    let clients = 2 + dice.below(3) as usize;
    let ids = ["a", "b"];
    let clients =
        (0..clients).map(|number| Client::new(number, ids[number % 2], version)).collect::<Vec<_>>();
    let count = clients.len();
    let mut world = World::new(seed, version, clients);
    for _ in 0..50 {
        let pass_ms = world.dice.below(2_500) as i64;
        world.pass(pass_ms);
        let who = world.dice.below(count as u64) as usize;
        world.act(who);
        world.drive();
        if world.dice.below(5) == 0 {
            world.fault();
        }
        if world.dice.below(10) == 0 {
            world.check_log();
        }
    }
    world.has_faults = false;
    for client in &mut world.clients {
        client.is_closing = true;
    }
    let end_ms = world.now_ms() + PEACE_MS;
    while !world.is_at_rest() {
        assert!(world.now_ms() < end_ms, "every transaction ends without faults");
        world.pass(500);
        for who in 0..count {
            world.act(who);
        }
        world.drive();
    }
    world.check_log();
    world.book.complete
}
