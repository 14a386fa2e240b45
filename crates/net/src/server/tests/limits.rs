//! What a hostile, broken, slow or crowded peer may cost.

use std::net::{IpAddr, Ipv4Addr};

use super::super::ConnectionLimits;
use super::*;
use crate::FrameError;

async fn ended_after(settings: ServerSettings, bytes: &[u8]) -> (Vec<u8>, CloseReason) {
    let (mut peer, ended) = over_pipe(&Server::new(settings), echo());
    peer.write_all(bytes).await.unwrap();
    let rest = rest(&mut peer).await;
    (rest, ended.await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn lengths_out_of_bounds_end_the_connection_with_the_length_alone() {
    for (announced, expected) in [
        (-1_i32, FrameError::Negative { announced: -1 }),
        (65_537, FrameError::TooLarge { announced: 65_537, limit: 65_536 }),
        // The beginning of an HTTP request.
        (i32::from_be_bytes(*b"GET "), FrameError::TooLarge { announced: 0x4745_5420, limit: 65_536 }),
    ] {
        let (rest, reason) = ended_after(ServerSettings::default(), &announced.to_be_bytes()).await;
        assert!(rest.is_empty());
        assert!(matches!(reason, CloseReason::Frame(found) if found == expected), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_rises_with_the_first_valid_request() {
    let settings = ServerSettings { request_bytes_max: 100_010, ..ServerSettings::default() };
    let (mut peer, ended) = over_pipe(&Server::new(settings), echo());
    peer.write_all(&request(1, &[1; 1000])).await.unwrap();
    assert_eq!(response(&mut peer).await, (1, vec![1; 1000]));
    let large = request(2, &[2; 100_000]);
    let (mut reader, mut writer) = tokio::io::split(peer);
    let (written, response) = tokio::join!(writer.write_all(&large), response(&mut reader));
    written.unwrap();
    assert_eq!(response, (2, vec![2; 100_000]));
    writer.write_all(&request(3, &[3; 100_001])[..4]).await.unwrap();
    assert_eq!(rest(&mut reader).await, b"");
    let reason = ended.await.unwrap();
    let expected = FrameError::TooLarge { announced: 100_011, limit: 100_010 };
    assert!(matches!(reason, CloseReason::Frame(found) if found == expected), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_does_not_raise_the_limit_for_those_behind_it() {
    let journal = Journal::default();
    let written = journal.clone();
    let service = script(move |_| {
        written.write("called");
        async { Answer::Close(CloseReason::refused("not served")) }
    });
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), service);
    peer.write_all(&[request(1, b""), 70_000_i32.to_be_bytes().to_vec()].concat()).await.unwrap();
    assert_eq!(rest(&mut peer).await, b"");
    assert!(matches!(ended.await.unwrap(), CloseReason::Refused { .. }));
    assert_eq!(journal.read(), ["called"]);
}

#[tokio::test(start_paused = true)]
async fn headers_that_are_none_end_the_connection_after_earlier_answers() {
    let mut unknown_api = request(2, b"");
    unknown_api[4..6].copy_from_slice(&9999_i16.to_be_bytes());
    for malformed in [unknown_api, vec![0, 0, 0, 0], vec![0, 0, 0, 3, 0, 18, 0]] {
        let (rest, reason) =
            ended_after(ServerSettings::default(), &[request(1, b"first"), malformed].concat()).await;
        assert_eq!(rest, b"\0\0\0\x09\0\0\0\x01first");
        assert!(matches!(reason, CloseReason::MalformedHeader { .. }), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_may_come_byte_by_byte() {
    let (mut peer, _ended) = over_pipe(&Server::new(ServerSettings::default()), echo());
    for byte in [request(1, b"slowly"), request(2, b"but well")].concat() {
        peer.write_all(&[byte]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(response(&mut peer).await, (1, b"slowly".to_vec()));
    assert_eq!(response(&mut peer).await, (2, b"but well".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_first_frame_that_trickles_is_cut_off_after_ten_seconds() {
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), echo());
    // Silence costs nothing and is allowed longer.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let start = tokio::time::Instant::now();
    let trickle = async {
        for byte in request(1, &[0; 1000]) {
            if peer.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(900)).await;
        }
    };
    let (reason, ()) = tokio::join!(ended, trickle);
    assert!(matches!(reason.unwrap(), CloseReason::SlowFrame { announced: 1010, received: 12 }));
    assert!(start.elapsed() < Duration::from_secs(12));
}

#[tokio::test(start_paused = true)]
async fn a_first_frame_has_ten_seconds_however_much_it_brings() {
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), echo());
    let trickle = async {
        for piece in request(1, &[0; 65_000]).chunks(5000) {
            if peer.write_all(piece).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let (reason, ()) = tokio::join!(ended, trickle);
    let reason = reason.unwrap();
    assert!(
        matches!(reason, CloseReason::SlowFrame { announced: 65_010, received } if received < 60_000),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_later_frame_may_be_slow_but_not_below_a_kibibyte_a_second() {
    let bytes = request(2, &[0; 200_000]);
    for (step, survives) in [(1500, true), (900, false)] {
        let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), echo());
        peer.write_all(&request(1, b"")).await.unwrap();
        response(&mut peer).await;
        let (mut reader, mut writer) = tokio::io::split(peer);
        let trickle = async {
            for piece in bytes.chunks(step) {
                if writer.write_all(piece).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let (rest, ()) = tokio::join!(
            async {
                let mut head = [0; 8];
                reader.read_exact(&mut head).await.map(|_| head).ok()
            },
            trickle
        );
        assert_eq!(rest.is_some(), survives);
        drop((reader, writer));
        let reason = ended.await.unwrap();
        assert_eq!(
            matches!(reason, CloseReason::SlowFrame { announced: 200_010, .. }),
            !survives,
            "{reason}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_its_time_counted_from_the_last_byte() {
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), echo());
    tokio::time::sleep(Duration::from_secs(599)).await;
    peer.write_all(&request(1, b"")).await.unwrap();
    response(&mut peer).await;
    let start = tokio::time::Instant::now();
    assert_eq!(rest(&mut peer).await, b"");
    assert_eq!(start.elapsed().as_secs(), 600);
    assert!(matches!(ended.await.unwrap(), CloseReason::Idle { idle_ms: 600_000 }));

    let never = ServerSettings { connections_max_idle: None, ..ServerSettings::default() };
    let (mut peer, _ended) = over_pipe(&Server::new(never), echo());
    tokio::time::sleep(Duration::from_secs(30 * 24 * 3600)).await;
    peer.write_all(&request(1, b"")).await.unwrap();
    assert_eq!(response(&mut peer).await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn frames_that_fill_the_budget_together_do_not_wait_for_each_other() {
    // Three frames of 100 KB, each allowed alone, in a budget for one and a half; their calls wait for a gate.
    let (journal, gates) = (Journal::default(), Gates::default());
    let (written, waited) = (journal.clone(), gates.clone());
    let service = script(move |request| {
        let (journal, gates) = (written.clone(), waited.clone());
        async move {
            if !request.body.is_empty() {
                journal.write(format!("begin {}", request.header.correlation_id));
                gates.passed("calls").await;
            }
            Answer::Now(answer(&request, b""))
        }
    });
    let settings = ServerSettings { in_flight_bytes_max: 150_000, ..ServerSettings::default() };
    let server = Server::new(settings);
    let mut peers = Vec::new();
    for number in 0..3 {
        let (mut peer, _ended) = over_pipe(&server, service.clone());
        peer.write_all(&request(0, b"")).await.unwrap();
        response(&mut peer).await;
        let bytes = request(number, &[0; 100_000]);
        let (reader, mut writer) = tokio::io::split(peer);
        // The first half of each comes first.
        writer.write_all(&bytes[..50_000]).await.unwrap();
        peers.push((reader, writer, bytes));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut rests = tokio::task::JoinSet::new();
    let mut readers = Vec::new();
    for (reader, mut writer, bytes) in peers {
        readers.push(reader);
        rests.spawn(async move {
            writer.write_all(&bytes[50_000..]).await.unwrap();
            writer
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = journal.read().len();
    assert!((1..3).contains(&begun), "{begun} of three are being executed");
    for _ in 0..3 {
        gates.open("calls");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(journal.read().len(), 3);
    rests.join_all().await;
    assert_eq!(server.shared.budget.available(), 150_000, "all is given back");
}

async fn listen(server: &Server, name: &str, service: Arc<impl Service>) -> std::net::SocketAddr {
    let settings = ListenerSettings::new(name, Some("127.0.0.1".to_owned()), 0);
    let listener = Listener::bind(&settings).await.unwrap();
    let address = listener.local_address();
    server.serve(listener, service);
    address
}

async fn connect(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&request(1, b"x")).await.unwrap();
    stream
}

/// Whether the request of [`connect`] is answered.
async fn is_served(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 9];
    soon("an answer or an end", stream.read_exact(&mut answer)).await.is_ok()
}

#[tokio::test]
async fn an_address_with_its_share_of_connections_is_turned_away() {
    let limits = ConnectionLimits {
        max_connections_per_ip: 0,
        max_connections_per_ip_overrides: [(IpAddr::V4(Ipv4Addr::LOCALHOST), 2)].into(),
        ..ConnectionLimits::default()
    };
    let server = Server::new(ServerSettings { connection_limits: limits, ..ServerSettings::default() });
    let address = listen(&server, "TEST", echo()).await;
    let (mut first, mut second) = (connect(address).await, connect(address).await);
    assert!(is_served(&mut first).await && is_served(&mut second).await);
    assert!(!is_served(&mut connect(address).await).await);
    assert_eq!(server.counters("TEST").connections_rejected(), 1);
    drop(first);
    soon("a free place", async {
        while server.connections() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The place is free once the task has ended, which the registry tells a moment earlier.
    soon("service", async { while !is_served(&mut connect(address).await).await {} }).await;
    server.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_full_listener_or_node_lets_newcomers_wait() {
    let per_listener = ConnectionLimits {
        max_connections_per_listener: [("TEST".to_owned(), 1)].into(),
        ..ConnectionLimits::default()
    };
    let in_all = ConnectionLimits { max_connections: 1, ..ConnectionLimits::default() };
    for limits in [per_listener, in_all] {
        let server = Server::new(ServerSettings { connection_limits: limits, ..ServerSettings::default() });
        let address = listen(&server, "TEST", echo()).await;
        let mut first = connect(address).await;
        assert!(is_served(&mut first).await);
        let mut second = connect(address).await;
        assert_eq!(server.counters("TEST").connections_opened(), 1);
        drop(first);
        assert!(is_served(&mut second).await, "served once there is a place");
        server.shutdown(Duration::ZERO).await;
    }
}

#[tokio::test]
async fn the_inter_broker_listener_makes_room_for_itself() {
    let limits = ConnectionLimits {
        max_connections: 2,
        inter_broker_listener: Some("BROKER".to_owned()),
        ..ConnectionLimits::default()
    };
    let server = Server::new(ServerSettings { connection_limits: limits, ..ServerSettings::default() });
    let clients = listen(&server, "CLIENT", echo()).await;
    let brokers = listen(&server, "BROKER", echo()).await;
    let mut older = connect(clients).await;
    assert!(is_served(&mut older).await);
    let mut newer = connect(clients).await;
    assert!(is_served(&mut newer).await);
    let origin = tokio::time::Instant::now();
    while origin.elapsed() < Duration::from_millis(2) {
        tokio::task::yield_now().await;
    }
    // Uses count by the millisecond: the older connection is now the one used last.
    older.write_all(&request(2, b"x")).await.unwrap();
    assert_eq!(soon("an answer", response(&mut older)).await.0, 2);
    let mut broker = connect(brokers).await;
    assert!(is_served(&mut broker).await);
    soon("the end of the connection used least recently", rest(&mut newer)).await;
    older.write_all(&request(3, b"x")).await.unwrap();
    assert_eq!(soon("an answer", response(&mut older)).await.0, 3);
    server.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_lowered_limit_closes_what_is_above_it() {
    let server = Server::new(ServerSettings::default());
    let address = listen(&server, "TEST", echo()).await;
    let mut peers = Vec::new();
    for _ in 0..3 {
        let mut peer = connect(address).await;
        assert!(is_served(&mut peer).await);
        peers.push(peer);
    }
    for max_connections in [2, 1] {
        server.set_connection_limits(ConnectionLimits { max_connections, ..ConnectionLimits::default() });
        soon("the end of one connection", async {
            while server.connections() > max_connections {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    let mut answers = 0;
    for mut peer in peers {
        // A connection that was closed takes no request, or answers none.
        let sent = peer.write_all(&request(2, b"x")).await.is_ok();
        answers += usize::from(sent && is_served(&mut peer).await);
    }
    assert_eq!(answers, 1);
    server.shutdown(Duration::ZERO).await;
}
