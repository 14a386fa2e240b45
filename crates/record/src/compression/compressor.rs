//! Compressing what is there as a whole: the codec knows how much it is, and is kept for the next.

use std::io::{self, Write};

use super::{Compression, Deflater, lz4, zstd};

/// Compresses one body of records after the other, with what the codecs need for that kept between them.
#[derive(Default)]
pub struct Compressor {
    out: Vec<u8>,
    lz4: lz4::Compressor,
    zstd: Option<zstd::Compressor>,
}

impl Compressor {
    /// The compressed form of `plain`, until the next call. Fails where the level is not the codec's.
    pub fn compress(&mut self, compression: Compression, plain: &[u8]) -> io::Result<&[u8]> {
        self.out.clear();
        match compression {
            Compression::None => self.out.extend_from_slice(plain),
            Compression::Lz4 => self.lz4.append(plain, &mut self.out),
            Compression::Zstd { level } => {
                let kept = self.zstd.take().filter(|kept| kept.level() == level);
                let mut codec = kept.map_or_else(|| zstd::Compressor::new(level), Ok)?;
                codec.replace(&mut self.out, plain)?;
                self.zstd = Some(codec);
            }
            Compression::Gzip { .. } | Compression::Snappy => {
                let mut deflater = Deflater::new(compression, std::mem::take(&mut self.out))?;
                deflater.write_all(plain)?;
                self.out = deflater.finish()?;
            }
        }
        Ok(&self.out)
    }
}
