//! gzip (RFC 1952): any number of members, as Java's reader takes them; one is written.

use std::io::{self, BufReader, BufWriter, Write};

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::broken;

const BUFFER_SIZE: usize = 16 << 10;

pub type Reader<'a> = BufReader<MultiGzDecoder<&'a [u8]>>;
/// Records come in small pieces; the encoder likes large ones.
pub type Writer = BufWriter<GzEncoder<Vec<u8>>>;

pub fn reader(compressed: &[u8]) -> Reader<'_> {
    BufReader::with_capacity(BUFFER_SIZE, MultiGzDecoder::new(compressed))
}

pub fn writer(out: Vec<u8>, level: i32) -> io::Result<Writer> {
    let level = match level {
        -1 => flate2::Compression::default(),
        1..=9 => flate2::Compression::new(level as u32),
        _ => return Err(broken(format!("gzip has no level {level}"))),
    };
    Ok(BufWriter::with_capacity(BUFFER_SIZE, GzEncoder::new(out, level)))
}

pub fn written(writer: &Writer) -> usize {
    writer.get_ref().get_ref().len()
}

pub fn finish(mut writer: Writer) -> io::Result<Vec<u8>> {
    writer.flush()?;
    writer.into_inner().map_err(|failed| failed.into_error())?.finish()
}
