//! The thread or task a node lives in.

use std::future::Future;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use config::NodeConfig;
use io::{Clock, Disk};
use node::assembly::Silent;
use node::{Environment, NodeError, ServedNode};
use tokio::runtime;
use tokio::sync::oneshot;

use crate::milena::{Home, Running};
use crate::script::{Rules, ScriptedService};
use crate::virtual_time::{ParkSignal, VirtualTime};
use crate::{Milena, StartError};

/// How long requests that were begun may take to be answered once the node is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// What a builder was told.
pub(crate) struct Plan {
    pub(crate) config: NodeConfig,
    pub(crate) environment: Environment,
    /// Where the wall clock of a node with virtual time begins, in milliseconds since 1970.
    pub(crate) virtual_epoch_ms: Option<i64>,
}

/// A node on a thread of its own, whose runtime has no other: what it began has ended when the thread has.
pub(crate) fn on_own_thread(plan: Plan) -> Result<Milena, StartError> {
    let (ready, is_ready) = mpsc::sync_channel(1);
    let (stop, stopped) = oneshot::channel();
    let (ended, end) = oneshot::channel();
    let thread = thread::Builder::new().name("milena".to_owned()).spawn(move || {
        let lived = live_on_this_thread(plan, ready, stopped);
        // Nobody may be left who wants to know.
        let _ = ended.send(lived);
    })?;
    match is_ready.recv() {
        Ok(Ok(running)) => Ok(Milena::new(running, stop, end, Home::Thread(thread))),
        Ok(Err(error)) => {
            join(thread);
            Err(error)
        }
        Err(mpsc::RecvError) => match thread.join() {
            Ok(()) => unreachable!("a thread that ends by itself has said why"),
            Err(panic) => std::panic::resume_unwind(panic),
        },
    }
}

fn live_on_this_thread(
    plan: Plan,
    ready: mpsc::SyncSender<Result<Running, StartError>>,
    stopped: oneshot::Receiver<()>,
) -> Result<(), NodeError> {
    let parks = ParkSignal::default();
    let mut builder = runtime::Builder::new_current_thread();
    builder.enable_all().thread_name("milena-disk");
    if plan.virtual_epoch_ms.is_some() {
        let parks = parks.clone();
        builder.start_paused(true).on_thread_park(move || parks.parked());
    }
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(error.into()));
            return Ok(());
        }
    };
    let tell = move |started| drop(ready.send(started));
    // Dropped here: waits for the work that was handed to other threads.
    runtime.block_on(live(plan, Some(parks), tell, stopped))
}

/// A node as a task of the caller's runtime.
pub(crate) async fn on_this_runtime(plan: Plan) -> Result<Milena, StartError> {
    let (ready, is_ready) = oneshot::channel();
    let (stop, stopped) = oneshot::channel();
    let (ended, end) = oneshot::channel();
    let task = tokio::spawn(async move {
        let _ = ended.send(live(plan, None, move |started| drop(ready.send(started)), stopped).await);
    });
    match is_ready.await {
        Ok(started) => Ok(Milena::new(started?, stop, end, Home::Task)),
        Err(_) => match task.await {
            Ok(()) => unreachable!("a task that ends by itself has said why"),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        },
    }
}

/// The life of a node: `ready` is told once how its start went. Ends when `stopped` says so or its handle is gone. `parks`
/// is of a runtime whose time is the node's alone.
async fn live(
    plan: Plan,
    parks: Option<ParkSignal>,
    ready: impl FnOnce(Result<Running, StartError>),
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), NodeError> {
    let Plan { config, mut environment, virtual_epoch_ms } = plan;
    if let Some(epoch_ms) = virtual_epoch_ms {
        environment.clock = Clock::following(epoch_ms);
    }
    if let Disk::Simulated(disk) = &environment.disk {
        disk.set_clock(environment.clock.clone());
    }
    let (clock, disk) = (environment.clock.clone(), environment.disk.clone());
    let time = match virtual_epoch_ms {
        Some(_) => parks.map(|parks| VirtualTime::new(parks, clock.clone())),
        None => None,
    };
    let rules = Rules::default();
    let scripted = |handlers| ScriptedService::new(handlers, rules.clone());
    let lived = match ServedNode::start_with(config, environment, Box::new(Silent), scripted).await {
        Err(error) => {
            ready(Err(error.into()));
            Ok(())
        }
        Ok(node) => {
            if let Some(time) = &time {
                time.freeze();
            }
            // Only the runtime's own threads can follow its time.
            let clock = if time.is_some() { Clock::simulated(clock.now_ms()) } else { clock };
            ready(Ok(Running {
                bootstrap: node.bootstrap(),
                handlers: node.node().handlers().clone(),
                runtime: runtime::Handle::current(),
                clock,
                rules: rules.clone(),
                time: time.clone(),
            }));
            serve(node, time, &rules, &mut stopped).await
        }
    };
    if let Disk::Simulated(disk) = disk {
        disk.release_locks();
    }
    lived
}

async fn serve(
    mut node: ServedNode,
    time: Option<VirtualTime>,
    rules: &Rules,
    stopped: &mut oneshot::Receiver<()>,
) -> Result<(), NodeError> {
    let failure = tokio::select! {
        biased;
        _ = stopped => None,
        failure = node.failed() => Some(failure),
    };
    rules.lift_all();
    // From here on nobody moves time, and what waits for it must end.
    if let Some(time) = time {
        time.let_go();
    }
    match failure {
        Some(failure) => {
            node.hang_up().await;
            Err(failure)
        }
        None => {
            node.stop(GRACE).await;
            Ok(())
        }
    }
}

/// Waits for a thread whose outcome was told otherwise.
pub(crate) fn join(thread: thread::JoinHandle<()>) {
    // A panic was printed where it happened.
    let _ = thread.join();
}

/// Runs `work` on the node's runtime, whose time it then sees.
///
/// # Panics
/// When the node has ended.
pub(crate) async fn run_on<T: Send + 'static>(
    runtime: &runtime::Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match runtime.spawn(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => panic!("the node has ended"),
    }
}
