//! DescribeConfigs (key 32), versions 1–4: settings, their values and where those come from.
//!
//! v1 (KIP-226) sources and synonyms; v3 (KIP-569) types and documentation; v4 flexible. Broker listeners. Needs
//! DESCRIBE_CONFIGS on the topic or the group, else on the cluster. A broker tells its own settings, those of all brokers
//! (by the empty name), its loggers, and those of any topic and group. Errors per resource: UNKNOWN_TOPIC_OR_PARTITION,
//! INVALID_TOPIC_EXCEPTION, TOPIC_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED,
//! INVALID_REQUEST (another broker's id, an empty name, or a kind of resource that has no settings here).

use broker::{Broker, ConfigSource, DescribedConfig, KeyType};
use net::Request;
use protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::topic_names;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const BROKER_LOGGER: i8 = 8;
const GROUP: i8 = 32;

/// Answers from the broker's own image and its properties.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeConfigsRequest = exchange::decode(request)?;
    let describe_one = |resource: &DescribeConfigsResource| {
        let described = describe(broker, authorizer, request, resource);
        let (error, error_message, entries) = match described {
            // Empty, not null: the oracle leaves the field at its default.
            Ok(entries) => (ErrorCode::None, Some(String::new()), entries),
            Err(Refusal { error, message }) => (error, message, Vec::new()),
        };
        DescribeConfigsResult {
            error_code: error.code(),
            error_message,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            configs: entries.into_iter().map(|entry| told(entry, &body)).collect(),
            ..Default::default()
        }
    };
    let response = DescribeConfigsResponse {
        results: body.resources.iter().map(describe_one).collect(),
        ..Default::default()
    };
    exchange::answer(&request.header, &response)
}

/// Why a resource is not described.
struct Refusal {
    error: ErrorCode,
    message: Option<String>,
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Self {
        Self { error, message: None }
    }
}

fn describe(
    broker: &Broker,
    authorizer: &Authorizer,
    request: &Request,
    resource: &DescribeConfigsResource,
) -> Result<Vec<DescribedConfig>, Refusal> {
    let name = resource.resource_name.as_str();
    let (allowed_on, denied) = match resource.resource_type {
        TOPIC => (Resource::Topic(name), ErrorCode::TopicAuthorizationFailed),
        GROUP => (Resource::Group(name), ErrorCode::GroupAuthorizationFailed),
        _ => (Resource::Cluster, ErrorCode::ClusterAuthorizationFailed),
    };
    if !authorizer.allows(&request.connection, Operation::DescribeConfigs, allowed_on) {
        return Err(denied.into());
    }
    let invalid = |message: String| Refusal { error: ErrorCode::InvalidRequest, message: Some(message) };
    let entries = match resource.resource_type {
        TOPIC => match broker.describe_topic_config(name) {
            Some(entries) => entries,
            None => {
                let error = topic_names::unknown_topic_error(name);
                return Err(Refusal { error, message: Some(format!("there is no topic {name:?}")) });
            }
        },
        BROKER if name.is_empty() => broker.describe_broker_defaults(),
        BROKER if name.parse() == Ok(broker.node_id().0) => broker.describe_broker_config(),
        BROKER_LOGGER if name.parse() == Ok(broker.node_id().0) => broker.describe_loggers(),
        GROUP if name.is_empty() => return Err(invalid("the name of a group is empty".to_owned())),
        GROUP => broker.describe_group_config(name),
        BROKER | BROKER_LOGGER => {
            let own = broker.node_id();
            return Err(invalid(format!("this is broker {own}, it does not know the settings of {name:?}")));
        }
        other => return Err(invalid(format!("resources of type {other} have no settings here"))),
    };
    // An empty list asks for all, as no list does.
    let keys = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
    let is_wanted = |entry: &DescribedConfig| keys.is_none_or(|keys| keys.contains(&entry.name));
    Ok(entries.into_iter().filter(is_wanted).collect())
}

fn told(entry: DescribedConfig, body: &DescribeConfigsRequest) -> DescribeConfigsResourceResult {
    let synonyms = match body.include_synonyms {
        true => entry.synonyms.as_slice(),
        false => &[],
    };
    DescribeConfigsResourceResult {
        name: entry.name,
        config_source: entry.source.id(),
        read_only: entry.is_read_only,
        is_sensitive: entry.is_sensitive,
        config_type: entry.key_type.map_or(0, type_id),
        documentation: match entry.source {
            // Empty, whether it is asked for or not: the oracle leaves the field at its default.
            ConfigSource::BrokerLogger => Some(String::new()),
            _ => entry.doc.filter(|_| body.include_documentation).map(str::to_owned),
        },
        synonyms: (synonyms.iter())
            .map(|synonym| DescribeConfigsSynonym {
                name: synonym.name.clone(),
                value: synonym.value.clone(),
                source: synonym.source.id(),
                ..Default::default()
            })
            .collect(),
        value: entry.value,
        ..Default::default()
    }
}

/// The numbers of Kafka's types of settings.
fn type_id(key_type: KeyType) -> i8 {
    match key_type {
        KeyType::Boolean => 1,
        KeyType::Text => 2,
        KeyType::Int => 3,
        KeyType::Short => 4,
        KeyType::Long => 5,
        KeyType::Double => 6,
        KeyType::List => 7,
        KeyType::Class => 8,
        KeyType::Password => 9,
    }
}
