//! LZ4 frames as Kafka writes and reads them (KIP-57): independent blocks of 64 KiB, no content checksum.
//!
//! Read is what the frame format allows with independent blocks: all block sizes, block checksums (verified), a
//! content size and a content checksum (both passed over, as the oracle does). Messages of magic 0 carry a header
//! checksum that was computed over the wrong bytes; for those it is not looked at (KAFKA-3160).

use std::io::{self, BufRead, Read, Write};

use lz4_flex::block;
use twox_hash::XxHash32;

use super::{Wrapping, broken};

const MAGIC: u32 = 0x184d_2204;
/// Version 1, independent blocks.
const FLAGS: u8 = 0x60;
/// Blocks of at most 64 KiB.
const BLOCK_DESCRIPTOR: u8 = 0x40;
const BLOCK_SIZE: usize = 64 << 10;
const STORED: u32 = 0x8000_0000;

const FLAG_CONTENT_CHECKSUM: u8 = 0x04;
const FLAG_CONTENT_SIZE: u8 = 0x08;
const FLAG_BLOCK_CHECKSUM: u8 = 0x10;

pub struct Reader<'a> {
    rest: &'a [u8],
    block_checksums: bool,
    content_checksum: bool,
    block_size_max: usize,
    block: Vec<u8>,
    position: usize,
    finished: bool,
}

impl<'a> Reader<'a> {
    pub fn new(compressed: &'a [u8], wrapping: Wrapping) -> io::Result<Self> {
        let mut rest = compressed;
        if u32::from_le_bytes(take(&mut rest)?) != MAGIC {
            return Err(broken("not an LZ4 frame"));
        }
        let descriptor = rest;
        let [flags, blocks] = take(&mut rest)?;
        // Version 1, independent blocks, no reserved bit and no dictionary.
        if flags & 0xe3 != FLAGS {
            return Err(broken(format!("unsupported LZ4 frame flags {flags:#04x}")));
        }
        let size_code = blocks >> 4;
        if blocks & 0x8f != 0 || size_code < 4 {
            return Err(broken(format!("unsupported LZ4 block descriptor {blocks:#04x}")));
        }
        if flags & FLAG_CONTENT_SIZE != 0 {
            let _content_size: [u8; 8] = take(&mut rest)?;
        }
        let covered = &descriptor[..descriptor.len() - rest.len()];
        let [checksum] = take(&mut rest)?;
        if wrapping != Wrapping::MessageV0 && checksum != header_checksum(covered) {
            return Err(broken("LZ4 frame header checksum differs"));
        }
        Ok(Self {
            rest,
            block_checksums: flags & FLAG_BLOCK_CHECKSUM != 0,
            content_checksum: flags & FLAG_CONTENT_CHECKSUM != 0,
            block_size_max: 1 << (8 + 2 * size_code),
            block: Vec::new(),
            position: 0,
            finished: false,
        })
    }

    fn next_block(&mut self) -> io::Result<()> {
        let word = u32::from_le_bytes(take(&mut self.rest)?);
        let size = (word & !STORED) as usize;
        if size == 0 {
            self.finished = true;
            if self.content_checksum {
                let _checksum: [u8; 4] = take(&mut self.rest)?;
            }
            return Ok(());
        }
        if size > self.block_size_max {
            return Err(broken(format!(
                "LZ4 block of {size} bytes in a frame of at most {}",
                self.block_size_max
            )));
        }
        let (data, rest) = self.rest.split_at_checked(size).ok_or_else(ended)?;
        self.rest = rest;
        if self.block_checksums && u32::from_le_bytes(take(&mut self.rest)?) != XxHash32::oneshot(0, data) {
            return Err(broken("LZ4 block checksum differs"));
        }
        self.position = 0;
        if word & STORED != 0 {
            self.block.clear();
            self.block.extend_from_slice(data);
            return Ok(());
        }
        // A byte of LZ4 stands for at most 255: small blocks of large-block frames cost little.
        self.block.resize(self.block_size_max.min(size.saturating_mul(256)), 0);
        let inflated = block::decompress_into(data, &mut self.block).map_err(broken)?;
        self.block.truncate(inflated);
        Ok(())
    }
}

impl BufRead for Reader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while !self.finished && self.position == self.block.len() {
            self.next_block()?;
        }
        Ok(if self.finished { &[] } else { &self.block[self.position..] })
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

/// Makes frames of what is there as a whole.
#[derive(Default)]
pub struct Compressor {
    table: block::CompressTable,
}

impl Compressor {
    /// Appends a frame of `plain`.
    pub fn append(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        begin_frame(out);
        for block in plain.chunks(BLOCK_SIZE) {
            let begin = out.len();
            let data = begin + size_of::<u32>();
            out.resize(data + block::get_maximum_output_size(block.len()), 0);
            let size = block::compress_into_with_table(block, &mut out[data..], &mut self.table)
                .expect("there is the largest size that compressing can need");
            let word = if size < block.len() {
                out.truncate(data + size);
                size as u32
            } else {
                out.truncate(data);
                out.extend_from_slice(block);
                block.len() as u32 | STORED
            };
            out[begin..data].copy_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&0u32.to_le_bytes());
    }
}

