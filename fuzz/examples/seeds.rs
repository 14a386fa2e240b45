//! Fills `corpus/` from the golden bytes: one input for every message, version and shape.

use std::io::Read;
use std::path::Path;
use std::{fs, io};

use fuzz::{TARGETS, input};

fn main() -> io::Result<()> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compressed = fs::File::open(home.join("../crates/protocol/testdata/golden.gz"))?;
    let mut lines = String::new();
    flate2::read::GzDecoder::new(compressed).read_to_string(&mut lines)?;
    let mut written = 0;
    for line in lines.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, version, shape, hex, ..] = columns.as_slice() else { continue };
        let (Ok(number), Some(body)) = (version.parse(), bytes(hex)) else { continue };
        let mut seeds: Vec<(&str, Vec<u8>)> = TARGETS
            .iter()
            .filter_map(|(target, _)| Some((*target, input(target, name, number, &body)?)))
            .collect();
        if *name == "RequestHeader" {
            // Some key and version of each header, or no frame would get past them.
            seeds.push((
                "headers",
                [&[0, 3, 0, if number == 1 { 8 } else { 9 }], body.get(4..).unwrap_or(&[])].concat(),
            ));
        }
        for (target, seed) in seeds {
            let folder = home.join("corpus").join(target);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(format!("{name}-{version}-{shape}")), seed)?;
            written += 1;
        }
    }
    println!("{written} seeds in {}", home.join("corpus").display());
    Ok(())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}
