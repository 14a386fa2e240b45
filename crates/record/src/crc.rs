//! Checksums: CRC-32C (Castagnoli) over magic 2 batches, plain CRC-32 over magic 0 and 1 messages.

use crc_fast::{CrcAlgorithm, Digest};

/// CRC-32C of the concatenation of `parts`.
pub(crate) fn crc32c(parts: [&[u8]; 2]) -> u32 {
    let [head, tail] = parts;
    if head.is_empty() {
        return crc_fast::crc32_iscsi(tail);
    }
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(head);
    digest.update(tail);
    digest.finalize() as u32
}

/// The CRC-32 of zip and of Kafka's first two formats.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iso_hdlc(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values_of_the_catalogue() {
        assert_eq!(crc32c([b"", b"123456789"]), 0xe306_9283);
        assert_eq!(crc32c([b"1234", b"56789"]), 0xe306_9283);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
