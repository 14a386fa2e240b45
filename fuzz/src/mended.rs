//! Checksums put right, so that a mutated input is judged for what it says.

/// First byte that the checksum of a batch covers, after length, epoch, magic and the checksum itself.
const BATCH_COVERED: usize = 21;
const BATCH_CHECKSUM: usize = 17;
/// First byte that the checksum of a producer snapshot covers.
const SNAPSHOT_COVERED: usize = 6;
const SNAPSHOT_CHECKSUM: usize = 2;

/// Batches whose checksums are right, as far as their lengths lead from one to the next.
pub fn batches(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut rest = bytes.as_mut_slice();
    while let Some(length) = rest.get(8..12) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        if length + 12 > rest.len() || length + 12 <= BATCH_COVERED {
            break;
        }
        let (batch, after) = rest.split_at_mut(length + 12);
        let checksum = crc_fast::crc32_iscsi(&batch[BATCH_COVERED..]);
        batch[BATCH_CHECKSUM..BATCH_COVERED].copy_from_slice(&checksum.to_be_bytes());
        rest = after;
    }
    bytes
}

/// A producer snapshot whose checksum is right.
pub fn producer_snapshot(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() > SNAPSHOT_COVERED {
        let checksum = crc_fast::crc32_iscsi(&bytes[SNAPSHOT_COVERED..]);
        bytes[SNAPSHOT_CHECKSUM..SNAPSHOT_COVERED].copy_from_slice(&checksum.to_be_bytes());
    }
    bytes
}
