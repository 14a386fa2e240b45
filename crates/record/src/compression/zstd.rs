//! Zstandard (KIP-110) through the reference library.

use std::io::{self, BufReader, BufWriter, Write};

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

pub fn written(writer: &Writer) -> usize {
    writer.get_ref().get_ref().len()
}

pub fn finish(mut writer: Writer) -> io::Result<Vec<u8>> {
    writer.flush()?;
    writer.into_inner().map_err(|failed| failed.into_error())?.finish()
}
