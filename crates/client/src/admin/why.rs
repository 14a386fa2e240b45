//! Asking a node why something waits. Milena alone answers: the request is none of Kafka's, and no node advertises it.

use protocol::private_messages::why_request::WhyRequest;
use protocol::private_messages::why_response::{Fact, Wait, WhyResponse};
use types::waits::{self, Explanation, FactValue, Report};
use types::{ErrorCode, NodeId, TopicPartition};

use crate::admin::Admin;
use crate::admin::coordinator::Coordinated;
use crate::error::{ClientError, error_code};
use crate::network_client::{AutoCreate, NetworkClient};
use crate::patience::Patience;

/// `SubjectType` of a group.
const GROUP: i8 = 0;
/// `SubjectType` of a partition.
const PARTITION: i8 = 1;
/// `SubjectType` of a transactional id.
const TRANSACTIONAL_ID: i8 = 2;

impl Admin {
    /// Asks a group's coordinator what the group does and waits for.
    ///
    /// # Errors
    /// [`ClientError::NotMilena`] where the coordinator cannot tell; GROUP_ID_NOT_FOUND and other refusals as
    /// [`ClientError::Topic`] about the group.
    pub async fn why_group(&self, group_id: &str) -> Result<Report, ClientError> {
        let subject = format!("group {group_id}");
        let request = WhyRequest { subject_type: GROUP, name: group_id.to_owned(), ..WhyRequest::default() };
        Patience::new(self.client().config())
            .until_done(async || {
                let client = self.client();
                client.refresh(&[], AutoCreate::Forbidden).await?;
                ask(client, self.group_coordinator(group_id).await?, &request, &subject).await
            })
            .await
    }

    /// Asks a transactional id's coordinator what its transaction does and waits for.
    ///
    /// # Errors
    /// [`ClientError::NotMilena`] where the coordinator cannot tell; TRANSACTIONAL_ID_NOT_FOUND and other refusals as
    /// [`ClientError::Topic`] about the transactional id.
    pub async fn why_transaction(&self, transactional_id: &str) -> Result<Report, ClientError> {
        let of = Coordinated::TransactionalId(transactional_id);
        let request = WhyRequest {
            subject_type: TRANSACTIONAL_ID,
            name: transactional_id.to_owned(),
            ..WhyRequest::default()
        };
        Patience::new(self.client().config())
            .until_done(async || {
                let client = self.client();
                client.refresh(&[], AutoCreate::Forbidden).await?;
                ask(client, self.coordinator(of).await?, &request, &of.to_string()).await
            })
            .await
    }

    /// Asks a partition's leader how the partition stands and what waits there; where there is none, any node.
    ///
    /// # Errors
    /// [`ClientError::NotMilena`] where the leader cannot tell; [`ClientError::Topic`] and
    /// [`ClientError::NoSuchPartition`] where it does not exist.
    pub async fn why_partition(&self, partition: &TopicPartition) -> Result<Report, ClientError> {
        let client = self.client();
        // Fails at once where there is no such topic; asked again below, it may have a new leader.
        client.topic(&partition.topic, AutoCreate::Forbidden).await?;
        let request = WhyRequest {
            subject_type: PARTITION,
            name: partition.topic.to_string(),
            partition: partition.partition.0,
            ..WhyRequest::default()
        };
        let subject = partition.to_string();
        Patience::new(client.config())
            .until_done(async || {
                client.refresh(std::slice::from_ref(&partition.topic), AutoCreate::Forbidden).await?;
                let topic = client.topic(&partition.topic, AutoCreate::Forbidden).await?;
                let known =
                    topic.partition(partition.partition).ok_or_else(|| ClientError::NoSuchPartition {
                        topic: partition.topic.to_string(),
                        partition: partition.partition.0,
                        partitions: i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX),
                    })?;
                let any_node = || client.metadata().nodes.into_keys().next();
                let node = known.leader.or_else(any_node).ok_or(ClientError::NoBootstrapServer)?;
                ask(client, node, &request, &subject).await
            })
            .await
    }
}

async fn ask(
    client: &NetworkClient,
    node: NodeId,
    request: &WhyRequest,
    subject: &str,
) -> Result<Report, ClientError> {
    let connection = client.node(node).await?;
    let answer = match connection.call_private(request).await {
        // Who does not know a request closes the connection. A node that takes the next one is alive, and meant it.
        Err(ClientError::Disconnected { address, .. }) => {
            client.node(node).await?;
            return Err(ClientError::NotMilena { address });
        }
        answer => answer?,
    };
    match error_code(answer.error_code) {
        ErrorCode::None => report(answer),
        code => Err(refused(subject, code, answer.error_message)),
    }
}

fn refused(subject: &str, code: ErrorCode, message: Option<String>) -> ClientError {
    ClientError::Topic { subject: subject.to_owned(), code, message }
}

fn report(answer: WhyResponse) -> Result<Report, ClientError> {
    let facts = answer.facts.into_iter().map(fact).collect::<Result<_, _>>()?;
    Ok(Report { facts, waits: answer.waits.into_iter().map(wait).collect() })
}

fn fact(fact: Fact) -> Result<waits::Fact, ClientError> {
    let value = match fact.value_type {
        FactValue::NUMBER => FactValue::Number(fact.number),
        FactValue::TEXT => FactValue::Text(fact.texts.concat()),
        FactValue::LIST => FactValue::List(fact.texts),
        unknown => {
            let reason = format!("{} has a value of the unknown type {unknown}", fact.name);
            return Err(ClientError::Malformed { api: "Why", reason });
        }
    };
    Ok(waits::Fact { name: fact.name.into(), value })
}

fn wait(wait: Wait) -> Explanation {
    Explanation {
        code: wait.code.into(),
        cause: wait.cause,
        evidence: wait.evidence,
        freed_by: wait.freed_by,
        left_ms: Some(wait.left_ms).filter(|left_ms| *left_ms >= 0),
    }
}
