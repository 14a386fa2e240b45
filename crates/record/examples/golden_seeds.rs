//! Writes the oracle's golden batches as seeds for the fuzz targets: `golden_seeds DIRECTORY [inflate]`.
//!
//! For `record_batch` a seed is a byte that asks for the checksum to be put right, then the batch; for
//! `record_inflate` it is the codec's id, then the batch's body.

use std::io::Read;
use std::path::PathBuf;

use bytes::Bytes;
use record::{AnyBatch, Batches};

/// Seeds above this size slow the fuzzer down more than they teach it.
const SEED_SIZE_MAX: usize = 8 << 10;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().expect("usage: golden_seeds DIRECTORY [inflate]"));
    let inflate = arguments.next().as_deref() == Some("inflate");
    std::fs::create_dir_all(&directory)?;
    for (number, buffer) in golden()?.into_iter().enumerate() {
        let mut seed = vec![0x87];
        if inflate {
            let Some(Ok(AnyBatch::Batch(batch))) = Batches::new(buffer).next() else { continue };
            seed[0] = batch.codec().expect("the oracle knows its codecs").id();
            seed.extend_from_slice(batch.body());
        } else {
            seed.extend_from_slice(&buffer);
        }
        if seed.len() <= SEED_SIZE_MAX {
            std::fs::write(directory.join(format!("golden-{number}")), seed)?;
        }
    }
    Ok(())
}

fn golden() -> std::io::Result<Vec<Bytes>> {
    let mut text = String::new();
    for file in
        [&include_bytes!("../testdata/batches.txt.gz")[..], include_bytes!("../testdata/validator.txt.gz")]
    {
        flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    }
    let byte = |hex: &str, at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    let bytes = |hex: &str| (0..hex.len()).step_by(2).map(|at| byte(hex, at)).collect();
    Ok(text.lines().filter_map(|line| line.strip_prefix("bytes ")).map(bytes).collect())
}
