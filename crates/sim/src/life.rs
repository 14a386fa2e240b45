//! One life of the node: started, looked over, used, ended one way or another.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use io::Blocking;
use net::server::{Server, ServerSettings};
use node::assembly::Silent;
use node::{BoundListener, Node, NodeError};
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, timeout};

use crate::actors::{Actors, audit, group_audit, transaction_audit};
use crate::invariants::Violation;
use crate::plan::{DiskFault, End, Life};
use crate::world::{Door, World};

/// How long a node may take to come up, in simulated time.
const START_MAX: Duration = Duration::from_secs(30);
/// How often the wall clock moves on.
const TICK: Duration = Duration::from_millis(10);

/// A life with clients and, perhaps, faults.
pub(crate) fn live(world: &Rc<World>, actors: &Actors, number: usize, life: Life) {
    let ended = in_life(world, number, life.clock_jump_ms, async {
        begin_fault_at_start(world, life.fault);
        let Some(mut node) = start(world).await else { return End::Death };
        if world.is_disk_at_fault() {
            world.counts.borrow_mut().starts_on_failing_disks += 1;
        }
        tokio::task::spawn_local(fault_later(world.clone(), life.fault));
        let clients = actors.spawn();
        tokio::select! {
            biased;
            () = world.broken.notified() => {}
            error = node.failed() => judge(world, "node_stays_up", &error.to_string()),
            () = sleep(life.length) => {}
        }
        if life.end == End::CleanStop && !world.is_broken() {
            clients.end().await;
            stop(world, node).await;
        } else {
            // Kept until the disk writes no more: what a value does when it is dropped is not done by the dead.
            hold(world);
            drop(node);
        }
        life.end
    });
    after(world, life.end, ended);
}

/// A life without faults in which nothing is done but to look whether every promise was kept, and to let groups settle.
pub(crate) fn last(world: &Rc<World>, actors: &Actors, number: usize) {
    in_life(world, number, 0, async {
        if let Some(node) = start(world).await {
            world.calm_down();
            let members = actors.spawn_members();
            tokio::select! {
                biased;
                () = world.broken.notified() => {}
                () = group_audit::settle(world) => {}
            }
            members.end().await;
            transaction_audit::audit(world).await;
            stop(world, node).await;
        }
    });
}

/// Runs `story` in a runtime of its own, which ends with it: no task outlives the process.
fn in_life<T>(world: &Rc<World>, number: usize, clock_jump_ms: i64, story: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without input and output needs nothing of the system");
    let tasks = LocalSet::new();
    world.counts.borrow_mut().lives += 1;
    let ended = runtime.block_on(tasks.run_until(async {
        world.trace.begin_life(number);
        world.begin_life();
        if clock_jump_ms != 0 {
            world.trace.line("clock", &format!("jumps by {clock_jump_ms} ms"));
            world.counts.borrow_mut().clock_jumps += 1;
        }
        tokio::task::spawn_local(keep_time(world.clone(), clock_jump_ms));
        let ended = story.await;
        world.end_life();
        ended
    }));
    world.book.borrow_mut().groups.life_ended();
    world.set_door(None);
    drop(tasks);
    drop(runtime);
    world.trace.end_life();
    ended
}

async fn keep_time(world: Rc<World>, jump_ms: i64) {
    let (origin, base_ms) = (Instant::now(), world.clock.now_ms() + jump_ms);
    loop {
        let now_ms = base_ms + origin.elapsed().as_millis() as i64;
        world.clock.set_ms(now_ms);
        world.disk.set_now_ms(now_ms);
        sleep(TICK).await;
    }
}

