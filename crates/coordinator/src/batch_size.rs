//! Whether the records of a step fit into a batch.

use record::{BatchBuilder, HEADER_SIZE};

use crate::CoordinatorRecord;

/// Whether the records are together a batch of at most `bytes_max` bytes, before compression.
pub fn fit_into_batch<'a>(
    records: impl IntoIterator<Item = &'a CoordinatorRecord>,
    bytes_max: usize,
) -> bool {
    let size = |(at, record): (i32, &CoordinatorRecord)| {
        BatchBuilder::record_size(0, at, Some(&record.key), record.value.as_deref(), &[])
    };
    HEADER_SIZE + (0..).zip(records).map(size).sum::<usize>() <= bytes_max
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use record::BatchOptions;

    use super::*;

    #[test]
    fn a_batch_of_the_records_is_as_large_as_was_said() {
        for count in [1, 63, 64, 65, 300] {
            for length in [0, 1, 63, 64, 8_191, 8_192, 20_000] {
                let value = (length % 2 == 1).then(|| Bytes::from(vec![7; length]));
                let record = CoordinatorRecord { key: Bytes::from(vec![5; length]), value };
                let records = vec![record; count];
                let mut builder = BatchBuilder::new(BatchOptions::default()).expect("uncompressed");
                for record in &records {
                    builder.append(9, Some(&record.key), record.value.as_deref(), &[]).expect("small");
                }
                let batch = builder.build().expect("small").expect("not empty");
                assert!(fit_into_batch(&records, batch.len()));
                assert!(!fit_into_batch(&records, batch.len() - 1));
            }
        }
    }
}
