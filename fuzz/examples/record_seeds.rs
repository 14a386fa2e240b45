//! Fills `corpus/record_batch` and `corpus/record_inflate` from the oracle's golden batches.
//!
//! For `record_batch` a seed is a byte that asks for the checksum to be put right, then the batch; for
//! `record_inflate` it is the codec's id, then the batch's body.

use std::io::Read;
use std::path::Path;
use std::{fs, io};

use bytes::Bytes;
use record::{AnyBatch, Batches};

/// Larger seeds slow the fuzzer down more than they teach it.
const SEED_SIZE_MAX: usize = 8 << 10;

fn main() -> io::Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = home.join("corpus");
    for (number, buffer) in golden(&home.join("../crates/record/testdata"))?.into_iter().enumerate() {
        let name = format!("golden-{number}");
        save(&corpus.join("record_batch"), &name, [&[0x87], &buffer[..]].concat())?;
        if let Some(Ok(AnyBatch::Batch(batch))) = Batches::new(buffer).next() {
            let codec = batch.codec().expect("the oracle knows its codecs");
            save(&corpus.join("record_inflate"), &name, [&[codec.id()], batch.body()].concat())?;
        }
    }
    Ok(())
}

fn save(folder: &Path, name: &str, seed: Vec<u8>) -> io::Result<()> {
    if seed.len() > SEED_SIZE_MAX {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join(name), seed)
}

fn golden(testdata: &Path) -> io::Result<Vec<Bytes>> {
    let mut text = String::new();
    for file in ["batches.txt.gz", "validator.txt.gz"] {
        flate2::read::GzDecoder::new(fs::File::open(testdata.join(file))?).read_to_string(&mut text)?;
    }
    let byte = |hex: &str, at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    let bytes = |hex: &str| (0..hex.len()).step_by(2).map(|at| byte(hex, at)).collect();
    Ok(text.lines().filter_map(|line| line.strip_prefix("bytes ")).map(bytes).collect())
}
