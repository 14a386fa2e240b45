//! How long a node takes from its start to its first answer, and to stop: the median and the slowest of many.
//!
//! `cargo run --release -p embedded --example time_to_ready [RUNS]`

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use embedded::Milena;
use tokio::time::Instant;

fn main() {
    let runs = std::env::args().nth(1).and_then(|runs| runs.parse().ok()).unwrap_or(200);
    for (name, on_disk) in [("in memory", false), ("in a directory", true)] {
        let (mut ready, mut answered, mut stopped) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..runs {
            let directory = tempfile::tempdir().expect("a directory is made");
            let begin = Instant::now();
            let builder = Milena::builder();
            let builder = if on_disk { builder.data_dir(directory.path()) } else { builder };
            let node = builder.start().expect("the node starts");
            ready.push(begin.elapsed());
            ask(node.bootstrap());
            answered.push(begin.elapsed());
            let stop = Instant::now();
            drop(node);
            stopped.push(stop.elapsed());
        }
        for (what, times) in [("ready", ready), ("first answer", answered), ("stopped", stopped)] {
            tell(name, what, times);
        }
    }
}

/// Asks for the versions of APIs that are served, as any client does first.
fn ask(bootstrap: &str) {
    let mut stream = TcpStream::connect(bootstrap).expect("it listens");
    // ApiVersions 0 without a client id: length, key 18, version 0, correlation id, null.
    stream.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).expect("it reads");
    let mut length = [0; 4];
    stream.read_exact(&mut length).expect("it answers");
}

fn tell(name: &str, what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let micros = |place: usize| times[place].as_micros();
    println!("{name}, {what}: median {} µs, slowest {} µs", micros(times.len() / 2), micros(times.len() - 1));
}
