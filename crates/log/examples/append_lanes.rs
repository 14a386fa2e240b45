//! Two ways to append to one partition from many connections, measured side by side: a short mutex in which each
//! writes its own batch, and a lane, one thread that combines whatever waits into one write.
//!
//! `cargo run --release --package log --example append_lanes [DIRECTORY]` prints CPU-microseconds and wall-clock
//! microseconds for each batch. The figures and what was made of them stand in
//! docs/decisions/0007-append-under-a-short-mutex.md.

use std::io::IoSlice;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ::io::disk::OpenMode;
use ::io::{Disk, DiskFile};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// Bytes each measurement writes.
const TOTAL_BYTES: usize = 512 << 20;
/// A lane takes at most so many batches into one write.
const COMBINED_MAX: usize = 64;

/// One partition's file and where its next byte goes.
struct Tail {
    file: DiskFile,
    position: u64,
}

impl Tail {
    fn create(path: &Path) -> std::io::Result<Self> {
        let _ = std::fs::remove_file(path);
        Ok(Self { file: Disk::Real.open(path, OpenMode::CreateNew)?, position: 0 })
    }

    fn append(&mut self, slices: &mut [IoSlice<'_>]) -> u64 {
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        self.file.append(slices, self.position).expect("the disk has room");
        let first = self.position;
        self.position += length as u64;
        first
    }
}

type Batch = (Arc<[u8]>, oneshot::Sender<u64>);

async fn with_mutex(path: &Path, batch: Arc<[u8]>, connections: usize, each: usize) -> std::io::Result<()> {
    let tail = Arc::new(Mutex::new(Tail::create(path)?));
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (tail, batch) = (tail.clone(), batch.clone());
            tokio::spawn(async move {
                for _ in 0..each {
                    {
                        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
                        std::hint::black_box(tail.append(&mut [IoSlice::new(&batch)]));
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no connection panics");
    }
    Ok(())
}

async fn with_lane(path: &Path, batch: Arc<[u8]>, connections: usize, each: usize) -> std::io::Result<()> {
    let mut tail = Tail::create(path)?;
    let (sender, mut inbox) = mpsc::channel::<Batch>(1024);
    let lane = std::thread::spawn(move || {
        let mut waiting = Vec::with_capacity(COMBINED_MAX);
        while let Some(first) = inbox.blocking_recv() {
            waiting.push(first);
            while waiting.len() < COMBINED_MAX
                && let Ok(next) = inbox.try_recv()
            {
                waiting.push(next);
            }
            let mut slices: Vec<_> = waiting.iter().map(|(batch, _)| IoSlice::new(batch)).collect();
            let first = tail.append(&mut slices);
            for (_, reply) in waiting.drain(..) {
                let _ = reply.send(first);
            }
        }
    });
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (sender, batch) = (sender.clone(), batch.clone());
            tokio::spawn(async move {
                for _ in 0..each {
                    let (reply, appended) = oneshot::channel();
                    sender.send((batch.clone(), reply)).await.expect("the lane lives");
                    std::hint::black_box(appended.await.expect("the lane answers"));
                }
            })
        })
        .collect();
    drop(sender);
    for task in tasks {
        task.await.expect("no connection panics");
    }
    lane.join().expect("the lane does not panic");
    Ok(())
}

/// CPU time of this process in microseconds, user and system.
fn cpu_us() -> u128 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells it");
    let after_name = stat.rsplit_once(") ").expect("the name ends").1;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks: u128 = [11, 12].iter().map(|field| fields[*field].parse::<u128>().expect("a number")).sum();
    ticks * 10_000
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| std::env::temp_dir().display().to_string());
    let path = Path::new(&directory).join("append-lanes");
    println!("| batch | connections | mutex: CPU µs | lane: CPU µs | mutex: wall µs | lane: wall µs |");
    println!("|---|---|---|---|---|---|");
    for bytes in [1 << 10, 16 << 10, 100 << 10] {
        for connections in [1, 4, 32] {
            let batches = (TOTAL_BYTES / bytes).min(100_000);
            let each = batches / connections;
            let batch: Arc<[u8]> = vec![7; bytes].into();
            let (cpu, wall) = (cpu_us(), Instant::now());
            with_mutex(&path, batch.clone(), connections, each).await?;
            let mutex = (cpu_us() - cpu, wall.elapsed().as_micros());
            let (cpu, wall) = (cpu_us(), Instant::now());
            with_lane(&path, batch, connections, each).await?;
            let lane = (cpu_us() - cpu, wall.elapsed().as_micros());
            let per_batch = |total: u128| total as f64 / (each * connections) as f64;
            println!(
                "| {} KiB | {connections} | {:.1} | {:.1} | {:.1} | {:.1} |",
                bytes >> 10,
                per_batch(mutex.0),
                per_batch(lane.0),
                per_batch(mutex.1),
                per_batch(lane.1)
            );
        }
    }
    std::fs::remove_file(&path)
}
