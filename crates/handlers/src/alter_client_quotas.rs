//! AlterClientQuotas (key 49), versions 0–1: bounds for users, client ids and addresses (KIP-546).
//!
//! v1 flexible. Broker and controller listeners; the controller decides. Needs ALTER_CONFIGS on the cluster. Each
//! entity succeeds or fails as a whole. Errors: INVALID_REQUEST, CLUSTER_AUTHORIZATION_FAILED. Quotas are kept and
//! described, and not enforced yet: a warning in the log says so. The answer comes when this broker knows of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use broker::Broker;
use controller_node::{ControllerHandle, IP, QuotaAlteration, QuotaChange};
use metadata::ClientQuotaEntity;
use net::Request;
use protocol::messages::alter_client_quotas_request::{self as asked, AlterClientQuotasRequest};
use protocol::messages::alter_client_quotas_response::{AlterClientQuotasResponse, EntityData, EntryData};
use types::ErrorCode;

use crate::authorizer::{Authorizer, Operation, Resource};
use crate::exchange::{self, Handled};
use crate::{controlled, errors};

/// Answers when the quotas are changed.
pub(crate) async fn handle(
    broker: &Arc<Broker>,
    controller: &ControllerHandle,
    authorizer: &Authorizer,
    request: &Request,
) -> Handled {
    let body: AlterClientQuotasRequest = exchange::decode(request)?;
    let mut response = AlterClientQuotasResponse::default();
    if !authorizer.allows(&request.connection, Operation::AlterConfigs, Resource::Cluster) {
        let refused = |entry: asked::EntryData| {
            let parts = entry.entity.into_iter().map(|part| (part.entity_type, part.entity_name));
            told(parts, ErrorCode::ClusterAuthorizationFailed, None)
        };
        response.entries = body.entries.into_iter().map(refused).collect();
        return exchange::answer(&request.header, &response);
    }
    let alterations: Vec<_> = body.entries.into_iter().map(alteration).collect();
    let entities: BTreeSet<_> = alterations.iter().map(|it| it.entity.clone()).collect();
    let unresolvable = unresolvable(&entities).await;
    let decision = controller.alter_client_quotas(alterations, unresolvable, body.validate_only);
    match controlled::applied(broker, controller, decision).await {
        Ok(outcomes) => {
            let is_changed = !body.validate_only && outcomes.iter().any(|(_, outcome)| outcome.is_ok());
            for (entity, outcome) in outcomes {
                let (error, message) = errors::verdict(&outcome);
                response.entries.push(told(entity, error, message));
            }
            if is_changed {
                tracing::warn!("client quotas are kept and described; they are not enforced yet");
            }
        }
        Err((error, message)) => {
            let told = |entity| told(entity, error, Some(message.clone()));
            response.entries = entities.into_iter().map(told).collect();
        }
    }
    exchange::answer(&request.header, &response)
}

/// A type of entity that is given twice counts as it was given last.
fn alteration(entry: asked::EntryData) -> QuotaAlteration {
    let entity: BTreeMap<_, _> =
        entry.entity.into_iter().map(|part| (part.entity_type, part.entity_name)).collect();
    let change = |op: asked::OpData| QuotaChange { key: op.key, value: (!op.remove).then_some(op.value) };
    QuotaAlteration { entity, changes: entry.ops.into_iter().map(change).collect() }
}

/// The hosts among the entities that cannot be found.
async fn unresolvable(entities: &BTreeSet<ClientQuotaEntity>) -> BTreeSet<String> {
    let mut unknown = BTreeSet::new();
    for host in entities.iter().filter_map(|entity| entity.get(IP)?.as_deref()) {
        if host.parse::<std::net::IpAddr>().is_err() && tokio::net::lookup_host((host, 0)).await.is_err() {
            unknown.insert(host.to_owned());
        }
    }
    unknown
}

fn told(
    entity: impl IntoIterator<Item = (String, Option<String>)>,
    error: ErrorCode,
    error_message: Option<String>,
) -> EntryData {
    let part = |(entity_type, entity_name)| EntityData { entity_type, entity_name, ..Default::default() };
    EntryData {
        error_code: error.code(),
        error_message,
        entity: entity.into_iter().map(part).collect(),
        ..Default::default()
    }
}
