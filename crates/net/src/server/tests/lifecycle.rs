//! Listening, and ending.

use super::super::BindError;
use super::*;

/// Every call, or every answer, waits for the gate "go".
fn gated(journal: &Journal, gates: &Gates, in_call: bool) -> Arc<impl Service> {
    let (journal, gates) = (journal.clone(), gates.clone());
    script(move |request| {
        let (journal, gates) = (journal.clone(), gates.clone());
        async move {
            journal.write("begin");
            let wait = async move {
                let _epitaph = Epitaph(journal, "over");
                gates.passed("go").await;
                answer(&request, b"done")
            };
            if in_call { Answer::Now(wait.await) } else { Answer::Later(Box::pin(wait)) }
        }
    })
}

#[tokio::test]
async fn a_free_port_is_found_and_a_taken_one_named() {
    let settings = ListenerSettings::new("TEST", Some("127.0.0.1".to_owned()), 0);
    let listener = Listener::bind(&settings).await.unwrap();
    let taken = listener.local_address();
    assert_ne!(taken.port(), 0);
    let again = ListenerSettings { port: taken.port(), ..settings };
    let error = Listener::bind(&again).await.unwrap_err();
    assert!(matches!(&error, BindError::Taken { address, .. } if *address == taken), "{error}");
    drop(listener);
    assert_eq!(Listener::bind(&again).await.unwrap().local_address(), taken);
}

#[tokio::test]
async fn a_listener_without_a_host_is_reached_over_ipv4_which_looks_like_ipv4() {
    let listener = Listener::bind(&ListenerSettings::new("TEST", None, 0)).await.unwrap();
    let port = listener.local_address().port();
    let server = Server::new(ServerSettings::default());
    let service = script(|request| async move {
        let ip = request.connection.peer_ip().unwrap().to_string();
        Answer::Now(answer(&request, ip.as_bytes()))
    });
    server.serve(listener, service);
    let mut peer = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    peer.write_all(&request(1, b"")).await.unwrap();
    assert_eq!(soon("an answer", response(&mut peer)).await, (1, b"127.0.0.1".to_vec()));
    server.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_host_without_an_address_is_named() {
    let settings = ListenerSettings::new("TEST", Some("no such host.invalid".to_owned()), 0);
    let error = Listener::bind(&settings).await.unwrap_err();
    assert!(matches!(&error, BindError::Unresolved { .. }), "{error}");
    // An address of nobody here.
    let settings = ListenerSettings::new("TEST", Some("192.0.2.1".to_owned()), 0);
    let error = Listener::bind(&settings).await.unwrap_err();
    assert!(matches!(&error, BindError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn shutting_down_lets_what_was_begun_be_answered_and_starts_nothing_more() {
    for in_call in [true, false] {
        let (journal, gates) = (Journal::default(), Gates::default());
        let server = Server::new(ServerSettings::default());
        let mut peer = over_tcp(&server, gated(&journal, &gates, in_call)).await;
        let address = peer.peer_addr().unwrap();
        let mut idle = TcpStream::connect(address).await.unwrap();
        peer.write_all(&request(1, b"")).await.unwrap();
        soon("the request", journal.has("begin")).await;
        let stopping = tokio::spawn({
            let server = server.clone();
            async move { server.shutdown(Duration::from_secs(60)).await }
        });
        assert_eq!(soon("the end of the idle connection", rest(&mut idle)).await, b"");
        soon("the end of the listener", async { while TcpStream::connect(address).await.is_ok() {} }).await;
        peer.write_all(&request(2, b"")).await.unwrap();
        assert!(!stopping.is_finished(), "a request is not answered yet");
        gates.open("go");
        assert_eq!(soon("the answer", response(&mut peer)).await, (1, b"done".to_vec()));
        soon("the end of the connection", rest(&mut peer)).await;
        soon("the end of the server", stopping).await.unwrap();
        assert_eq!(journal.read(), ["begin", "over"], "the second request never began");
        let counters = server.counters("TEST");
        assert_eq!((counters.connections_opened(), counters.connections_closed()), (2, 2));
        assert_eq!((counters.requests(), counters.responses()), (1, 1));
        assert_eq!((counters.request_bytes(), counters.response_bytes()), (14, 12));
    }
}

#[tokio::test]
async fn what_is_not_over_in_time_is_dropped() {
    for in_call in [true, false] {
        let (journal, gates) = (Journal::default(), Gates::default());
        let server = Server::new(ServerSettings::default());
        let mut peer = over_tcp(&server, gated(&journal, &gates, in_call)).await;
        peer.write_all(&request(1, b"")).await.unwrap();
        soon("the request", journal.has("begin")).await;
        soon("the end of the server", server.shutdown(Duration::from_millis(1))).await;
        assert_eq!(journal.read(), ["begin", "over"]);
        assert_eq!(server.connections(), 0);
        assert_eq!(soon("the end of the connection", rest(&mut peer)).await, b"");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_after_the_shutdown_is_not_served() {
    let server = Server::new(ServerSettings::default());
    server.shutdown(Duration::ZERO).await;
    let (mut peer, ended) = over_pipe(&server, echo());
    peer.write_all(&request(1, b"")).await.unwrap();
    assert_eq!(rest(&mut peer).await, b"");
    assert!(matches!(ended.await.unwrap(), CloseReason::Shutdown));
}

#[tokio::test]
async fn our_own_client_connection_pipelines_against_the_server() {
    use crate::client::{Connection, ConnectionSettings};
    let server = Server::new(ServerSettings::default());
    let address = over_tcp(&server, echo()).await.peer_addr().unwrap().to_string();
    let connection = Connection::connect(&address, ConnectionSettings::default()).await.unwrap();
    let mut pending = Vec::new();
    for _ in 0..100 {
        let id = connection.next_correlation_id();
        let frame = Bytes::from(request(id, b"body").split_off(4));
        pending.push((id, connection.send(id, &[frame]).await.unwrap()));
    }
    for (id, pending) in pending {
        let response = soon("a response", pending.await_response()).await.unwrap();
        assert_eq!(response, [&id.to_be_bytes()[..], b"body"].concat());
    }
    server.shutdown(Duration::from_secs(30)).await;
    assert!(connection.request(1, &[]).await.is_err());
}
