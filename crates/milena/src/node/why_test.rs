//! What a whole node tells of what waits: `milena why` as it is asked over the wire.

use std::sync::Arc;

use broker::coordinators::groups::OFFSETS_TOPIC;
use broker::group_coordinator::classic::{JoinGroup, Joined, Protocol, SyncGroup};
use broker::group_coordinator::{GroupReply, GroupRequest};
use bytes::{Bytes, BytesMut};
use controller_node::NewTopic;
use io::disk::SimulatedDisk;
use net::{Answer, Chunk, ConnectionContext, Request, Service};
use protocol::frame::{RequestHeader, decode_response_header};
use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::WhyResponse;
use protocol::{Message, Reader, Writer, api};
use types::ErrorCode;

use super::Node;
use super::assembly::Silent;
use super::node_test::start;

const GROUP: &str = "readers";

/// A node with the topic `t`, and groups in one partition of these settings.
async fn node(disk: &SimulatedDisk) -> Node {
    let mut node = start(disk).await;
    node.open(Silent).await.expect("opened");
    create(&node, "t", &[]).await;
    node
}

async fn create(node: &Node, name: &str, configs: &[(&str, &str)]) {
    let configs = configs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect();
    let name = name.to_owned();
    let topic = NewTopic { name, partitions: 1, replication_factor: 1, configs, ..Default::default() };
    let controller = &node.handlers().controller;
    let outcomes = controller.create_topics(vec![topic], false).await.expect("decided");
    assert!(outcomes[0].result.is_ok(), "{:?}", outcomes[0].result);
    node.broker().applied(controller.image().provenance.offset).await;
}

async fn call<M: Message>(node: &Node, api_key: i16, api_version: i16, request: &impl Message) -> M {
    let header =
        RequestHeader { api_key, api_version, correlation_id: 7, client_id: Some("asker".to_owned()) };
    let mut writer = Writer::new();
    request.encode(&mut writer, api_version).expect("the request fits its version");
    let connection = Arc::new(ConnectionContext::new(1, "PLAINTEXT".into(), None, None));
    let received_at = tokio::time::Instant::now();
    let request = Request { header, body: writer.into_bytes(), connection, received_at };
    let response = match node.handlers().call(request).await {
        Answer::Now(response) => response,
        Answer::Later(response) => response.await,
        Answer::Silent | Answer::Close(_) => panic!("not answered"),
    };
    let mut bytes = BytesMut::new();
    for chunk in response.chunks {
        match chunk {
            Chunk::Bytes(chunk) => bytes.extend_from_slice(&chunk),
            Chunk::File(region) => assert_eq!(region.length, 0, "no records are asked for"),
        }
    }
    let mut reader = Reader::new(bytes.freeze());
    decode_response_header(&mut reader, api_key, api_version).expect("the answer has a header");
    M::decode(&mut reader, api_version).expect("the answer is one of its version")
}

async fn why(node: &Node, request: WhyRequest) -> WhyResponse {
    call(node, api::private::WHY, 0, &request).await
}

async fn why_group(node: &Node) -> WhyResponse {
    why(node, WhyRequest { name: GROUP.to_owned(), ..Default::default() }).await
}

fn text(answer: &WhyResponse, name: &str) -> String {
    let fact = answer.facts.iter().find(|fact| fact.name == name);
    fact.unwrap_or_else(|| panic!("{name} in {answer:?}")).texts.join(", ")
}

fn codes(answer: &WhyResponse) -> Vec<&str> {
    answer.waits.iter().map(|wait| wait.code.as_str()).collect()
}

fn join(node: &Node, client_id: &str, member_id: &str) -> GroupRequest {
    GroupRequest::Join(JoinGroup {
        group_id: GROUP.to_owned(),
        member_id: member_id.to_owned(),
        group_instance_id: None,
        client_id: client_id.to_owned(),
        client_host: "/10.0.0.1".to_owned(),
        rebalance_timeout_ms: 60_000,
        session_timeout_ms: 30_000,
        protocol_type: "consumer".to_owned(),
        protocols: vec![Protocol { name: "range".to_owned(), metadata: Bytes::new() }],
        needs_known_member_id: false,
        knows_skip_assignment: true,
        reason: None,
        fresh_id: node.broker().fresh_id(),
    })
}

fn joined(reply: GroupReply) -> Joined {
    match reply {
        GroupReply::Join(joined) => joined,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_that_has_not_joined_again_is_named() {
    let disk = SimulatedDisk::default();
    let node = node(&disk).await;
    create(&node, OFFSETS_TOPIC, &[]).await;
    while codes(&why_group(&node).await) == ["group.loading"] {
        tokio::task::yield_now().await;
    }
    assert_eq!(why_group(&node).await.error_code, ErrorCode::GroupIdNotFound.code());

    let broker = node.broker();
    let waiting = ["reader-1", "reader-2"].map(|client| broker.ask_group(GROUP, join(&node, client, "")));
    assert_eq!(codes(&why_group(&node).await), ["group.initial-delay"]);
    let mut members = Vec::new();
    for called in waiting {
        members.push(joined(called.reply().await.expect("the shard answers")));
    }
    let assigning = why_group(&node).await;
    assert_eq!(text(&assigning, "state"), "CompletingRebalance");
    assert_eq!(codes(&assigning), ["group.assignment-is-missing", "group.member-has-not-synced"]);
    // The leader syncs first.
    members.sort_by_key(|member| member.member_id != member.leader);
    for member in &members {
        let request = SyncGroup {
            group_id: GROUP.to_owned(),
            generation: member.generation,
            member_id: member.member_id.clone(),
            group_instance_id: None,
            protocol_type: None,
            protocol_name: None,
            assignments: Vec::new(),
        };
        broker.ask_group(GROUP, GroupRequest::Sync(request)).reply().await.expect("the shard answers");
    }
    let stable = why_group(&node).await;
    assert_eq!((text(&stable, "state").as_str(), stable.waits.len()), ("Stable", 0));

    let _rejoining = broker.ask_group(GROUP, join(&node, "reader-1", &members[0].member_id));
    let rebalancing = why_group(&node).await;
    assert_eq!(text(&rebalancing, "state"), "PreparingRebalance");
    let [wait] = &rebalancing.waits[..] else { panic!("{rebalancing:?}") };
    assert_eq!((wait.code.as_str(), wait.left_ms), ("group.member-has-not-joined", 60_000));
    assert!(wait.evidence[0].contains(&members[1].member_id), "{wait:?}");
    node.release_waits();
}
