//! AlterClientQuotas: bounds for users, client ids and addresses (KIP-546).
//!
//! A quota is kept, described and part of snapshots. Nothing is slowed down by it yet.

use std::collections::{BTreeMap, BTreeSet};

use metadata::{ClientQuotaEntity, MetadataRecord};
use protocol::records::client_quota_record::{ClientQuotaRecord, EntityData};

use crate::{Controller, ControllerError, Decision};

/// The type of entity that is a user.
pub const USER: &str = "user";
/// The type of entity that is a client id.
pub const CLIENT_ID: &str = "client-id";
/// The type of entity that is an address or a host.
pub const IP: &str = "ip";

/// One change of one quota.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaChange {
    /// The quota's key, such as `producer_byte_rate`.
    pub key: String,
    /// Its new value; `None` removes it.
    pub value: Option<f64>,
}

/// The changes of one entity.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct QuotaAlteration {
    pub entity: ClientQuotaEntity,
    pub changes: Vec<QuotaChange>,
}

/// What became of each entity, in the order in which they were named first.
pub type QuotaOutcome = Vec<(ClientQuotaEntity, Result<(), ControllerError>)>;

/// What values a quota takes, all above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
enum QuotaType {
    /// A whole number up to this one.
    Whole(f64),
    Fraction,
}

const USER_AND_CLIENT_KEYS: &[(&str, QuotaType)] = &[
    ("producer_byte_rate", QuotaType::Whole(i64::MAX as f64)),
    ("consumer_byte_rate", QuotaType::Whole(i64::MAX as f64)),
    ("request_percentage", QuotaType::Fraction),
    ("controller_mutation_rate", QuotaType::Fraction),
];
const IP_KEYS: &[(&str, QuotaType)] = &[("connection_creation_rate", QuotaType::Whole(i32::MAX as f64))];

impl Controller {
    /// Changes quotas, or only says whether they could be changed. Each entity succeeds or fails as a whole; one that is
    /// named again fails, and what was decided of it first stands. `unresolvable`: the names among the entities of type
    /// [`IP`] that are no address and no host anybody knows.
    pub fn decide_alter_client_quotas(
        &self,
        alterations: &[QuotaAlteration],
        unresolvable: &BTreeSet<String>,
        validate_only: bool,
    ) -> Decision<QuotaOutcome> {
        let mut records = Vec::new();
        let mut outcomes = QuotaOutcome::with_capacity(alterations.len());
        let mut places = BTreeMap::new();
        for alteration in alterations {
            let entity = &alteration.entity;
            if let Some(place) = places.insert(entity, outcomes.len()) {
                let again = invalid("the request has this entity more than once");
                outcomes[place] = (entity.clone(), Err(again));
                places.insert(entity, place);
                continue;
            }
            let altered = self.alter_quotas(alteration, unresolvable);
            outcomes.push((entity.clone(), altered.map(|mut altered| records.append(&mut altered))));
        }
        match validate_only {
            true => Decision::unchanged(outcomes),
            false => Decision::atomic(records, outcomes),
        }
    }

    fn alter_quotas(
        &self,
        alteration: &QuotaAlteration,
        unresolvable: &BTreeSet<String>,
    ) -> Result<Vec<MetadataRecord>, ControllerError> {
        let QuotaAlteration { entity, changes } = alteration;
        let keys: BTreeSet<&str> = changes.iter().map(|change| change.key.as_str()).collect();
        if keys.len() != changes.len() {
            return Err(invalid("a quota is changed more than once"));
        }
        let allowed = allowed_keys(entity, unresolvable)?;
        let before = self.image().client_quotas.of(entity);
        let mut records = Vec::with_capacity(changes.len());
        for QuotaChange { key, value } in changes {
            let old = before.get(key);
            match value {
                None if old.is_some() => records.push(record(entity, key, 0.0, true)),
                None => {}
                Some(value) => {
                    check_value(allowed, key, *value)?;
                    if old != Some(value) {
                        records.push(record(entity, key, *value, false));
                    }
                }
            }
        }
        Ok(records)
    }
}

