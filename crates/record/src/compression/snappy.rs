//! Snappy in both framings that clients send.
//!
//! Xerial's (the Java clients'): 16 bytes of header, then blocks of a big-endian length and raw snappy. Raw (C
//! clients): one snappy block over everything. What does not start with Xerial's magic is taken for raw, as the
//! oracle does. Written is Xerial's with blocks of 32 KiB.

use std::io::{self, BufRead, Read, Write};

use super::broken;

const XERIAL: [u8; 8] = *b"\x82SNAPPY\0";
/// Version and least compatible version, both 1.
const XERIAL_VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
const BLOCK_SIZE: usize = 32 << 10;

pub struct Reader<'a> {
    rest: &'a [u8],
    xerial: bool,
    decoder: snap::raw::Decoder,
    block: Vec<u8>,
    position: usize,
}

impl<'a> Reader<'a> {
    pub fn new(compressed: &'a [u8]) -> io::Result<Self> {
        let framed = compressed.strip_prefix(&XERIAL);
        let rest = match framed {
            Some(versions) => versions.get(8..).ok_or_else(ended)?,
            None => compressed,
        };
        let decoder = snap::raw::Decoder::new();
        Ok(Self { rest, xerial: framed.is_some(), decoder, block: Vec::new(), position: 0 })
    }

    fn next_block(&mut self) -> io::Result<()> {
        let block = if self.xerial { self.next_frame()? } else { std::mem::take(&mut self.rest) };
        let size = snap::raw::decompress_len(block).map_err(broken)?;
        // Three bytes of snappy stand for at most 64: a larger claim cannot be kept.
        if size > block.len().saturating_mul(64) {
            return Err(broken(format!("snappy block of {} bytes claims to hold {size}", block.len())));
        }
        self.block.resize(size, 0);
        self.position = 0;
        self.decoder.decompress(block, &mut self.block).map_err(broken)?;
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
}

impl BufRead for Reader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.position == self.block.len() && !self.rest.is_empty() {
            self.next_block()?;
        }
        Ok(&self.block[self.position..])
    }

    fn consume(&mut self, amount: usize) {
        self.position = (self.position + amount).min(self.block.len());
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
