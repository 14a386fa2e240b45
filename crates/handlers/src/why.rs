//! Why (key 22000, our own), version 0: what a group, a partition or a transactional id waits for, for `milena why`.
//!
//! Never advertised; a node that does not know it closes the connection, as Apache Kafka does
//! (`docs/decisions/0013-a-private-api-for-why.md`). Broker listeners. Needs DESCRIBE on the group, topic or
//! transactional id, and on the topics in a transaction for those to be told. Errors, each with a message: GROUP_AUTHORIZATION_FAILED, GROUP_ID_NOT_FOUND, NOT_COORDINATOR;
//! TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER;
//! TRANSACTIONAL_ID_AUTHORIZATION_FAILED, TRANSACTIONAL_ID_NOT_FOUND; INVALID_REQUEST (no such kind of subject).

use broker::coordinators::groups::GroupWhyError;
use broker::coordinators::transactions::TransactionWhyError;
use broker::group_coordinator::classic::GroupWhy;
use broker::transaction_coordinator::TransactionWhy;
use broker::{Broker, LogWhy, PartitionWhy, PartitionWhyError};
use net::Request;
use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::{Fact, Wait, WhyResponse};
use types::waits::{Explanation, FactValue, GroupWait, Report, TransactionWait};
use types::{ErrorCode, NodeId, PartitionIndex};

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// `SubjectType` of a group.
const GROUP: i8 = 0;
/// `SubjectType` of a partition.
const PARTITION: i8 = 1;
/// `SubjectType` of a transactional id.
const TRANSACTIONAL_ID: i8 = 2;

/// A report, or an error with its message.
type Told = Result<Report, (ErrorCode, String)>;

/// Answers from what is in memory; nothing is asked of a disk or waited for.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: WhyRequest = exchange::decode(request)?;
    let may_describe =
        |resource: Resource<'_>| authorizer.allows(&request.connection, Operation::Describe, resource);
    let told = match body.subject_type {
        GROUP if !may_describe(Resource::Group(&body.name)) => {
            let message = "describing this group is not allowed".to_owned();
            Err((ErrorCode::GroupAuthorizationFailed, message))
        }
        GROUP => group(broker, &body.name),
        // As with Metadata, who may not describe a topic is not told whether it exists.
        PARTITION if !may_describe(Resource::Topic(&body.name)) => {
            let message = "describing this topic is not allowed".to_owned();
            Err((ErrorCode::TopicAuthorizationFailed, message))
        }
        PARTITION => partition(broker, &body.name, PartitionIndex(body.partition)),
        TRANSACTIONAL_ID if !may_describe(Resource::TransactionalId(&body.name)) => {
            let message = "describing this transactional id is not allowed".to_owned();
            Err((ErrorCode::TransactionalIdAuthorizationFailed, message))
        }
        TRANSACTIONAL_ID => {
            // As with DescribeTransactions, partitions of topics that may not be described are not told.
            transaction(broker, &body.name, |topic| may_describe(Resource::Topic(topic)))
        }
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
    report.text("state", why.state);
    match why.assignment_epoch {
        None => report.number("generation", i64::from(why.generation)),
        Some(assignment_epoch) => {
            report.number("group epoch", i64::from(why.generation));
            report.number("assignment epoch", i64::from(assignment_epoch));
        }
    }
    if let Some(leader) = why.leader {
        report.text("leader", leader);
    }
    report.list("members", why.members.iter().map(ToString::to_string));
    // Members of consumer groups do not wait by requests.
    if why.assignment_epoch.is_none() {
        report.number("waiting JoinGroup requests", count(why.parked_joins));
        report.number("waiting SyncGroup requests", count(why.parked_syncs));
    }
    report.waits = why.waits.iter().map(Explanation::from).collect();
    report
}

fn transaction(broker: &Broker, transactional_id: &str, may_tell_of: impl Fn(&str) -> bool) -> Told {
    match broker.why_transaction(transactional_id) {
        Ok(Some(mut why)) => {
            for wait in &mut why.waits {
                if let TransactionWait::Open { partitions, .. }
                | TransactionWait::MarkersNotWritten { partitions, .. } = wait
                {
                    partitions.retain(|partition| may_tell_of(&partition.topic));
                }
            }
            Ok(transaction_report(&why))
        }
        Ok(None) => {
            Ok(Report { facts: Vec::new(), waits: vec![Explanation::from(&TransactionWait::Loading)] })
        }
        Err(error @ TransactionWhyError::NotFound) => {
            Err((ErrorCode::TransactionalIdNotFound, error.to_string()))
        }
        Err(error @ TransactionWhyError::NotCoordinator) => {
            Err((ErrorCode::NotCoordinator, error.to_string()))
        }
    }
}

fn transaction_report(why: &TransactionWhy) -> Report {
    let mut report = Report::default();
    report.text("state", why.state.name());
    report.number("producer", why.producer.id.0);
    report.number("epoch", i64::from(why.producer.epoch.0));
    match why.timeout_ms {
        Some(timeout_ms) => report.number("timeout ms", timeout_ms),
        None => report.text("timeout ms", "none: an outer coordinator decides"),
    }
    report.number("last change, ms ago", why.updated_ago_ms);
    if let Some(expires_in_ms) = why.expires_in_ms {
        report.number("forgotten in ms", expires_in_ms);
    }
    report.waits = why.waits.iter().map(Explanation::from).collect();
    report
}

fn partition(broker: &Broker, topic: &str, index: PartitionIndex) -> Told {
    broker.why_partition(topic, index).map(|why| partition_report(&why)).map_err(|error| {
        let code = match error {
            PartitionWhyError::UnknownTopic | PartitionWhyError::UnknownPartition { .. } => {
                ErrorCode::UnknownTopicOrPartition
            }
            PartitionWhyError::LedElsewhere { .. } => ErrorCode::NotLeaderOrFollower,
        };
        (code, error.to_string())
    })
}

fn partition_report(why: &PartitionWhy) -> Report {
    let nodes = |nodes: &[NodeId]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut report = Report::default();
    report.number("leader", i64::from(why.leader.unwrap_or(NodeId::NONE).0));
    report.number("leader epoch", i64::from(why.leader_epoch.0));
    report.list("replicas", nodes(&why.replicas));
    report.list("in-sync replicas", nodes(&why.isr));
    if let Some(log) = &why.log {
        log_facts(log, &mut report);
    }
    report.waits = why.waits.iter().map(Explanation::from).collect();
    report
}

fn log_facts(log: &LogWhy, report: &mut Report) {
    let bytes = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    report.number("log start offset", log.log_start.0);
    report.number("last stable offset", log.last_stable.0);
    report.number("high watermark", log.high_watermark.0);
    report.number("log end offset", log.log_end.0);
    report.number("flushed up to offset", log.flushed.0);
    report.number("unflushed bytes", bytes(log.unflushed_bytes));
    if let Some(unflushed_ms) = log.unflushed_ms {
        report.number("unflushed ms", unflushed_ms);
    }
    report.number("flush.messages", log.flush_messages);
    report.number("flush.ms", log.flush_ms);
    report.number("min.insync.replicas", i64::from(log.min_insync_replicas));
    report.number("size bytes", bytes(log.size_bytes));
    if let Some(first_dirty) = log.first_dirty {
        report.number("compacted up to offset", first_dirty.unwrap_or(log.log_start).0);
    }
    report.number("open transactions", count(log.open_transactions));
    report.number("waiting produce requests", count(log.waiting_produces));
    report.number("waiting fetch requests", count(log.waiting_fetches));
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