/// The quotas that an entity may have, or why there is no such entity.
fn allowed_keys(
    entity: &ClientQuotaEntity,
    unresolvable: &BTreeSet<String>,
) -> Result<&'static [(&'static str, QuotaType)], ControllerError> {
    if entity.is_empty() {
        return Err(invalid("an entity has a user, a client id or an address"));
    }
    for (kind, name) in entity {
        if ![USER, CLIENT_ID, IP].contains(&kind.as_str()) {
            return Err(invalid(format!("{kind:?} is no type of entity: {USER}, {CLIENT_ID} and {IP} are")));
        }
        if name.as_ref().is_some_and(String::is_empty) {
            return Err(invalid(format!("the name of the {kind} is empty")));
        }
    }
    let Some(address) = entity.get(IP) else { return Ok(USER_AND_CLIENT_KEYS) };
    match address {
        _ if entity.len() > 1 => Err(invalid("an address has quotas of its own, not together with others")),
        Some(name) if unresolvable.contains(name) => {
            Err(invalid(format!("{name:?} is neither an address nor a host that can be found")))
        }
        _ => Ok(IP_KEYS),
    }
}

fn check_value(allowed: &[(&str, QuotaType)], key: &str, value: f64) -> Result<(), ControllerError> {
    let Some((_, quota_type)) = allowed.iter().find(|(name, _)| *name == key) else {
        let names: Vec<_> = allowed.iter().map(|(name, _)| *name).collect();
        return Err(invalid(format!("this entity has no quota {key:?}, but {}", names.join(", "))));
    };
    // Not a number is not above 0 either.
    let is_positive = value > 0.0;
    match quota_type {
        _ if !is_positive => Err(invalid(format!("{key}={value}: must be above 0"))),
        QuotaType::Whole(max) if value > *max => {
            Err(invalid(format!("{key}={value}: must be at most {max}")))
        }
        QuotaType::Whole(_) if value % 1.0 > 1e-6 => {
            Err(invalid(format!("{key}={value}: must be a whole number")))
        }
        _ => Ok(()),
    }
}

fn record(entity: &ClientQuotaEntity, key: &str, value: f64, remove: bool) -> MetadataRecord {
    let part = |(entity_type, entity_name): (&String, &Option<String>)| EntityData {
        entity_type: entity_type.clone(),
        entity_name: entity_name.clone(),
        ..Default::default()
    };
    let entity = entity.iter().map(part).collect();
    ClientQuotaRecord { entity, key: key.to_owned(), value, remove, ..Default::default() }.into()
}

