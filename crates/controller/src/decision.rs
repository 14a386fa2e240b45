//! What a verb answers with.

use metadata::MetadataRecord;

/// Records to append, and the reply to give once they are committed.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Decision<R> {
    /// In the order in which they are appended; none where nothing changes.
    pub records: Vec<MetadataRecord>,
    /// For whoever asked.
    pub response: R,
    /// The records must be one batch of the log: a part of them would be a lie.
    pub atomic: bool,
}

impl<R> Decision<R> {
    /// Records that take effect all or none.
    pub fn atomic(records: Vec<MetadataRecord>, response: R) -> Self {
        Self { records, response, atomic: true }
    }

    /// Records of which the first ones are true without the last ones.
    pub fn sequence(records: Vec<MetadataRecord>, response: R) -> Self {
        Self { records, response, atomic: false }
    }

    /// Nothing changes.
    pub fn unchanged(response: R) -> Self {
        Self::atomic(Vec::new(), response)
    }
}
