//! SCRAM credentials (KIP-900), kept as their records until `security` checks passwords.

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::records::remove_user_scram_credential_record::RemoveUserScramCredentialRecord;
use protocol::records::user_scram_credential_record::UserScramCredentialRecord;

use crate::{MetadataRecord, MetadataVersion};

/// Credentials by mechanism (as its number) and user.
#[derive(Clone, Default, PartialEq)]
pub struct ScramImage {
    credentials: Arc<BTreeMap<(i8, String), UserScramCredentialRecord>>,
}

impl ScramImage {
    /// The credential of a user for a mechanism.
    pub fn get(&self, mechanism: i8, user: &str) -> Option<&UserScramCredentialRecord> {
        self.credentials.get(&(mechanism, user.to_owned()))
    }

    /// Mechanism and user of every credential.
    pub fn users(&self) -> impl Iterator<Item = (i8, &str)> {
        self.credentials.keys().map(|(mechanism, user)| (*mechanism, user.as_str()))
    }

    pub(super) fn insert(&mut self, record: &UserScramCredentialRecord) {
        Arc::make_mut(&mut self.credentials).insert((record.mechanism, record.name.clone()), record.clone());
    }

    pub(super) fn remove(&mut self, record: &RemoveUserScramCredentialRecord) {
        Arc::make_mut(&mut self.credentials).remove(&(record.mechanism, record.name.clone()));
    }

    pub(super) fn records(&self, version: MetadataVersion) -> impl Iterator<Item = MetadataRecord> {
        let written = version.has_scram().then(|| self.credentials.values());
        written.into_iter().flatten().cloned().map(MetadataRecord::from)
    }
}

impl std::fmt::Debug for ScramImage {
    /// Names users only: keys and salts are secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.credentials.keys()).finish()
    }
}