fn begin_frame(out: &mut Vec<u8>) {
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(&[FLAGS, BLOCK_DESCRIPTOR, header_checksum(&[FLAGS, BLOCK_DESCRIPTOR])]);
}

pub struct Writer {
    out: Vec<u8>,
    block: Vec<u8>,
    scratch: Vec<u8>,
}

impl Writer {
    pub fn new(mut out: Vec<u8>) -> Self {
        begin_frame(&mut out);
        Self { out, block: Vec::new(), scratch: Vec::new() }
    }

    pub fn written(&self) -> usize {
        self.out.len()
    }

    fn end_block(&mut self) {
        if self.block.is_empty() {
            return;
        }
        self.scratch.resize(block::get_maximum_output_size(self.block.len()), 0);
        let size = block::compress_into(&self.block, &mut self.scratch)
            .expect("the scratch has the largest size that compressing can need");
        let (word, data) = if size < self.block.len() {
            (size as u32, &self.scratch[..size])
        } else {
            (self.block.len() as u32 | STORED, self.block.as_slice())
        };
        self.out.extend_from_slice(&word.to_le_bytes());
        self.out.extend_from_slice(data);
        self.block.clear();
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.end_block();
        self.out.extend_from_slice(&0u32.to_le_bytes());
        self.out
    }
}

impl Write for Writer {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK_SIZE {
            self.end_block();
        }
        let step = buf.len().min(BLOCK_SIZE - self.block.len());
        self.block.extend_from_slice(&buf[..step]);
        Ok(step)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn header_checksum(descriptor: &[u8]) -> u8 {
    (XxHash32::oneshot(0, descriptor) >> 8) as u8
}

fn take<const N: usize>(rest: &mut &[u8]) -> io::Result<[u8; N]> {
    let (field, after) = rest.split_first_chunk().ok_or_else(ended)?;
    *rest = after;
    Ok(*field)
}

fn ended() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &[u8]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        writer.write_all(text).expect("vectors take all");
        writer.finish()
    }

    fn inflate(frame: &[u8], wrapping: Wrapping) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Reader::new(frame, wrapping)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn a_wrong_header_checksum_is_taken_in_magic_0_only() {
        let mut frame = frame(b"text");
        frame[6] ^= 0xff;
        assert!(inflate(&frame, Wrapping::Batch).is_err());
        assert_eq!(inflate(&frame, Wrapping::MessageV0).expect("not looked at"), b"text");
    }

    #[test]
    fn another_reader_of_lz4_frames_takes_ours() {
        let text: Vec<u8> = (0..200_000u32).map(|i| (i / 3 * 5) as u8).collect();
        let mut out = Vec::new();
        lz4_flex::frame::FrameDecoder::new(&frame(&text)[..]).read_to_end(&mut out).expect("a frame");
        assert_eq!(out, text);
    }

    #[test]
    fn frames_of_another_writer_are_taken_where_their_blocks_are_independent() {
        use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
        let text: Vec<u8> = (0..300_000u32).map(|i| (i / 7) as u8).collect();
        for (mode, expect) in [(BlockMode::Independent, true), (BlockMode::Linked, false)] {
            let info = FrameInfo::new()
                .block_mode(mode)
                .block_size(BlockSize::Max256KB)
                .block_checksums(true)
                .content_checksum(true)
                .content_size(Some(text.len() as u64));
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(&text).expect("vectors take all");
            let frame = encoder.finish().expect("vectors take all");
            let inflated = inflate(&frame, Wrapping::Batch);
            assert_eq!(inflated.is_ok_and(|inflated| inflated == text), expect, "{mode:?}");
        }
    }

    #[test]
    fn frames_made_at_once_are_read_as_those_written_piece_by_piece() {
        let random: Vec<u8> =
            (0..70_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut compressor = Compressor::default();
        for text in [&b""[..], b"text", &[3; 200_000], &random, b"text"] {
            let mut out = Vec::new();
            compressor.append(text, &mut out);
            assert_eq!(inflate(&out, Wrapping::Batch).expect("a frame"), text);
            assert!(out.len() <= frame(text).len() + 100, "{} bytes to {}", text.len(), out.len());
        }
    }

    #[test]
    fn damage_is_found() {
        let whole = frame(&[3; 100_000]);
        for cut in [3, 6, 10, whole.len() - 1] {
            assert!(inflate(&whole[..cut], Wrapping::Batch).is_err(), "cut at {cut}");
        }
        let mut flags = whole.clone();
        flags[4] |= 0x01;
        assert!(inflate(&flags, Wrapping::MessageV0).is_err(), "dictionaries are not supported");
    }
}
