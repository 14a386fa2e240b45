//! Effects and answers in the order of arrival.

use super::*;

/// Does what the body says: `now X`, `slow X` (the call waits for gate X), `later X` (the answer waits for gate X),
/// `silent X`, `close X`, `panic X`, `late panic X`.
fn scripted(journal: &Journal, gates: &Gates) -> Arc<impl Service> {
    let (journal, gates) = (journal.clone(), gates.clone());
    script(move |request| {
        let (journal, gates) = (journal.clone(), gates.clone());
        async move {
            let text = String::from_utf8(request.body.to_vec()).unwrap();
            let (verb, name) = text.rsplit_once(' ').unwrap();
            let (verb, name) = (verb.to_owned(), name.to_owned());
            journal.write(format!("begin {name}"));
            if verb == "slow" {
                gates.passed(&name).await;
            }
            assert!(verb != "panic", "as told");
            journal.write(format!("end {name}"));
            match verb.as_str() {
                "silent" => Answer::Silent,
                "close" => Answer::Close(CloseReason::refused("as told")),
                "later" => Answer::Later(Box::pin(async move {
                    let _epitaph = Epitaph(journal, "dropped or done");
                    gates.passed(&name).await;
                    answer(&request, name.as_bytes())
                })),
                "late panic" => Answer::Later(Box::pin(async move {
                    gates.passed(&name).await;
                    panic!("as told, late")
                })),
                _ => Answer::Now(answer(&request, name.as_bytes())),
            }
        }
    })
}

fn all(requests: &[&str]) -> Vec<u8> {
    let numbered = requests.iter().enumerate();
    numbered.flat_map(|(number, text)| request(number as i32, text.as_bytes())).collect()
}

#[tokio::test(start_paused = true)]
async fn effects_and_answers_come_in_the_order_of_arrival() {
    let (journal, gates) = (Journal::default(), Gates::default());
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), scripted(&journal, &gates));
    peer.write_all(&all(&["later a", "silent b", "slow c", "now d", "later e", "now f"])).await.unwrap();
    journal.has("begin c").await;
    // A request that takes its time holds up what follows, though all of it has arrived.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(journal.read(), ["begin a", "end a", "begin b", "end b", "begin c"]);
    gates.open("c");
    journal.has("end f").await;
    let effects: Vec<String> =
        journal.read().into_iter().filter(|entry| entry != "dropped or done").collect();
    let expected: Vec<String> =
        "abcdef".chars().flat_map(|x| [format!("begin {x}"), format!("end {x}")]).collect();
    assert_eq!(effects, expected);
    // The wait of e ends first; its answer still comes in its turn, and b has none.
    gates.open("e");
    tokio::time::sleep(Duration::from_secs(1)).await;
    gates.open("a");
    for (number, name) in [(0, "a"), (2, "c"), (3, "d"), (4, "e"), (5, "f")] {
        assert_eq!(response(&mut peer).await, (number, name.as_bytes().to_vec()));
    }
    drop(peer);
    assert!(matches!(ended.await.unwrap(), CloseReason::PeerClosed));
}

