//! Access control entries, kept as their records until `security` gives their words types.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::access_control_entry_record::AccessControlEntryRecord;
use protocol::records::remove_access_control_entry_record::RemoveAccessControlEntryRecord;
use types::Uuid;

use crate::{MetadataRecord, ReplayError};

/// Access control entries by their ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclsImage {
    entries: Arc<BTreeMap<Uuid, AccessControlEntryRecord>>,
}

impl AclsImage {
    /// Every entry.
    pub fn iter(&self) -> impl Iterator<Item = &AccessControlEntryRecord> {
        self.entries.values()
    }

    pub(super) fn insert(&mut self, record: &AccessControlEntryRecord) {
        Arc::make_mut(&mut self.entries).insert(record.id, record.clone());
    }

    pub(super) fn remove(&mut self, record: &RemoveAccessControlEntryRecord) -> Result<(), ReplayError> {
        if !self.entries.contains_key(&record.id) {
            return Err(ReplayError::UnknownAcl { id: record.id });
        }
        Arc::make_mut(&mut self.entries).remove(&record.id);
        Ok(())
    }

    pub(super) fn records(&self) -> impl Iterator<Item = MetadataRecord> {
        self.iter().cloned().map(MetadataRecord::from)
    }
}
