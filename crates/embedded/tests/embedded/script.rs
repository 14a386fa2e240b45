//! What goes wrong on purpose, and what a client makes of it.

use client::ClientError;
use client::admin::{Effect, NewTopic};
use embedded::{Api, ErrorCode, Milena, RebalanceError};
use types::Offset;

use crate::clients::{admin, create, eager, ends, group, member, producer, read, send};

fn start() -> Milena {
    Milena::builder().start().expect("started")
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_record() {
    let node = start();
    create(&node, "t", &[]).await;
    let lost = node.on(Api::Produce).nth(2).lose_answer();
    let producer = producer(&node, 1);
    for (offset, value) in [(0, "first"), (1, "second"), (2, "third")] {
        assert_eq!(send(&producer, value).await.expect("acknowledged"), Some(Offset(offset)));
    }
    assert_eq!((lost.strikes(), ends(&node).await), (1, (0, 3)));
}

#[tokio::test]
async fn a_request_that_is_lost_is_sent_again() {
    let node = start();
    create(&node, "t", &[]).await;
    let lost = node.on(Api::Produce).times(2).lose_request();
    assert_eq!(send(&producer(&node, 1), "first").await.expect("acknowledged"), Some(Offset(0)));
    assert_eq!(lost.strikes(), 2);
}

#[tokio::test]
async fn an_error_that_passes_is_tried_again_and_another_is_told() {
    let node = start();
    create(&node, "t", &[]).await;
    let producer = producer(&node, 1);
    let passing = node.on(Api::Produce).times(3).answer_with(ErrorCode::NotLeaderOrFollower);
    assert_eq!(send(&producer, "first").await.expect("acknowledged"), Some(Offset(0)));
    assert_eq!(passing.strikes(), 3);
    node.on(Api::Produce).answer_with(ErrorCode::MessageTooLarge);
    let refused = send(&producer, "second").await.expect_err("too large, it is told");
    assert_eq!(refused.code(), Some(ErrorCode::MessageTooLarge), "{refused}");
    assert_eq!(ends(&node).await, (0, 1));
}

/// Every error answer is one that its client can read: what it tells is the error, and nothing else.
#[tokio::test]
async fn each_request_of_the_admin_and_the_group_is_refused_in_its_own_way() {
    let node = start();
    node.on(Api::CreateTopics).answer_with(ErrorCode::PolicyViolation);
    let topic = NewTopic { name: "t".to_owned(), partitions: Some(1), ..NewTopic::default() };
    let created =
        admin(&node).create_topics(std::slice::from_ref(&topic), Effect::Apply).await.expect("answered");
    assert!(is_refused(&created["t"], ErrorCode::PolicyViolation), "{created:?}");
    create(&node, "t", &[]).await;
    node.on(Api::DeleteTopics).answer_with(ErrorCode::TopicAuthorizationFailed);
    let deleted = admin(&node).delete_topics(&["t".to_owned()]).await.expect("answered");
    assert!(is_refused(&deleted["t"], ErrorCode::TopicAuthorizationFailed), "{deleted:?}");

    send(&producer(&node, 1), "first").await.expect("acknowledged");
    let passing = [
        (Api::Metadata, ErrorCode::LeaderNotAvailable),
        (Api::FindCoordinator, ErrorCode::CoordinatorNotAvailable),
        (Api::JoinGroup, ErrorCode::CoordinatorLoadInProgress),
        (Api::SyncGroup, ErrorCode::RebalanceInProgress),
        (Api::OffsetFetch, ErrorCode::CoordinatorLoadInProgress),
        (Api::ListOffsets, ErrorCode::NotLeaderOrFollower),
        (Api::Fetch, ErrorCode::FetchSessionIdNotFound),
        (Api::Heartbeat, ErrorCode::CoordinatorNotAvailable),
    ];
    let rules = passing.map(|(api, error)| (api, node.on(api).of_client("reader").answer_with(error)));
    let consumer = member(&node, "reader");
    assert_eq!(read(&consumer).await, ["first"], "whatever was in the way");
    node.on(Api::OffsetCommit).answer_with(ErrorCode::OffsetMetadataTooLarge);
    let refused = consumer.commit_sync(consumer.positions()).await;
    assert!(is_refused(&refused, ErrorCode::OffsetMetadataTooLarge), "{refused:?}");
    for (api, rule) in rules {
        tokio::select! {
            () = rule.struck() => {}
            polled = consumer.poll() => panic!("{api:?} was not asked, but {polled:?}"),
        }
    }
}

fn is_refused<T>(outcome: &Result<T, ClientError>, error: ErrorCode) -> bool {
    outcome.as_ref().err().and_then(ClientError::code) == Some(error)
}

#[tokio::test]
async fn an_answer_is_held_back_while_its_request_has_taken_effect() {
    let node = start();
    create(&node, "t", &[]).await;
    let held = node.on(Api::Produce).of_client("producer").hold_answer();
    let producer = producer(&node, 1);
    let sending = tokio::spawn(async move { send(&producer, "first").await });
    held.struck().await;
    while ends(&node).await != (0, 1) {
        tokio::task::yield_now().await;
    }
    assert!(!sending.is_finished());
    held.release();
    assert_eq!(sending.await.expect("no panic").expect("acknowledged"), Some(Offset(0)));
}

#[tokio::test]
async fn a_rule_is_of_one_client_and_may_be_lifted() {
    let node = start();
    create(&node, "t", &[]).await;
    let other = node.on(Api::Produce).of_client("another").always().lose_request();
    send(&producer(&node, 1), "first").await.expect("acknowledged");
    assert_eq!(other.strikes(), 0);
    let all = node.on(Api::Metadata).always().lose_request();
    all.lift();
    eager(&node, "observer").refresh(&[], client::AutoCreate::Forbidden).await.expect("answered");
    assert_eq!(all.strikes(), 0);
}

/// As Kafka's producers do that have no transactions (KIP-360).
#[tokio::test]
async fn a_fenced_producer_begins_anew_under_another_id() {
    let node = start();
    create(&node, "t", &[]).await;
    let producer = producer(&node, 1);
    send(&producer, "first").await.expect("acknowledged");
    assert_eq!(node.fence_producers("t"), 1);
    assert_eq!(send(&producer, "second").await.expect("acknowledged"), Some(Offset(1)));
    assert_eq!(node.fence_producers("t"), 2, "the one of before, and the one it is now");
}

#[tokio::test]
async fn a_group_rebalances_when_it_is_told_to() {
    let node = start();
    assert_eq!(node.rebalance("g").await, Err(RebalanceError::NoCoordinator));
    send(&producer(&node, 1), "first").await.expect("acknowledged");
    let consumer = member(&node, "reader");
    assert_eq!(read(&consumer).await, ["first"]);
    consumer.commit_sync(consumer.positions()).await.expect("committed");
    assert_eq!(node.rebalance("nobody").await, Err(RebalanceError::NoMembers));
    let joins = node.on(Api::SyncGroup).hold_answer();
    node.rebalance("g").await.expect("it has a member");
    tokio::select! {
        () = joins.struck() => {}
        polled = consumer.poll() => panic!("nothing is to be read, but {polled:?}"),
    }
    joins.release();
    let again = async {
        loop {
            if group(&node).await.expect("there").state == "Stable" {
                return;
            }
        }
    };
    tokio::select! {
        () = again => {}
        polled = consumer.poll() => panic!("nothing is to be read, but {polled:?}"),
    }
}
