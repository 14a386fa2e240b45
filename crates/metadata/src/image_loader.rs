//! Turns batches of the metadata log into images, transactions included (KIP-868).

use std::sync::Arc;

use types::Offset;

use crate::image::{MetadataImage, Provenance};
use crate::{MetadataRecord, ReplayError};

/// The image at the end of what was loaded, and, within a transaction, the one before it.
#[derive(Clone, Debug, Default)]
pub struct ImageLoader {
    /// With everything, the open transaction included.
    latest: MetadataImage,
    transaction: Option<OpenTransaction>,
}

#[derive(Clone, Debug)]
struct OpenTransaction {
    began_at: Offset,
    before: MetadataImage,
}

impl ImageLoader {
    /// Starts from an image, such as a snapshot's.
    pub fn new(image: MetadataImage) -> Self {
        Self { latest: image, transaction: None }
    }

    /// The image of a snapshot: its records in order, and the last record that it stands for.
    ///
    /// # Errors
    /// When a record contradicts an earlier one.
    pub fn from_snapshot(
        records: impl IntoIterator<Item = MetadataRecord>,
        provenance: Provenance,
    ) -> Result<Self, ReplayError> {
        let mut image = MetadataImage::default();
        for record in records {
            image.replay(&record)?;
        }
        image.provenance = provenance;
        Ok(Self::new(image))
    }

    /// Applies the record at `offset`.
    ///
    /// # Errors
    /// When the record contradicts what came before; the loader is then as before.
    pub fn replay(&mut self, record: &MetadataRecord, offset: Offset) -> Result<(), ReplayError> {
        match record {
            MetadataRecord::BeginTransaction(_) => {
                if let Some(open) = &self.transaction {
                    return Err(ReplayError::NestedTransaction { began_at: open.began_at });
                }
                self.transaction = Some(OpenTransaction { began_at: offset, before: self.latest.clone() });
            }
            MetadataRecord::EndTransaction(_) => {
                self.transaction.take().ok_or(ReplayError::NoTransaction)?;
            }
            MetadataRecord::AbortTransaction(_) => {
                let open = self.transaction.take().ok_or(ReplayError::NoTransaction)?;
                let provenance = self.latest.provenance;
                self.latest = MetadataImage { provenance, ..open.before };
            }
            record => self.latest.replay(record)?,
        }
        self.latest.provenance.offset = offset;
        Ok(())
    }

    /// Says who wrote the batch whose records were replayed last, and when.
    pub fn set_batch(&mut self, epoch: i32, append_time_ms: i64) {
        self.latest.provenance.epoch = epoch;
        self.latest.provenance.append_time_ms = append_time_ms;
    }

    /// The image with every record, even those of a transaction that has not ended: what a controller decides on.
    pub fn latest(&self) -> &MetadataImage {
        &self.latest
    }

    /// Where the open transaction began.
    pub fn transaction_began_at(&self) -> Option<Offset> {
        self.transaction.as_ref().map(|open| open.began_at)
    }

    /// The image that others may see: without a transaction that has not ended.
    pub fn image(&self) -> Arc<MetadataImage> {
        match &self.transaction {
            None => Arc::new(self.latest.clone()),
            Some(open) => Arc::new(open.before.clone()),
        }
    }
}
