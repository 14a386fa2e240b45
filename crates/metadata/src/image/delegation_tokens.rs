//! Delegation tokens (KIP-48, KIP-900), kept as their records until they are served.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::delegation_token_record::DelegationTokenRecord;
use protocol::records::remove_delegation_token_record::RemoveDelegationTokenRecord;

use crate::{MetadataRecord, MetadataVersion};

/// Tokens by their ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DelegationTokensImage {
    tokens: Arc<BTreeMap<String, DelegationTokenRecord>>,
}

impl DelegationTokensImage {
    /// The token of this id.
    pub fn get(&self, token_id: &str) -> Option<&DelegationTokenRecord> {
        self.tokens.get(token_id)
    }

    /// Every token.
    pub fn iter(&self) -> impl Iterator<Item = &DelegationTokenRecord> {
        self.tokens.values()
    }

    pub(super) fn insert(&mut self, record: &DelegationTokenRecord) {
        Arc::make_mut(&mut self.tokens).insert(record.token_id.clone(), record.clone());
    }

    pub(super) fn remove(&mut self, record: &RemoveDelegationTokenRecord) {
        Arc::make_mut(&mut self.tokens).remove(&record.token_id);
    }

    pub(super) fn records(&self, version: MetadataVersion) -> impl Iterator<Item = MetadataRecord> {
        let written = version.has_delegation_tokens().then(|| self.iter());
        written.into_iter().flatten().cloned().map(MetadataRecord::from)
    }
}
