//! Zstandard (KIP-110) through the reference library.

use std::io::{self, BufReader, BufWriter, Write};

use zstd::bulk;
use zstd::stream::{raw, read, write, zio};

const BUFFER_SIZE: usize = 16 << 10;

pub type Reader<'a> = BufReader<read::Decoder<'static, &'a [u8]>>;
/// Records come in small pieces; the encoder likes large ones.
pub type Writer = BufWriter<write::Encoder<'static, Vec<u8>>>;

pub fn reader(compressed: &[u8], window_log_max: u32) -> io::Result<Reader<'_>> {
    let mut decoder = read::Decoder::with_buffer(compressed)?;
    decoder.window_log_max(window_log_max)?;
    Ok(BufReader::with_capacity(BUFFER_SIZE, decoder))
}

pub fn writer(out: Vec<u8>, level: i32) -> io::Result<Writer> {
    let encoder = raw::Encoder::new(level)?;
    Ok(BufWriter::with_capacity(BUFFER_SIZE, write::Encoder::with_writer(zio::Writer::new(out, encoder))))
}

/// Makes frames of what is there as a whole.
pub struct Compressor {
    level: i32,
    codec: bulk::Compressor<'static>,
}

impl Compressor {
    /// Fails where there is no such level.
    pub fn new(level: i32) -> io::Result<Self> {
        Ok(Self { level, codec: bulk::Compressor::new(level)? })
    }

    pub const fn level(&self) -> i32 {
        self.level
    }

    /// Replaces what is in `out` by a frame of `plain`.
    pub fn replace(&mut self, out: &mut Vec<u8>, plain: &[u8]) -> io::Result<()> {
        out.clear();
        out.reserve(zstd::zstd_safe::compress_bound(plain.len()));
        self.codec.compress_to_buffer(plain, out).map(drop)
    }
}

pub fn written(writer: &Writer) -> usize {
    writer.get_ref().get_ref().len()
}

pub fn finish(mut writer: Writer) -> io::Result<Vec<u8>> {
    writer.flush()?;
    writer.into_inner().map_err(|failed| failed.into_error())?.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use zstd::stream::raw::CParameter;

    use super::*;

    /// A frame whose header asks for a window of 2^`window_log` bytes.
    fn frame(window_log: u32) -> Vec<u8> {
        let mut encoder = write::Encoder::new(Vec::new(), 1).expect("level 1 exists");
        encoder.set_parameter(CParameter::WindowLog(window_log)).expect("a legal window");
        encoder.write_all(b"little").expect("vectors take all");
        // Flushed before the end, so that the frame cannot shrink its window to its content.
        encoder.flush().expect("vectors take all");
        encoder.write_all(b" content").expect("vectors take all");
        encoder.finish().expect("vectors take all")
    }

    #[test]
    fn windows_up_to_the_limit_are_taken() {
        for (window_log, limit, expect) in [(20, 23, true), (23, 23, true), (24, 23, false), (27, 27, true)] {
            let frame = frame(window_log);
            let mut out = Vec::new();
            let outcome = reader(&frame, limit).and_then(|mut reader| reader.read_to_end(&mut out));
            assert_eq!(outcome.is_ok(), expect, "2^{window_log} of 2^{limit}: {outcome:?}");
            assert!(!expect || out == b"little content");
        }
    }

    #[test]
    fn a_cut_frame_is_not_a_shorter_one() {
        let frame = frame(20);
        let mut out = Vec::new();
        assert!(reader(&frame[..frame.len() - 3], 27).and_then(|mut r| r.read_to_end(&mut out)).is_err());
    }

    #[test]
    fn the_extreme_levels_of_kafka_work() {
        for level in [-131_072, 22] {
            let mut writer = writer(Vec::new(), level).expect("the library takes it");
            writer.write_all(b"text").expect("vectors take all");
            let frame = finish(writer).expect("vectors take all");
            let mut out = Vec::new();
            reader(&frame, 27).and_then(|mut r| r.read_to_end(&mut out)).expect("just written");
            assert_eq!(out, b"text");
        }
    }
}
