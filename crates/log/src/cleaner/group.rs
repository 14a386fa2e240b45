//! Which segments become one: as many neighbours as one segment has room for.

use std::sync::Arc;

use config::TopicConfig;
use types::Offset;

use crate::LogError;
use crate::segment::Segment;

/// Splits `segments`, which end at `end`, into groups whose batches and indexes fit into one segment each. Whatever
/// is removed from them can only make them smaller.
pub(super) fn group(
    segments: &[Arc<Segment>],
    end: Offset,
    config: &TopicConfig,
) -> Result<Vec<Vec<Arc<Segment>>>, LogError> {
    let bytes_max = u64::from(config.segment_bytes.unsigned_abs());
    let entries_max = config.segment_index_bytes.unsigned_abs() as usize;
    let mut groups: Vec<Vec<Arc<Segment>>> = Vec::new();
    let mut sizes = Sizes::default();
    for (number, segment) in segments.iter().enumerate() {
        let next = segments.get(number + 1).map_or(end, |next| next.base_offset);
        let own = Sizes::of(segment)?;
        let with = sizes.plus(own);
        let fits =
            with.batches <= bytes_max && with.offset_index <= entries_max && with.time_index <= entries_max;
        match groups.last_mut() {
            // An empty segment has no offset that would have to be told in the first one's terms.
            Some(group) if fits && (own.batches == 0 || group[0].can_hold(Offset(next.0 - 1))) => {
                group.push(segment.clone());
                sizes = with;
            }
            _ => {
                groups.push(vec![segment.clone()]);
                sizes = own;
            }
        }
    }
    Ok(groups)
}

/// Bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    batches: u64,
    offset_index: usize,
    time_index: usize,
}

impl Sizes {
    fn of(segment: &Segment) -> Result<Self, LogError> {
        Ok(Self {
            batches: segment.size(),
            offset_index: segment.offset_index.bytes()?,
            time_index: segment.time_index.bytes()?,
        })
    }

    fn plus(self, other: Self) -> Self {
        Self {
            batches: self.batches + other.batches,
            offset_index: self.offset_index + other.offset_index,
            time_index: self.time_index + other.time_index,
        }
    }
}
