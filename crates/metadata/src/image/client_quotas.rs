//! Client quotas (KIP-546).

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::client_quota_record::{ClientQuotaRecord, EntityData};

use crate::MetadataRecord;

/// Whom a quota concerns: names by type (`user`, `client-id`, `ip`); `None` is the default of that type.
pub type ClientQuotaEntity = BTreeMap<String, Option<String>>;

/// Which names of one type are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaEntityMatch {
    /// This name.
    Name(String),
    /// The default of the type.
    Default,
    /// Any name, and the default.
    Any,
}

static NO_QUOTAS: BTreeMap<String, f64> = BTreeMap::new();

/// The quotas of every entity that has one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClientQuotasImage {
    entities: Arc<BTreeMap<ClientQuotaEntity, BTreeMap<String, f64>>>,
}

impl ClientQuotasImage {
    /// Every entity and its quotas by key, such as `producer_byte_rate`.
    pub fn iter(&self) -> impl Iterator<Item = (&ClientQuotaEntity, &BTreeMap<String, f64>)> {
        self.entities.iter()
    }

    /// The quotas of an entity by key; empty where it has none.
    pub fn of(&self, entity: &ClientQuotaEntity) -> &BTreeMap<String, f64> {
        self.entities.get(entity).unwrap_or(&NO_QUOTAS)
    }

    /// The entities with every type that `filter` names, matching as it says, and their quotas. `strict`: and with no
    /// other type.
    pub fn matching<'a>(
        &'a self,
        filter: &'a BTreeMap<String, QuotaEntityMatch>,
        strict: bool,
    ) -> impl Iterator<Item = (&'a ClientQuotaEntity, &'a BTreeMap<String, f64>)> {
        let matches = |name: &Option<String>, wanted: &QuotaEntityMatch| match wanted {
            QuotaEntityMatch::Name(wanted) => name.as_ref() == Some(wanted),
            QuotaEntityMatch::Default => name.is_none(),
            QuotaEntityMatch::Any => true,
        };
        self.iter().filter(move |(entity, _)| {
            let has_all = filter
                .iter()
                .all(|(kind, wanted)| entity.get(kind).is_some_and(|name| matches(name, wanted)));
            has_all && (!strict || entity.len() == filter.len())
        })
    }

    pub(super) fn set(&mut self, record: &ClientQuotaRecord) {
        let entity: ClientQuotaEntity =
            record.entity.iter().map(|part| (part.entity_type.clone(), part.entity_name.clone())).collect();
        let entities = Arc::make_mut(&mut self.entities);
        let quotas = entities.entry(entity.clone()).or_default();
        if record.remove {
            quotas.remove(&record.key);
        } else {
            quotas.insert(record.key.clone(), record.value);
        }
        if quotas.is_empty() {
            entities.remove(&entity);
        }
    }

    pub(super) fn records(&self) -> impl Iterator<Item = MetadataRecord> {
        self.iter().flat_map(|(entity, quotas)| quotas.iter().map(|(key, value)| record(entity, key, *value)))
    }
}

fn record(entity: &ClientQuotaEntity, key: &str, value: f64) -> MetadataRecord {
    let part = |(entity_type, entity_name): (&String, &Option<String>)| EntityData {
        entity_type: entity_type.clone(),
        entity_name: entity_name.clone(),
        ..Default::default()
    };
    let entity = entity.iter().map(part).collect();
    ClientQuotaRecord { entity, key: key.to_owned(), value, remove: false, ..Default::default() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(parts: &[(&str, Option<&str>)]) -> ClientQuotaEntity {
        parts.iter().map(|(kind, name)| ((*kind).to_owned(), name.map(str::to_owned))).collect()
    }

    fn image() -> ClientQuotasImage {
        let mut image = ClientQuotasImage::default();
        for entity in [
            entity(&[("user", Some("ann"))]),
            entity(&[("user", None)]),
            entity(&[("user", Some("ann")), ("client-id", Some("app"))]),
            entity(&[("ip", Some("127.0.0.1"))]),
        ] {
            let Some(crate::MetadataRecord::ClientQuota(record)) = Some(record(&entity, "rate", 1.0)) else {
                panic!("a quota's record is one")
            };
            image.set(&record);
        }
        image
    }

    fn check(filter: &[(&str, QuotaEntityMatch)], strict: bool, expect: &[&[(&str, Option<&str>)]]) {
        let filter = filter.iter().map(|(kind, wanted)| ((*kind).to_owned(), wanted.clone())).collect();
        let image = image();
        let mut found: Vec<_> = image.matching(&filter, strict).map(|(entity, _)| entity.clone()).collect();
        found.sort();
        let mut expect: Vec<_> = expect.iter().map(|parts| entity(parts)).collect();
        expect.sort();
        assert_eq!(found, expect, "{filter:?} {strict}");
    }

    #[test]
    fn a_filter_finds_entities_with_its_types() {
        use QuotaEntityMatch::{Any, Default, Name};
        let ann = || Name("ann".to_owned());
        let app: &[_] = &[("user", Some("ann")), ("client-id", Some("app"))];
        check(&[("user", ann())], false, &[&[("user", Some("ann"))], app]);
        check(&[("user", ann())], true, &[&[("user", Some("ann"))]]);
        check(&[("user", Default)], false, &[&[("user", None)]]);
        check(&[("user", Any), ("client-id", Any)], true, &[app]);
        check(&[("client-id", Default)], false, &[]);
        check(&[], true, &[]);
    }

    #[test]
    fn no_filter_finds_all() {
        assert_eq!(image().matching(&BTreeMap::new(), false).count(), 4);
    }
}
