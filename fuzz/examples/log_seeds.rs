//! Fills `corpus/log_directory` from `crates/log/testdata`: one input for each state of each scenario.

use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;

const KINDS: [&str; 5] = [".log", ".index", ".timeindex", ".txnindex", ".snapshot"];

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    GzDecoder::new(fs::File::open("../crates/log/testdata/golden_logs.gz")?).read_to_string(&mut text)?;
    fs::create_dir_all("corpus/log_directory")?;
    let (mut scenario, mut inputs) = (String::new(), std::collections::BTreeMap::<String, Vec<u8>>::new());
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["scenario", name, ..] => scenario = name.to_owned(),
            ["file", state, name, content] => {
                let Some((digits, _)) = name.split_once('.') else { continue };
                let Some(kind) = KINDS.iter().position(|suffix| name.ends_with(suffix)) else { continue };
                // Offsets of one byte: later segments of a long log are left out.
                let (Ok(base), Some(content)) = (digits.parse::<u8>(), fuzz::hex(content)) else { continue };
                let Ok(length) = u16::try_from(content.len()) else { continue };
                let input = inputs.entry(format!("{scenario}-{state}")).or_default();
                input.extend_from_slice(&[kind as u8, base]);
                input.extend_from_slice(&length.to_be_bytes());
                input.extend_from_slice(&content);
            }
            _ => {}
        }
    }
    for (name, input) in inputs {
        fs::write(format!("corpus/log_directory/{name}"), input)?;
    }
    Ok(())
}
