//! The codecs of record batches: streams in, streams out.

mod compressor;
mod gzip;
mod lz4;
mod snappy;
mod zstd;

use std::io::{self, BufRead, Read, Write};

use crate::Limits;

pub use compressor::Compressor;

/// How the records of a batch are compressed; the id is what the attributes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Codec {
    /// Stored as they are.
    None = 0,
    /// RFC 1952.
    Gzip = 1,
    /// Snappy in the framing of Xerial's Java library; raw snappy is understood as well.
    Snappy = 2,
    /// LZ4 frames of independent blocks (KIP-57).
    Lz4 = 3,
    /// Zstandard (KIP-110).
    Zstd = 4,
}

impl Codec {
    /// All of them, by id.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec of an id (0–4).
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    /// The id in the attributes.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The name in configurations (`compression.type`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// A codec to write with, and how hard it tries (KIP-390).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Level 1–9, or −1 for the library's default (6).
    Gzip {
        /// `compression.gzip.level`.
        level: i32,
    },
    /// Has no levels.
    Snappy,
    /// Has one level here: the library we use knows only the fast one.
    Lz4,
    /// Level −131072–22.
    Zstd {
        /// `compression.zstd.level`.
        level: i32,
    },
}

impl Compression {
    /// This codec at the level Kafka takes when none is configured.
    pub const fn of(codec: Codec) -> Self {
        match codec {
            Codec::None => Self::None,
            Codec::Gzip => Self::Gzip { level: -1 },
            Codec::Snappy => Self::Snappy,
            Codec::Lz4 => Self::Lz4,
            Codec::Zstd => Self::Zstd { level: 3 },
        }
    }

    /// The codec without its level.
    pub const fn codec(self) -> Codec {
        match self {
            Self::None => Codec::None,
            Self::Gzip { .. } => Codec::Gzip,
            Self::Snappy => Codec::Snappy,
            Self::Lz4 => Codec::Lz4,
            Self::Zstd { .. } => Codec::Zstd,
        }
    }
}

/// What the compressed bytes are wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// A batch of magic 2 or a message of magic 1.
    Batch,
    /// A message of magic 0, whose LZ4 frames carry a wrong header checksum (KAFKA-3160).
    MessageV0,
}

/// Reads compressed bytes as the plain bytes they stand for; holds no more than the codec's window or block.
pub enum Inflater<'a> {
    /// Nothing to do.
    Stored(&'a [u8]),
    /// See [`Codec::Gzip`].
    Gzip(Box<gzip::Reader<'a>>),
    /// See [`Codec::Snappy`].
    Snappy(Box<snappy::Reader<'a>>),
    /// See [`Codec::Lz4`].
    Lz4(Box<lz4::Reader<'a>>),
    /// See [`Codec::Zstd`].
    Zstd(Box<zstd::Reader<'a>>),
}

impl<'a> Inflater<'a> {
    /// A reader over `compressed`. Fails where the frame's header is refused.
    pub fn new(codec: Codec, compressed: &'a [u8], wrapping: Wrapping, limits: Limits) -> io::Result<Self> {
        Ok(match codec {
            Codec::None => Self::Stored(compressed),
            Codec::Gzip => Self::Gzip(Box::new(gzip::reader(compressed))),
            Codec::Snappy => Self::Snappy(Box::new(snappy::Reader::new(compressed)?)),
            Codec::Lz4 => Self::Lz4(Box::new(lz4::Reader::new(compressed, wrapping)?)),
            Codec::Zstd => Self::Zstd(Box::new(zstd::reader(compressed, limits.zstd_window_log_max)?)),
        })
    }

    fn source(&mut self) -> &mut dyn BufRead {
        match self {
            Self::Stored(reader) => reader,
            Self::Gzip(reader) => reader,
            Self::Snappy(reader) => reader,
            Self::Lz4(reader) => reader,
            Self::Zstd(reader) => reader,
        }
    }
}

impl Read for Inflater<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.source().read(buf)
    }
}

impl BufRead for Inflater<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Stored(reader) => reader.fill_buf(),
            Self::Gzip(reader) => reader.fill_buf(),
            Self::Snappy(reader) => reader.fill_buf(),
            Self::Lz4(reader) => reader.fill_buf(),
            Self::Zstd(reader) => reader.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::Stored(reader) => reader.consume(amount),
            Self::Gzip(reader) => reader.consume(amount),
            Self::Snappy(reader) => reader.consume(amount),
            Self::Lz4(reader) => reader.consume(amount),
            Self::Zstd(reader) => reader.consume(amount),
        }
    }
}

/// Writes plain bytes compressed behind what a `Vec` already holds.
pub enum Deflater {
    /// Nothing to do.
    Stored(Vec<u8>),
    /// See [`Codec::Gzip`].
    Gzip(Box<gzip::Writer>),
    /// See [`Codec::Snappy`].
    Snappy(Box<snappy::Writer>),
    /// See [`Codec::Lz4`].
    Lz4(Box<lz4::Writer>),
    /// See [`Codec::Zstd`].
    Zstd(Box<zstd::Writer>),
}

impl Deflater {
    /// A writer that appends to `out`. Fails where the level is not the codec's.
    pub fn new(compression: Compression, out: Vec<u8>) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::Stored(out),
            Compression::Gzip { level } => Self::Gzip(Box::new(gzip::writer(out, level)?)),
            Compression::Snappy => Self::Snappy(Box::new(snappy::Writer::new(out))),
            Compression::Lz4 => Self::Lz4(Box::new(lz4::Writer::new(out))),
            Compression::Zstd { level } => Self::Zstd(Box::new(zstd::writer(out, level)?)),
        })
    }

    /// Bytes written out so far, with those the `Vec` held at the start; the codec may hold back some more.
    pub fn written(&self) -> usize {
        match self {
            Self::Stored(out) => out.len(),
            Self::Gzip(writer) => gzip::written(writer),
            Self::Snappy(writer) => writer.written(),
            Self::Lz4(writer) => writer.written(),
            Self::Zstd(writer) => zstd::written(writer),
        }
    }

    /// Ends the compressed stream and gives the `Vec` back.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Stored(out) => Ok(out),
            Self::Gzip(writer) => gzip::finish(*writer),
            Self::Snappy(writer) => writer.finish(),
            Self::Lz4(writer) => Ok(writer.finish()),
            Self::Zstd(writer) => zstd::finish(*writer),
        }
    }
}

impl Write for Deflater {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stored(out) => out.write(buf),
            Self::Gzip(writer) => writer.write(buf),
            Self::Snappy(writer) => writer.write(buf),
            Self::Lz4(writer) => writer.write(buf),
            Self::Zstd(writer) => writer.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a broken or refused compressed stream is told as.
fn broken(what: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// `read` for a reader whose buffer is its last block.
fn read_buffered(reader: &mut impl BufRead, buf: &mut [u8]) -> io::Result<usize> {
    let there = reader.fill_buf()?;
    let step = there.len().min(buf.len());
    buf[..step].copy_from_slice(&there[..step]);
    reader.consume(step);
    Ok(step)
}