#[tokio::test(start_paused = true)]
async fn a_closing_answer_comes_after_those_before_it_and_ends_the_connection() {
    let (journal, gates) = (Journal::default(), Gates::default());
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), scripted(&journal, &gates));
    peer.write_all(&all(&["later a", "now b", "close c", "now d"])).await.unwrap();
    journal.has("end c").await;
    gates.open("a");
    assert_eq!(response(&mut peer).await, (0, b"a".to_vec()));
    assert_eq!(response(&mut peer).await, (1, b"b".to_vec()));
    assert_eq!(rest(&mut peer).await, b"");
    assert!(matches!(ended.await.unwrap(), CloseReason::Refused { .. }));
    assert!(!journal.read().contains(&"begin d".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_its_connection_alone() {
    let (journal, gates) = (Journal::default(), Gates::default());
    let server = Server::new(ServerSettings::default());
    let service = scripted(&journal, &gates);
    let (mut bystander, _ended) = over_pipe(&server, service.clone());
    for requests in [["now a", "panic b", "now c"], ["now a", "late panic b", "now c"]] {
        let (mut peer, ended) = over_pipe(&server, service.clone());
        peer.write_all(&all(&requests)).await.unwrap();
        gates.open("b");
        assert_eq!(response(&mut peer).await, (0, b"a".to_vec()));
        assert_eq!(rest(&mut peer).await, b"");
        let reason = ended.await.unwrap();
        assert!(
            matches!(&reason, CloseReason::HandlerPanicked { api_key: API_KEY, detail } if detail.starts_with("as told")),
            "{reason}"
        );
        bystander.write_all(&all(&["now x"])).await.unwrap();
        assert_eq!(response(&mut bystander).await, (0, b"x".to_vec()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_frees_what_waits_for_it_and_its_last_requests_take_effect() {
    let (journal, gates) = (Journal::default(), Gates::default());
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), scripted(&journal, &gates));
    peer.write_all(&all(&["later a", "silent b", "slow c", "silent d"])).await.unwrap();
    journal.has("begin c").await;
    drop(peer);
    gates.open("c");
    let start = tokio::time::Instant::now();
    assert!(matches!(ended.await.unwrap(), CloseReason::PeerClosed));
    assert_eq!(start.elapsed(), Duration::ZERO, "nothing is waited for");
    let journal = journal.read();
    assert!(journal.contains(&"end d".to_owned()), "what arrived takes effect: {journal:?}");
    assert!(journal.contains(&"dropped or done".to_owned()), "{journal:?}");
}

#[tokio::test]
async fn a_vanished_socket_frees_a_wait_even_while_bytes_wait_to_be_read() {
    let (journal, gates) = (Journal::default(), Gates::default());
    let settings = ServerSettings { pipelined_requests_max: 1, ..ServerSettings::default() };
    let server = Server::new(settings);
    let mut peer = over_tcp(&server, scripted(&journal, &gates)).await;
    // More than is read ahead while the first waits, so that only the socket's own state tells of the end; less than
    // its buffer holds, behind which the end itself would wait.
    let padding = format!("silent {}", "x".repeat(12_000));
    let requests: Vec<&str> =
        ["later a"].into_iter().chain(std::iter::repeat_n(padding.as_str(), 5)).collect();
    peer.write_all(&all(&requests)).await.unwrap();
    soon("the wait", journal.has("end a")).await;
    drop(peer);
    soon("the end of the wait", journal.has("dropped or done")).await;
    soon("the last request", async {
        while journal.read().iter().filter(|entry| entry.starts_with("end x")).count() < 5 {
            journal.changed.notified().await;
        }
    })
    .await;
    server.shutdown(Duration::from_secs(30)).await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_its_side_still_gets_what_is_ready() {
    let (mut peer, ended) = over_pipe(&Server::new(ServerSettings::default()), echo());
    peer.write_all(&all(&["a", "b"])).await.unwrap();
    peer.shutdown().await.unwrap();
    assert_eq!(response(&mut peer).await, (0, b"a".to_vec()));
    assert_eq!(response(&mut peer).await, (1, b"b".to_vec()));
    assert!(matches!(ended.await.unwrap(), CloseReason::PeerClosed));
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_start_than_may_be_pipelined() {
    let (journal, gates) = (Journal::default(), Gates::default());
    let settings = ServerSettings { pipelined_requests_max: 2, ..ServerSettings::default() };
    let (mut peer, _ended) = over_pipe(&Server::new(settings), scripted(&journal, &gates));
    peer.write_all(&all(&["later a", "later b", "later c"])).await.unwrap();
    journal.has("end b").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!journal.read().contains(&"begin c".to_owned()));
    gates.open("a");
    journal.has("end c").await;
}
