//! Responses that hold ranges of files.

use std::io::IoSlice;
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
