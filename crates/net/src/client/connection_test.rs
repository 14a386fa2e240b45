//! The connection against a peer written by hand, on paused time.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::{Connection, ConnectionError, ConnectionSettings};
use crate::FrameError;

fn pair() -> (Connection, DuplexStream) {
    let (near, far) = duplex(1 << 16);
    let settings = ConnectionSettings { response_bytes_max: 1000, ..ConnectionSettings::default() };
    (Connection::over(near, settings), far)
}

fn frame(correlation_id: i32, body: &[u8]) -> Vec<u8> {
    let length = 4 + body.len() as i32;
    [&length.to_be_bytes()[..], &correlation_id.to_be_bytes(), body].concat()
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_get_their_own_responses() {
    let (connection, mut peer) = pair();
    let pieces =
        |text: &'static str| [Bytes::from_static(b"he"), Bytes::new(), Bytes::from_static(text.as_bytes())];
    let first = connection.send(7, &pieces("ad-first")).await.unwrap();
    connection.send_unanswered(&pieces("ad-silent")).await.unwrap();
    let second = connection.send(8, &pieces("ad-second")).await.unwrap();
    assert_eq!(connection.in_flight(), 2);
    let mut received = vec![0; 14 + 15 + 15];
    peer.read_exact(&mut received).await.unwrap();
    assert_eq!(received, b"\0\0\0\x0ahead-first\0\0\0\x0bhead-silent\0\0\0\x0bhead-second");
    // Cut in odd places, and the second in front of the first await.
    let answers = [frame(7, b"one"), frame(8, b"two")].concat();
    for piece in answers.chunks(3) {
        peer.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(second.await_response().await.unwrap(), &b"\0\0\0\x08two"[..]);
    assert_eq!(first.await_response().await.unwrap(), &b"\0\0\0\x07one"[..]);
    assert_eq!(connection.in_flight(), 0);
    assert!(connection.failure().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_response_out_of_order_fails_all_that_wait() {
    let (connection, mut peer) = pair();
    let first = connection.send(1, &[]).await.unwrap();
    let second = connection.send(2, &[]).await.unwrap();
    peer.write_all(&frame(2, b"")).await.unwrap();
    for pending in [first, second] {
        let error = pending.await_response().await.unwrap_err();
        assert!(
            matches!(error, ConnectionError::CorrelationMismatch { expected: Some(1), received: Some(2) }),
            "{error}"
        );
    }
    assert!(connection.send(3, &[]).await.is_err(), "a failed connection takes no more requests");
}

#[tokio::test(start_paused = true)]
async fn a_response_above_the_bound_is_refused_before_it_is_read() {
    let (connection, mut peer) = pair();
    let pending = connection.send(1, &[]).await.unwrap();
    peer.write_all(&1001_i32.to_be_bytes()).await.unwrap();
    let error = pending.await_response().await.unwrap_err();
    let expected = FrameError::TooLarge { announced: 1001, limit: 1000 };
    assert!(matches!(error, ConnectionError::Frame(found) if found == expected), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_late_response_is_thrown_away_and_the_next_one_found() {
    let (connection, mut peer) = pair();
    let error = connection.request(1, &[]).await.unwrap_err();
    assert!(
        matches!(error, ConnectionError::RequestTimedOut { after } if after == Duration::from_secs(30)),
        "{error}"
    );
    let second = connection.send(2, &[]).await.unwrap();
    peer.write_all(&[frame(1, b"late"), frame(2, b"timely")].concat()).await.unwrap();
    assert_eq!(second.await_response().await.unwrap(), &b"\0\0\0\x02timely"[..]);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_fails_what_waits() {
    let (connection, peer) = pair();
    let pending = connection.send(1, &[]).await.unwrap();
    drop(peer);
    assert!(matches!(pending.await_response().await, Err(ConnectionError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_write_given_up_half_way_makes_the_connection_useless() {
    let (connection, _peer) = pair();
    // More than the pipe holds, and nobody reads.
    let large = [Bytes::from(vec![0; 1 << 17])];
    let given_up = tokio::time::timeout(Duration::from_millis(1), connection.send(1, &large)).await;
    assert!(given_up.is_err());
    assert!(matches!(connection.send(2, &[]).await, Err(ConnectionError::HalfWritten)));
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = Connection::connect(&address, ConnectionSettings::default()).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot connect to {address}: ")), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_no_request_is_given_up() {
    let (connection, _peer) = pair();
    let waiting = connection.send(1, &[]).await.unwrap();
    let large = [Bytes::from(vec![0; 1 << 17])];
    let sent = tokio::time::timeout(Duration::from_secs(3600), connection.send(2, &large)).await;
    let sent = sent.expect("nobody waits for ever").map(drop);
    assert!(matches!(sent, Err(ConnectionError::RequestTimedOut { .. })), "{sent:?}");
    assert!(connection.failure().is_some(), "half a request may be written");
    assert!(waiting.await_response().await.is_err());
}
