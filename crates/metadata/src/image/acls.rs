//! Access control entries, kept as their records until `security` gives their words types.

use std::sync::Arc;

use protocol::records::access_control_entry_record::AccessControlEntryRecord;
use protocol::records::remove_access_control_entry_record::RemoveAccessControlEntryRecord;
use types::Uuid;

use crate::chunked_map::ChunkedMap;
use crate::{MetadataRecord, ReplayError};

/// Access control entries by their ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclsImage {
    entries: ChunkedMap<Uuid, Arc<AccessControlEntryRecord>>,
}

impl AclsImage {
    /// Every entry.
    pub fn iter(&self) -> impl Iterator<Item = &AccessControlEntryRecord> {
        self.entries.iter().map(|(_, entry)| entry.as_ref())
    }

    pub(super) fn insert(&mut self, record: &AccessControlEntryRecord) {
        self.entries.insert(record.id, Arc::new(record.clone()));
    }

    pub(super) fn remove(&mut self, record: &RemoveAccessControlEntryRecord) -> Result<(), ReplayError> {
        self.entries.remove(&record.id).map(|_| ()).ok_or(ReplayError::UnknownAcl { id: record.id })
    }

    pub(super) fn records(&self) -> impl Iterator<Item = MetadataRecord> {
        self.iter().cloned().map(MetadataRecord::from)
    }
}
