//! What every API asks of the authorizer, and what it answers where it is denied.
//!
//! Each API that a node serves has rows here: a valid request, the questions its handler asks when all of them are
//! answered with yes, and for each question what Apache Kafka answers when it is answered with no. Three tests hold the
//! handlers against the rows:
//!
//! 1. an API without a row fails, so whoever serves a new API adds its rows to the file they belong in (`*_rows.rs`);
//! 2. a request that may do everything asks exactly its row's questions, no fewer and no others;
//! 3. each question of a row is denied in one of its denials, and is told as the row says.
//!
//! Every request meets a node of its own, with the topics `t` and `u` of one partition each.

mod admin_rows;
mod cluster_rows;
mod group_rows;
mod node;
mod policy;
mod record_rows;
mod row;
mod topic_rows;
mod transaction_rows;

use std::collections::BTreeSet;

use protocol::api::{self, Api};
use protocol::messages::api_versions_response::ApiVersionsResponse;

use crate::node::TestNode;
use crate::row::Row;

fn rows() -> Vec<Row> {
    let rows = [
        record_rows::rows(),
        topic_rows::rows(),
        cluster_rows::rows(),
        admin_rows::rows(),
        group_rows::rows(),
        transaction_rows::rows(),
    ];
    rows.into_iter().flatten().collect()
}

#[tokio::test]
async fn every_served_api_has_a_row() {
    let node = TestNode::start().await;
    let asked = cluster_rows::api_versions();
    let answer = node.ask(asked.api, asked.version, asked.body(&node)).await.expect("answered");
    let advertised: ApiVersionsResponse = row::decode(api::API_VERSIONS, asked.version, answer);
    let advertised: BTreeSet<i16> = advertised.api_keys.iter().map(|api| api.api_key).collect();
    let name = |key: i16| Api::by_key(key).map_or("unknown", |api| api.name);
    let in_rows: BTreeSet<i16> = rows().iter().map(|row| row.api).collect();
    // Nobody advertises our own APIs, which are no less guarded for that.
    let served: BTreeSet<i16> =
        advertised.into_iter().chain(api::private::APIS.iter().map(|api| api.key)).collect();
    let missing: Vec<_> = served.difference(&in_rows).copied().map(name).collect();
    assert!(missing.is_empty(), "served without a row in crates/milena/tests/authorization: {missing:?}");
    let stale: Vec<_> = in_rows.difference(&served).copied().map(name).collect();
    assert!(stale.is_empty(), "rows of APIs that are not served: {stale:?}");
}

#[tokio::test]
async fn a_request_that_may_do_everything_asks_what_its_row_says() {
    let mut breaches = Vec::new();
    for row in rows() {
        let (told, asked) = row.run(&[]).await;
        if told != row.allowed {
            breaches.push(format!("{}: told\n    {told}\n  and not\n    {}", row.title(), row.allowed));
        }
        let expected = row.expected_questions();
        let asked: BTreeSet<String> = asked.into_iter().collect();
        if asked != expected {
            breaches.push(format!("{}: asked\n    {asked:?}\n  and not\n    {expected:?}", row.title()));
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[tokio::test]
async fn each_denial_is_answered_as_its_row_says() {
    let mut breaches = Vec::new();
    for row in rows() {
        for denial in &row.denials {
            let (told, asked) = row.run(denial.questions).await;
            let title = format!("{} without {:?}", row.title(), denial.questions);
            if told != denial.told {
                breaches.push(format!("{title}: told\n    {told}\n  and not\n    {}", denial.told));
            }
            let unasked =
                denial.questions.iter().filter(|denied| !asked.iter().any(|asked| asked == *denied));
            let unasked: Vec<_> = unasked.collect();
            if !unasked.is_empty() {
                breaches.push(format!("{title}: not asked: {unasked:?}"));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn each_question_of_a_row_is_denied_once() {
    for row in rows() {
        assert!(row.api == api::API_VERSIONS || !row.asks.is_empty(), "{}: asks nothing", row.title());
        for question in row.asks {
            let is_denied = row.denials.iter().any(|denial| denial.questions.contains(question));
            assert!(is_denied, "{}: nobody is denied {question:?}", row.title());
        }
    }
}
