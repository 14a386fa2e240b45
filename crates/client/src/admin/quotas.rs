//! DescribeClientQuotas and AlterClientQuotas (KIP-546).

use std::collections::BTreeMap;

use protocol::messages::alter_client_quotas_request::{self as alter, AlterClientQuotasRequest, OpData};
use protocol::messages::describe_client_quotas_request::{ComponentData, DescribeClientQuotasRequest};

use super::ask::Whom;
use super::{Admin, Effect, Outcomes, outcome, whole};
use crate::call::Call;
use crate::error::ClientError;

/// Whom a quota is for: kinds such as `user`, `client-id` and `ip` with a name each, `None` for the default of the kind.
pub type QuotaEntity = BTreeMap<String, Option<String>>;

/// Which names of a kind are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaMatch {
    /// This one.
    Exact(String),
    /// The default of the kind.
    Default,
    /// All that are set.
    Any,
}

/// Whether an entity may have kinds beside those asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaFilter {
    /// It may.
    Loose,
    /// It may not.
    Strict,
}

impl Admin {
    /// The quotas that fit, each key with its value.
    ///
    /// # Errors
    /// When nobody answers; INVALID_REQUEST for kinds that do not exist.
    pub async fn describe_quotas(
        &self,
        matches: &BTreeMap<String, QuotaMatch>,
        filter: QuotaFilter,
    ) -> Result<Vec<(QuotaEntity, BTreeMap<String, f64>)>, ClientError> {
        let components = matches.iter().map(|(kind, wanted)| {
            let (match_type, name) = match wanted {
                QuotaMatch::Exact(name) => (0, Some(name.clone())),
                QuotaMatch::Default => (1, None),
                QuotaMatch::Any => (2, None),
            };
            ComponentData { entity_type: kind.clone(), match_type, r#match: name, ..ComponentData::default() }
        });
        let request = DescribeClientQuotasRequest {
            components: components.collect(),
            strict: filter == QuotaFilter::Strict,
            ..DescribeClientQuotasRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |answer| answer.error_code).await?;
        whole(DescribeClientQuotasRequest::API, answer.error_code)?;
        let quotas = answer.entries.unwrap_or_default().into_iter().map(|entry| {
            let entity = entry.entity.into_iter().map(|part| (part.entity_type, part.entity_name));
            let values = entry.values.into_iter().map(|value| (value.key, value.value));
            (entity.collect(), values.collect())
        });
        Ok(quotas.collect())
    }

    /// Sets quotas, or removes those without a value.
    ///
    /// # Errors
    /// When nobody answers; INVALID_REQUEST for kinds, keys or values that are none.
    pub async fn alter_quotas(
        &self,
        changes: &BTreeMap<QuotaEntity, BTreeMap<String, Option<f64>>>,
        effect: Effect,
    ) -> Result<Outcomes<QuotaEntity, ()>, ClientError> {
        let entries = changes.iter().map(|(entity, values)| alter::EntryData {
            entity: entity
                .iter()
                .map(|(kind, name)| alter::EntityData {
                    entity_type: kind.clone(),
                    entity_name: name.clone(),
                    ..alter::EntityData::default()
                })
                .collect(),
            ops: values
                .iter()
                .map(|(key, value)| OpData {
                    key: key.clone(),
                    value: value.unwrap_or(0.0),
                    remove: value.is_none(),
                    ..OpData::default()
                })
                .collect(),
            ..alter::EntryData::default()
        });
        let request = AlterClientQuotasRequest {
            entries: entries.collect(),
            validate_only: effect.is_validate_only(),
            ..AlterClientQuotasRequest::default()
        };
        let answer = self.ask(Whom::Any, &request, |_| 0).await?;
        let outcomes = answer.entries.into_iter().map(|entry| {
            let entity: QuotaEntity =
                entry.entity.into_iter().map(|part| (part.entity_type, part.entity_name)).collect();
            let parts = entity
                .iter()
                .map(|(kind, name)| format!("{kind} {}", name.as_deref().unwrap_or("<default>")));
            let subject = parts.collect::<Vec<_>>().join(", ");
            (entity, outcome(&subject, entry.error_code, entry.error_message))
        });
        Ok(outcomes.collect())
    }
}
