//! What the records of a measurement hold: letters in no order, so that codecs have something to do.

/// Bytes from which records are cut, each from another place.
const POOL: usize = 1 << 20;

/// Values of one size.
pub(super) struct Payloads {
    pool: Vec<u8>,
    size: usize,
    at: usize,
}

impl Payloads {
    /// Values of `size` bytes; the same ones for the same seed.
    pub(super) fn new(size: usize, seed: u64) -> Self {
        let mut state = seed | 1;
        let letter = || {
            // Marsaglia's xorshift: enough to keep codecs from finding anything.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            b'A' + (state >> 32) as u8 % 26
        };
        Self { pool: std::iter::repeat_with(letter).take(POOL + size).collect(), size, at: 0 }
    }

    /// The next one.
    pub(super) fn next(&mut self) -> &[u8] {
        // Odd, and so it comes to every place before it comes back to one.
        self.at = (self.at + 7919) % POOL;
        &self.pool[self.at..self.at + self.size]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_size_and_differ() {
        let mut payloads = Payloads::new(100, 7);
        let first = payloads.next().to_vec();
        assert_eq!(first.len(), 100);
        assert_ne!(payloads.next(), first);
        assert_eq!(Payloads::new(100, 7).next(), first);
        assert_eq!(Payloads::new(0, 7).next(), b"");
    }
}
