//! DescribeClientQuotas (key 48), versions 0–1: the quotas of users, client ids and addresses (KIP-546).
//!
//! v1 flexible. Broker listeners. Needs DESCRIBE_CONFIGS on the cluster. Errors of the whole request: INVALID_REQUEST
//! (a filter that makes no sense), UNSUPPORTED_VERSION (a type of entity that is not there),
//! CLUSTER_AUTHORIZATION_FAILED.

use std::collections::BTreeMap;

use broker::Broker;
use controller_node::{CLIENT_ID, IP, USER};
use metadata::{ClientQuotaEntity, QuotaEntityMatch};
use net::Request;
use protocol::messages::describe_client_quotas_request::{ComponentData, DescribeClientQuotasRequest};
use protocol::messages::describe_client_quotas_response::{
    DescribeClientQuotasResponse, EntityData, EntryData, ValueData,
};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};

/// Answers from the broker's own image.
pub(crate) fn handle(broker: &Broker, authorizer: &Authorizer, request: &Request) -> Handled {
    let body: DescribeClientQuotasRequest = exchange::decode(request)?;
    let may_describe = authorizer.allows(&request.connection, Operation::DescribeConfigs, Resource::Cluster);
    let filter = match may_describe {
        true => filter(body.components),
        false => Err((ErrorCode::ClusterAuthorizationFailed, None)),
    };
    let response = match filter {
        Ok(filter) => {
            let image = broker.image();
            let found = image.client_quotas.matching(&filter, body.strict);
            DescribeClientQuotasResponse {
                // Empty, not null: the oracle leaves the field at its default.
                error_message: Some(String::new()),
                entries: Some(found.map(|(entity, quotas)| entry(entity, quotas)).collect()),
                ..Default::default()
            }
        }
        Err((error, error_message)) => DescribeClientQuotasResponse {
            error_code: error.code(),
            error_message,
            entries: None,
            ..Default::default()
        },
    };
    exchange::answer(&request.header, &response)
}

type Refusal = (ErrorCode, Option<String>);

fn filter(components: Vec<ComponentData>) -> Result<BTreeMap<String, QuotaEntityMatch>, Refusal> {
    let invalid = |message: String| (ErrorCode::InvalidRequest, Some(message));
    let mut filter = BTreeMap::new();
    for ComponentData { entity_type, match_type, r#match: name, .. } in components {
        if entity_type.is_empty() {
            return Err(invalid("the type of an entity is empty".to_owned()));
        }
        if filter.contains_key(&entity_type) {
            return Err(invalid(format!("the filter has {entity_type} more than once")));
        }
        if ![USER, CLIENT_ID, IP].contains(&entity_type.as_str()) {
            let message = format!("{entity_type:?} is no type of entity: {USER}, {CLIENT_ID} and {IP} are");
            return Err((ErrorCode::UnsupportedVersion, Some(message)));
        }
        let wanted = match (match_type, name) {
            (0, Some(name)) => QuotaEntityMatch::Name(name),
            (1, None) => QuotaEntityMatch::Default,
            (2, None) => QuotaEntityMatch::Any,
            (0, None) => return Err(invalid(format!("which {entity_type} is looked for is not said"))),
            (1 | 2, Some(_)) => {
                return Err(invalid(format!("a name of the {entity_type} together with the default or any")));
            }
            (other, _) => return Err(invalid(format!("{other} is no way to match an entity"))),
        };
        filter.insert(entity_type, wanted);
    }
    if filter.contains_key(IP) && filter.len() > 1 {
        return Err(invalid("an address has quotas of its own, not together with others".to_owned()));
    }
    Ok(filter)
}

fn entry(entity: &ClientQuotaEntity, quotas: &BTreeMap<String, f64>) -> EntryData {
    let part = |(entity_type, entity_name): (&String, &Option<String>)| EntityData {
        entity_type: entity_type.clone(),
        entity_name: entity_name.clone(),
        ..Default::default()
    };
    let value =
        |(key, value): (&String, &f64)| ValueData { key: key.clone(), value: *value, ..Default::default() };
    EntryData {
        entity: entity.iter().map(part).collect(),
        values: quotas.iter().map(value).collect(),
        ..Default::default()
    }
}