/// Starts the node and, once it serves, holds it to all that was promised before. `None`: it did not come up, which is
/// noted unless the disk is to blame.
async fn start(world: &Rc<World>) -> Option<Node> {
    let started = timeout(START_MAX, async {
        let listener =
            BoundListener { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092 };
        let mut node = Node::start(world.plan.config.clone(), world.environment(), &[listener]).await?;
        let report = node.open(Silent).await?;
        Ok::<_, NodeError>((node, report))
    })
    .await;
    match started {
        Ok(Ok((node, report))) => {
            world.trace.line("node", &format!("serves, {} logs", report.opened));
            if report.failed > 0 {
                judge(world, "every_log_opens_again", &format!("{} did not", report.failed));
                return None;
            }
            let server =
                Server::new(ServerSettings { blocking: Blocking::Inline, ..ServerSettings::default() });
            world.set_door(Some(Door { server, handlers: Arc::new(node.handlers().clone()) }));
            let is_whole = audit::audit(world).await
                && group_audit::audit(world).await
                && transaction_audit::audit(world).await;
            if is_whole || world.is_broken() {
                return Some(node);
            }
            // Clients know too little of what is there to judge what they are told.
            judge(world, "everything_can_be_looked_over", "it could not");
            hold(world);
            None
        }
        Ok(Err(error)) => {
            judge(world, "node_comes_up_again", &error.to_string());
            None
        }
        Err(_) => {
            judge(world, "node_comes_up_again", &format!("not within {START_MAX:?}"));
            None
        }
    }
}

/// Only a failing disk is an excuse.
fn judge(world: &World, invariant: &'static str, detail: &str) {
    if world.is_disk_at_fault() {
        world.trace.line("node", &format!("{invariant}: excused: {detail}"));
    } else {
        world.fail(Violation::new(invariant, detail.to_owned()));
    }
}

async fn stop(world: &World, node: Node) {
    world.trace.line("node", "is told to stop");
    let stopped = timeout(START_MAX, node.stop()).await;
    if stopped.is_err() {
        judge(world, "node_stops", &format!("not within {START_MAX:?}"));
    }
}

fn begin_fault_at_start(world: &World, fault: Option<DiskFault>) {
    if let Some(fault @ DiskFault::Sync { after: Duration::ZERO, .. }) = fault {
        begin_fault(world, fault);
    }
}

async fn fault_later(world: Rc<World>, fault: Option<DiskFault>) {
    let Some(fault) = fault else { return };
    let (DiskFault::Sync { after, .. } | DiskFault::Full { after, .. }) = fault;
    if !after.is_zero() {
        sleep(after).await;
        begin_fault(&world, fault);
    }
}

fn begin_fault(world: &World, fault: DiskFault) {
    world.trace.line("disk", &format!("{fault:?}"));
    world.counts.borrow_mut().disk_faults += 1;
    world.set_disk_at_fault(true);
    match fault {
        DiskFault::Sync { left, .. } => world.disk.set_syncs_left(Some(left)),
        DiskFault::Full { left, .. } => world.disk.set_bytes_left(Some(left)),
    }
}

/// From here on the node writes nothing.
fn hold(world: &World) {
    world.disk.set_bytes_left(Some(0));
    world.disk.set_syncs_left(Some(0));
}

/// What the end of a life leaves on the disk. A node that did not come up has died, whatever was planned.
fn after(world: &World, planned: End, ended: End) {
    world.disk.set_bytes_left(None);
    world.disk.set_syncs_left(None);
    world.set_disk_at_fault(false);
    let end = if planned == End::PowerCut { planned } else { ended };
    world.trace.line("end", &format!("{end:?}"));
    match end {
        End::CleanStop => world.disk.release_locks(),
        End::Death => {
            world.counts.borrow_mut().deaths += 1;
            world.disk.release_locks();
        }
        End::PowerCut => {
            world.counts.borrow_mut().power_cuts += 1;
            world.disk.crash(&world.entropy);
            let is_flushed = world.plan.is_offsets_topic_flushed;
            let mut book = world.book.borrow_mut();
            book.power_was_cut();
            book.groups.power_was_cut(is_flushed);
        }
    }
}
