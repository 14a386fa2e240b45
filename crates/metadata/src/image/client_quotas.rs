//! Client quotas (KIP-546).

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::client_quota_record::{ClientQuotaRecord, EntityData};

use crate::MetadataRecord;

/// Whom a quota concerns: names by type (`user`, `client-id`, `ip`); `None` is the default of that type.
pub type ClientQuotaEntity = BTreeMap<String, Option<String>>;

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
