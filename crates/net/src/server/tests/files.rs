//! Responses that hold ranges of files.

use std::io::{IoSlice, Read, Write};
use std::path::Path;

use ::io::disk::{OpenMode, SimulatedDisk};
use ::io::{Disk, DiskFile, FileRegion};

use super::*;

/// The byte at a position: a pattern without a short period.
fn byte_at(position: usize) -> u8 {
    ((position as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

fn pattern(position: usize, length: usize) -> Vec<u8> {
    (position..position + length).map(byte_at).collect()
}

/// A file of `length` bytes of the pattern.
fn file(disk: &Disk, path: &Path, length: usize) -> DiskFile {
    let file = disk.open(path, OpenMode::CreateNew).unwrap();
    for position in (0..length).step_by(1 << 20) {
        let block = pattern(position, (length - position).min(1 << 20));
        file.append(&mut [IoSlice::new(&block)], position as u64).unwrap();
    }
    file
}

fn region(file: &DiskFile, position: usize, length: usize) -> Chunk {
    Chunk::File(FileRegion { file: file.clone(), position: position as u64, length })
}

/// Answers every request with these chunks, after the correlation id.
fn chunks(chunks: Vec<Chunk>) -> Arc<impl Service> {
    script(move |request| {
        let mut response = answer(&request, b"");
        response.chunks.extend(chunks.iter().cloned());
        async move { Answer::Now(response) }
    })
}

/// Ranges below and above the size from which `sendfile` pays, between pieces of memory.
fn mixture(file: &DiskFile) -> (Vec<Chunk>, Vec<u8>) {
    let memory = |text: &'static str| Chunk::Bytes(Bytes::from_static(text.as_bytes()));
    let chunks = vec![
        memory("head"),
        region(file, 5, 100),
        memory(""),
        region(file, 1000, 300_000),
        region(file, 0, 0),
        region(file, 77, 16 * 1024),
        memory("middle"),
        region(file, 3, 16 * 1024 - 1),
        region(file, 9, 1),
        memory("tail"),
    ];
    let expected = [
        b"head".to_vec(),
        pattern(5, 100),
        pattern(1000, 300_000),
        pattern(77, 16 * 1024),
        b"middle".to_vec(),
        pattern(3, 16 * 1024 - 1),
        pattern(9, 1),
        b"tail".to_vec(),
    ]
    .concat();
    (chunks, expected)
}

#[tokio::test]
async fn a_socket_gets_memory_and_ranges_of_files_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(&Disk::Real, &directory.path().join("log"), 400_000);
    let (parts, expected) = mixture(&file);
    let server = Server::new(ServerSettings::default());
    let mut peer = over_tcp(&server, chunks(parts)).await;
    for round in 0..3 {
        peer.write_all(&request(round, b"")).await.unwrap();
        let (id, body) = soon("a response", response(&mut peer)).await;
        assert_eq!(id, round);
        assert!(body == expected, "the content differs");
    }
    let written = server.counters("TEST").response_bytes();
    assert_eq!(written, 3 * (expected.len() as u64 + 8));
    server.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_pipe_gets_the_same_from_a_real_and_from_a_simulated_disk() {
    let directory = tempfile::tempdir().unwrap();
    let simulated = (Disk::Simulated(SimulatedDisk::default()), Path::new("log").to_owned());
    for (disk, path) in [simulated, (Disk::Real, directory.path().join("log"))] {
        let (parts, expected) = mixture(&file(&disk, &path, 400_000));
        let (mut peer, _ended) = over_pipe(&Server::new(ServerSettings::default()), chunks(parts));
        peer.write_all(&request(1, b"")).await.unwrap();
        assert!(response(&mut peer).await == (1, expected), "the content differs");
    }
}

#[tokio::test]
async fn a_large_file_reaches_a_slow_reader_whole_through_small_buffers() {
    const LENGTH: usize = 100 << 20;
    let directory = tempfile::tempdir().unwrap();
    let file = file(&Disk::Real, &directory.path().join("log"), LENGTH);
    let server = Server::new(ServerSettings::default());
    let mut peer = over_tcp(&server, chunks(vec![region(&file, 0, LENGTH)])).await;
    socket2::SockRef::from(&peer).set_recv_buffer_size(16 * 1024).unwrap();
    peer.write_all(&request(7, b"")).await.unwrap();
    assert_eq!(peer.read_i32().await.unwrap() as usize, LENGTH + 4);
    assert_eq!(peer.read_i32().await.unwrap(), 7);
    let mut piece = vec![0; 64 * 1024];
    let mut position = 0;
    while position < LENGTH {
        // The server's side runs dry again and again: the reader takes its time between pieces.
        tokio::task::yield_now().await;
        let read = soon("more of the file", peer.read(&mut piece)).await.unwrap();
        assert!(read > 0, "the connection ended after {position} bytes");
        assert!(piece[..read] == pattern(position, read), "the content differs after {position} bytes");
        position += read;
    }
    // The connection is good for the next request.
    peer.write_all(&request(8, b"")).await.unwrap();
    assert_eq!(soon("a response", peer.read_i32()).await.unwrap() as usize, LENGTH + 4);
    server.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_file_cut_while_it_is_sent_ends_the_connection() {
    const LENGTH: usize = 16 << 20;
    let directory = tempfile::tempdir().unwrap();
    let file = file(&Disk::Real, &directory.path().join("log"), LENGTH);
    let server = Server::new(ServerSettings::default());
    let mut peer = over_tcp(&server, chunks(vec![region(&file, 0, LENGTH)])).await;
    socket2::SockRef::from(&peer).set_recv_buffer_size(16 * 1024).unwrap();
    peer.write_all(&request(7, b"")).await.unwrap();
    assert_eq!(peer.read_i32().await.unwrap() as usize, LENGTH + 4);
    file.set_len(1000).unwrap();
    let received = soon("the end", rest(&mut peer)).await.len();
    assert!(received < LENGTH, "{received} bytes of a file that was cut");
    server.shutdown(Duration::from_secs(30)).await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_range_beyond_its_file_ends_the_connection_and_says_why() {
    let disk = Disk::Simulated(SimulatedDisk::default());
    let file = file(&disk, Path::new("log"), 1000);
    let parts = vec![region(&file, 900, 150)];
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), chunks(parts));
    peer.write_all(&request(1, b"")).await.unwrap();
    rest(&mut peer).await;
    let reason = ended.await.unwrap();
    assert!(matches!(reason, CloseReason::FileCut { missing: 50 }), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_does_not_read_pins_no_more_than_one_response_above_the_cap() {
    let journal = Journal::default();
    let written = journal.clone();
    let service = script(move |request| {
        let journal = written.clone();
        async move {
            journal.write(format!("{}", request.header.correlation_id));
            Answer::Later(Box::pin(async move { answer(&request, &[0; 100_000]) }))
        }
    });
    let settings = ServerSettings { unwritten_bytes_max: 250_000, ..ServerSettings::default() };
    let (mut peer, _ended) = over_pipe(&Server::new(settings), service);
    for number in 0..10 {
        peer.write_all(&request(number, b"")).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    // 64 KiB went into the pipe: four responses leave more than the cap unwritten.
    assert_eq!(journal.read(), ["0", "1", "2", "3"]);
    for number in 0..10 {
        assert_eq!(response(&mut peer).await.0, number);
    }
}

#[tokio::test(start_paused = true)]
async fn waits_that_end_together_do_not_pile_up_their_responses() {
    let (journal, gates) = (Journal::default(), Gates::default());
    let (written, waited) = (journal.clone(), gates.clone());
    let service = script(move |request| {
        let (journal, gates) = (written.clone(), waited.clone());
        async move {
            let name = request.header.correlation_id.to_string();
            gates.open(&format!("begun {name}"));
            Answer::Later(Box::pin(async move {
                gates.passed(&name).await;
                journal.write(name);
                answer(&request, &[0; 100_000])
            }))
        }
    });
    let settings = ServerSettings { unwritten_bytes_max: 250_000, ..ServerSettings::default() };
    let (mut peer, _ended) = over_pipe(&Server::new(settings), service);
    for number in 0..10 {
        peer.write_all(&request(number, b"")).await.unwrap();
    }
    gates.passed("begun 9").await;
    for number in (0..10).rev() {
        gates.open(&number.to_string());
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!((3..=5).contains(&journal.read().len()), "{:?}", journal.read());
    for number in 0..10 {
        assert_eq!(response(&mut peer).await.0, number);
    }
}

#[test]
fn a_range_that_is_not_in_memory_does_not_stop_other_connections_of_the_same_thread() {
    let simulated = SimulatedDisk::default();
    let disk = Disk::Simulated(simulated.clone());
    let cold = file(&disk, Path::new("log"), 400_000);
    let service = script(move |request| {
        let mut response = answer(&request, b"");
        // The larger one and, before it, one of the size that is copied on the way.
        if &*request.body == b"file" {
            response.chunks.extend([region(&cold, 7, 100), region(&cold, 1000, 300_000)]);
        }
        async move { Answer::Now(response) }
    });
    // One thread serves the network; the peers are on another, so that they notice when that one stands still.
    let (tell_address, address) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let network = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::new(ServerSettings::default());
            let settings = ListenerSettings::new("TEST", Some("127.0.0.1".to_owned()), 0);
            let listener = Listener::bind(&settings).await.unwrap();
            tell_address.send(listener.local_address()).unwrap();
            server.serve(listener, service);
            let _ = stopped.await;
            server.shutdown(Duration::ZERO).await;
        });
    });
    let address = address.recv().unwrap();
    let connect = || {
        let peer = std::net::TcpStream::connect(address).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        peer
    };
    let held = simulated.hold_reads();
    // More cold readers than are read for at a time.
    let mut cold_readers: Vec<_> = (0..8).map(|_| connect()).collect();
    for reader in &mut cold_readers {
        reader.write_all(&request(1, b"file")).unwrap();
    }
    let mut other = connect();
    for number in 0..20 {
        other.write_all(&request(number, b"")).unwrap();
        assert_eq!(blocking_response(&mut other), (number, Vec::new()));
    }
    drop(held);
    let expected = [pattern(7, 100), pattern(1000, 300_000)].concat();
    for reader in &mut cold_readers {
        assert!(blocking_response(reader) == (1, expected.clone()), "the content differs");
    }
    drop(stop);
    network.join().unwrap();
}

/// Reads one response without a runtime; fails when the peer is silent for long.
fn blocking_response(peer: &mut std::net::TcpStream) -> (i32, Vec<u8>) {
    let mut number = [0; 4];
    peer.read_exact(&mut number).expect("a response follows");
    let length = i32::from_be_bytes(number) as usize;
    peer.read_exact(&mut number).expect("a response has an id");
    let mut body = vec![0; length - 4];
    peer.read_exact(&mut body).expect("a response is whole");
    (i32::from_be_bytes(number), body)
}

#[tokio::test]
async fn a_real_file_that_the_system_dropped_from_memory_is_sent_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let file = file(&Disk::Real, &path, 3 << 20);
    file.sync().unwrap();
    let (mut parts, mut expected) = mixture(&file);
    parts.push(region(&file, 500_000, 2 << 20));
    expected.extend(pattern(500_000, 2 << 20));
    let server = Server::new(ServerSettings::default());
    let mut peer = over_tcp(&server, chunks(parts)).await;
    for round in 0..3 {
        let dropped = std::fs::File::open(&path).unwrap();
        rustix::fs::fadvise(&dropped, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        peer.write_all(&request(round, b"")).await.unwrap();
        let (id, body) = soon("a response", response(&mut peer)).await;
        assert_eq!(id, round);
        assert!(body == expected, "the content differs");
    }
    server.shutdown(Duration::ZERO).await;
}
