//! Why (key 22000, our own), version 0: what a group or a partition waits for, for `milena why`.
//!
//! Never advertised; a node that does not know it closes the connection, as Apache Kafka does
//! (`docs/decisions/0013-a-private-api-for-why.md`). Broker listeners. Needs DESCRIBE on the group. Errors, each with a
//! message: GROUP_AUTHORIZATION_FAILED, GROUP_ID_NOT_FOUND, NOT_COORDINATOR, INVALID_REQUEST (no such kind of subject).

use broker::Broker;
use broker::coordinators::groups::GroupWhyError;
use broker::group_coordinator::classic::GroupWhy;
use net::Request;
use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::{Fact, Wait, WhyResponse};
use types::ErrorCode;
use types::waits::{Explanation, FactValue, GroupWait, Report};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// `SubjectType` of a group.
const GROUP: i8 = 0;

/// A report, or an error with its message.
type Told = Result<Report, (ErrorCode, String)>;

/// Answers from what is in memory; nothing is asked of a disk or waited for.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: WhyRequest = exchange::decode(request)?;
    let may_describe = |resource| authorizer.allows(&request.connection, Operation::Describe, resource);
    let told = match body.subject_type {
        GROUP if !may_describe(Resource::Group(&body.name)) => {
            let message = "describing this group is not allowed".to_owned();
            Err((ErrorCode::GroupAuthorizationFailed, message))
        }
        GROUP => group(broker, &body.name),
        unknown => Err((ErrorCode::InvalidRequest, format!("there is no kind of subject {unknown}"))),
    };
    exchange::answer(&request.header, &response(told))
}

fn group(broker: &Broker, group_id: &str) -> Told {
    match broker.why_group(group_id) {
        Ok(Some(why)) => Ok(group_report(why)),
        Ok(None) => Ok(Report { facts: Vec::new(), waits: vec![Explanation::from(&GroupWait::Loading)] }),
        Err(error @ GroupWhyError::NotFound) => Err((ErrorCode::GroupIdNotFound, error.to_string())),
        Err(error @ GroupWhyError::NotCoordinator) => Err((ErrorCode::NotCoordinator, error.to_string())),
    }
}

fn group_report(why: GroupWhy) -> Report {
    let mut report = Report::default();
    report.text("state", why.state.name());
    report.number("generation", i64::from(why.generation));
    if let Some(leader) = why.leader {
        report.text("leader", leader);
    }
    report.list("members", why.members.iter().map(ToString::to_string));
    report.number("JoinGroup requests that wait", count(why.parked_joins));
    report.number("SyncGroup requests that wait", count(why.parked_syncs));
    report.waits = why.waits.iter().map(Explanation::from).collect();
    report
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn response(told: Told) -> WhyResponse {
    match told {
        Ok(report) => WhyResponse {
            facts: report.facts.into_iter().map(fact).collect(),
            waits: report.waits.into_iter().map(wait).collect(),
            ..Default::default()
        },
        Err((error, message)) => {
            WhyResponse { error_code: error.code(), error_message: Some(message), ..Default::default() }
        }
    }
}

fn fact(fact: types::waits::Fact) -> Fact {
    let (value_type, number, texts) = match fact.value {
        FactValue::Number(number) => (FactValue::NUMBER, number, Vec::new()),
        FactValue::Text(text) => (FactValue::TEXT, 0, vec![text]),
        FactValue::List(texts) => (FactValue::LIST, 0, texts),
    };
    Fact { name: fact.name.into_owned(), value_type, number, texts, ..Default::default() }
}

fn wait(wait: Explanation) -> Wait {
    Wait {
        code: wait.code.into_owned(),
        cause: wait.cause,
        evidence: wait.evidence,
        freed_by: wait.freed_by,
        left_ms: wait.left_ms.unwrap_or(-1),
        ..Default::default()
    }
}
