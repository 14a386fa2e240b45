//! Inflating a snappy block that is too long to be held whole.
//!
//! C clients send a whole batch as one raw block. The format lets a copy reach back to the block's first byte, but
//! every encoder works in pieces of 64 KiB and reaches no further; [`HISTORY`] is far more than that, and a block
//! that reaches further is refused.

use std::io;

use super::{super::broken, ended};

/// Bytes that a copy may reach back.
pub(super) const HISTORY: usize = 1 << 20;
/// Bytes inflated at a time.
const STEP: usize = 32 << 10;

pub(super) struct LongBlock<'a> {
    rest: &'a [u8],
    /// Bytes that the block has yet to inflate to.
    left: usize,
    /// Bytes of a literal that are still to be taken from `rest`.
    literal: usize,
    /// History, then what was inflated and not given out yet.
    window: Vec<u8>,
    position: usize,
}

impl<'a> LongBlock<'a> {
    /// `block` behind its length field, which said `inflated`.
    pub(super) fn new(block: &'a [u8], inflated: usize) -> Self {
        Self { rest: block, left: inflated, literal: 0, window: Vec::new(), position: 0 }
    }

    /// Inflated bytes not consumed yet; empty at the end of the block.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        if self.position == self.window.len() {
            if self.window.len() >= 2 * HISTORY {
                self.window.drain(..self.window.len() - HISTORY);
            }
            self.position = self.window.len();
            while self.left > 0 && self.window.len() - self.position < STEP {
                self.inflate_next()?;
            }
            if self.left == 0 && !self.rest.is_empty() {
                return Err(broken("bytes follow a snappy block"));
            }
        }
        Ok(&self.window[self.position..])
    }

    pub(super) fn consume(&mut self, amount: usize) {
        self.position = (self.position + amount).min(self.window.len());
    }

    /// One element: a literal (up to a step of it) or a copy of at most 64 bytes.
    fn inflate_next(&mut self) -> io::Result<()> {
        if self.literal > 0 {
            let step = self.literal.min(STEP);
            let (bytes, rest) = self.rest.split_at_checked(step).ok_or_else(ended)?;
            self.spend(step)?;
            self.window.extend_from_slice(bytes);
            self.rest = rest;
            self.literal -= step;
            return Ok(());
        }
        let tag = self.number(1)?;
        let short = tag >> 2;
        match tag & 3 {
            0 if short < 60 => self.literal = short + 1,
            0 => self.literal = self.number(short - 59)? + 1,
            1 => {
                let offset = (tag >> 5) << 8 | self.number(1)?;
                self.copy(offset, (short & 7) + 4)?;
            }
            2 => {
                let offset = self.number(2)?;
                self.copy(offset, short + 1)?;
            }
            _ => {
                let offset = self.number(4)?;
                self.copy(offset, short + 1)?;
            }
        }
        Ok(())
    }

    fn number(&mut self, size: usize) -> io::Result<usize> {
        let (bytes, rest) = self.rest.split_at_checked(size).ok_or_else(ended)?;
        self.rest = rest;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn copy(&mut self, offset: usize, size: usize) -> io::Result<()> {
        self.spend(size)?;
        let from = self.window.len().checked_sub(offset).filter(|_| offset > 0);
        let from = from.ok_or_else(|| broken(format!("snappy copy reaches back {offset} bytes")))?;
        if offset >= size {
            self.window.extend_from_within(from..from + size);
        } else {
            // The copy repeats what it has just written.
            for at in from..from + size {
                self.window.push(self.window[at]);
            }
        }
        Ok(())
    }

    fn spend(&mut self, size: usize) -> io::Result<()> {
        self.left =
            self.left.checked_sub(size).ok_or_else(|| broken("snappy block is longer than it says"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflate(compressed: &[u8], chunk: usize) -> io::Result<Vec<u8>> {
        let size = snap::raw::decompress_len(compressed).map_err(broken)?;
        let length_size = compressed.iter().position(|byte| *byte < 0x80).map_or(0, |last| last + 1);
        let mut block = LongBlock::new(&compressed[length_size..], size);
        let mut out = Vec::new();
        loop {
            let there = block.fill()?;
            if there.is_empty() {
                return Ok(out);
            }
            let step = there.len().min(chunk);
            out.extend_from_slice(&there[..step]);
            block.consume(step);
        }
    }

    #[test]
    fn blocks_of_the_library_inflate_to_what_went_in() {
        let texts: [Vec<u8>; 4] = [
            vec![],
            b"no repetition".to_vec(),
            vec![7; 5_000_000],
            (0..3_000_000u32).map(|i| (i.wrapping_mul(i >> 9) >> 11) as u8 & 0x1f).collect(),
        ];
        for text in texts {
            let compressed = snap::raw::Encoder::new().compress_vec(&text).expect("shorter than 4 GiB");
            for chunk in [1000, usize::MAX] {
                assert!(inflate(&compressed, chunk).expect("well formed") == text, "{} bytes", text.len());
            }
        }
    }

    #[test]
    fn broken_blocks_are_refused() {
        // Length 10, then: a copy before anything was written, offset 0, a literal without its bytes, too long.
        for block in
            [&[10, 0x15, 1][..], &[10, 0x00, b'x', 0x15, 0], &[10, 0x20, b'x'], &[1, 0x04, b'x', b'y']]
        {
            assert!(inflate(block, 100).is_err(), "{block:?}");
        }
        assert!(inflate(&[1, 0x00, b'x', 0x00], 100).is_err(), "bytes behind the end");
    }
}
