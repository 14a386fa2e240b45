//! Snappy in both framings that clients send.
//!
//! Xerial's (the Java clients'): 16 bytes of header, then blocks of a big-endian length and raw snappy. Raw (C
//! clients): one snappy block over everything. What does not start with Xerial's magic is taken for raw, as the
//! oracle does. Written is Xerial's with blocks of 32 KiB.

mod long_block;

use std::io::{self, BufRead, Read, Write};

use long_block::{HISTORY, LongBlock};

use super::broken;

const XERIAL: [u8; 8] = *b"\x82SNAPPY\0";
/// Version and least compatible version, both 1.
const XERIAL_VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
const BLOCK_SIZE: usize = 32 << 10;

pub struct Reader<'a> {
    rest: &'a [u8],
    xerial: bool,
    block: Block<'a>,
}

/// The block that is being read.
enum Block<'a> {
    /// Inflated at once by the library, which is faster.
    Whole { bytes: Vec<u8>, position: usize },
    /// Larger than [`HISTORY`]: inflated as it is read.
    Long(LongBlock<'a>),
}

impl<'a> Reader<'a> {
    pub fn new(compressed: &'a [u8]) -> io::Result<Self> {
        let framed = compressed.strip_prefix(&XERIAL);
        let rest = match framed {
            Some(versions) => versions.get(8..).ok_or_else(ended)?,
            None => compressed,
        };
        Ok(Self { rest, xerial: framed.is_some(), block: Block::Whole { bytes: Vec::new(), position: 0 } })
    }

    fn next_block(&mut self) -> io::Result<()> {
        let block = if self.xerial { self.next_frame()? } else { std::mem::take(&mut self.rest) };
        let size = snap::raw::decompress_len(block).map_err(broken)?;
        if size > HISTORY {
            let length_size = block.iter().position(|byte| *byte < 0x80).map_or(block.len(), |last| last + 1);
            self.block = Block::Long(LongBlock::new(&block[length_size..], size));
            return Ok(());
        }
        let mut bytes =
            match std::mem::replace(&mut self.block, Block::Whole { bytes: Vec::new(), position: 0 }) {
                Block::Whole { bytes, .. } => bytes,
                Block::Long(_) => Vec::new(),
            };
        bytes.resize(size, 0);
        snap::raw::Decoder::new().decompress(block, &mut bytes).map_err(broken)?;
        self.block = Block::Whole { bytes, position: 0 };
        Ok(())
    }

    fn next_frame(&mut self) -> io::Result<&'a [u8]> {
        // Concatenated streams repeat the header.
        if let Some(again) = self.rest.strip_prefix(&XERIAL) {
            self.rest = again.get(8..).ok_or_else(ended)?;
        }
        let (size, rest) = self.rest.split_first_chunk().ok_or_else(ended)?;
        let size = usize::try_from(i32::from_be_bytes(*size)).map_err(broken)?;
        let (frame, rest) = rest.split_at_checked(size).ok_or_else(ended)?;
        self.rest = rest;
        Ok(frame)
    }

    fn is_drained(&mut self) -> io::Result<bool> {
        match &mut self.block {
            Block::Whole { bytes, position } => Ok(*position == bytes.len()),
            Block::Long(block) => Ok(block.fill()?.is_empty()),
        }
    }
}

impl BufRead for Reader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while !self.rest.is_empty() && self.is_drained()? {
            self.next_block()?;
        }
        match &mut self.block {
            Block::Whole { bytes, position } => Ok(&bytes[*position..]),
            Block::Long(block) => block.fill(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.block {
            Block::Whole { bytes, position } => *position = (*position + amount).min(bytes.len()),
            Block::Long(block) => block.consume(amount),
        }
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        super::read_buffered(self, buf)
    }
}

pub struct Writer {
    out: Vec<u8>,
    encoder: snap::raw::Encoder,
    block: Vec<u8>,
    scratch: Vec<u8>,
}

impl Writer {
    pub fn new(mut out: Vec<u8>) -> Self {
        out.extend_from_slice(&XERIAL);
        out.extend_from_slice(&XERIAL_VERSIONS);
        Self { out, encoder: snap::raw::Encoder::new(), block: Vec::new(), scratch: Vec::new() }
    }

    pub fn written(&self) -> usize {
        self.out.len()
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        self.scratch.resize(snap::raw::max_compress_len(self.block.len()), 0);
        let size = self.encoder.compress(&self.block, &mut self.scratch).map_err(broken)?;
        self.out.extend_from_slice(&(size as u32).to_be_bytes());
        self.out.extend_from_slice(&self.scratch[..size]);
        self.block.clear();
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        self.end_block()?;
        Ok(self.out)
    }
}

impl Write for Writer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK_SIZE {
            self.end_block()?;
        }
        let step = buf.len().min(BLOCK_SIZE - self.block.len());
        self.block.extend_from_slice(&buf[..step]);
        Ok(step)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ended() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}