fn invalid(reason: impl Into<String>) -> ControllerError {
    ControllerError::InvalidRequest { reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use types::ErrorCode;

    use super::*;
    use crate::fixture::{Cluster, code_of};

    fn entity(parts: &[(&str, Option<&str>)]) -> ClientQuotaEntity {
        parts.iter().map(|(kind, name)| ((*kind).to_owned(), name.map(str::to_owned))).collect()
    }

    fn alteration(parts: &[(&str, Option<&str>)], changes: &[(&str, Option<f64>)]) -> QuotaAlteration {
        let change =
            |(key, value): &(&str, Option<f64>)| QuotaChange { key: (*key).to_owned(), value: *value };
        QuotaAlteration { entity: entity(parts), changes: changes.iter().map(change).collect() }
    }

    fn alter(cluster: &mut Cluster, alterations: &[QuotaAlteration], validate_only: bool) -> Vec<ErrorCode> {
        let unresolvable = BTreeSet::from(["nowhere".to_owned()]);
        let decided =
            cluster.controller.decide_alter_client_quotas(alterations, &unresolvable, validate_only);
        cluster.append(&decided.records);
        decided.response.into_iter().map(|(_, result)| code_of(result)).collect()
    }

    fn check(parts: &[(&str, Option<&str>)], changes: &[(&str, Option<f64>)], expect: ErrorCode) {
        let mut cluster = Cluster::of(1);
        let end = cluster.next_offset;
        assert_eq!(
            alter(&mut cluster, &[alteration(parts, changes)], false),
            [expect],
            "{parts:?} {changes:?}"
        );
        assert_eq!(cluster.next_offset == end, expect != ErrorCode::None, "what is refused writes nothing");
    }

    #[test]
    fn quotas_are_set_and_removed() {
        let mut cluster = Cluster::of(1);
        let ann: &[_] = &[("user", Some("ann"))];
        let set = [alteration(ann, &[("producer_byte_rate", Some(9.0)), ("request_percentage", Some(0.5))])];
        assert_eq!(alter(&mut cluster, &set, true), [ErrorCode::None]);
        assert!(cluster.controller.image().client_quotas.of(&entity(ann)).is_empty(), "only validated");
        alter(&mut cluster, &set, false);
        assert_eq!(cluster.controller.image().client_quotas.of(&entity(ann)).len(), 2);
        let end = cluster.next_offset;
        alter(&mut cluster, &set, false);
        alter(&mut cluster, &[alteration(ann, &[("consumer_byte_rate", None)])], false);
        assert_eq!(cluster.next_offset, end, "what stays the same writes nothing");
        let remove = [alteration(ann, &[("producer_byte_rate", None), ("request_percentage", None)])];
        assert_eq!(alter(&mut cluster, &remove, false), [ErrorCode::None]);
        assert!(cluster.controller.image().client_quotas.of(&entity(ann)).is_empty());
    }

    #[test]
    fn entities_and_values_are_checked() {
        let user: &[_] = &[("user", Some("ann"))];
        let rate = |value| [("producer_byte_rate", Some(value))];
        check(user, &rate(1.0), ErrorCode::None);
        check(&[("user", None), ("client-id", None)], &rate(1.0), ErrorCode::None);
        check(&[("ip", Some("10.0.0.1"))], &[("connection_creation_rate", Some(1.0))], ErrorCode::None);
        check(&[("ip", None)], &[("connection_creation_rate", Some(1.0))], ErrorCode::None);
        let refused = ErrorCode::InvalidRequest;
        for value in [0.0, -1.0, 1.5, 1e19, f64::NAN, f64::INFINITY] {
            check(user, &rate(value), refused);
        }
        check(user, &[("request_percentage", Some(f64::NAN))], refused);
        check(user, &[("connection_creation_rate", Some(1.0))], refused);
        check(user, &[("no_such_rate", Some(1.0))], refused);
        check(user, &[("producer_byte_rate", Some(1.0)), ("producer_byte_rate", None)], refused);
        check(&[], &rate(1.0), refused);
        check(&[("group", Some("g"))], &rate(1.0), refused);
        check(&[("user", Some(""))], &rate(1.0), refused);
        check(&[("ip", Some("10.0.0.1"))], &rate(1.0), refused);
        check(&[("ip", Some("nowhere"))], &[("connection_creation_rate", Some(1.0))], refused);
        check(&[("ip", None), ("user", None)], &[("connection_creation_rate", Some(1.0))], refused);
    }

    #[test]
    fn an_entity_named_again_is_refused_and_altered_once() {
        let mut cluster = Cluster::of(1);
        let ann: &[_] = &[("user", Some("ann"))];
        let twice = [
            alteration(ann, &[("producer_byte_rate", Some(1.0))]),
            alteration(&[("user", None)], &[("producer_byte_rate", Some(3.0))]),
            alteration(ann, &[("producer_byte_rate", Some(2.0))]),
        ];
        assert_eq!(alter(&mut cluster, &twice, false), [ErrorCode::InvalidRequest, ErrorCode::None]);
        assert_eq!(cluster.controller.image().client_quotas.of(&entity(ann))["producer_byte_rate"], 1.0);
    }
}
