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
                let (Ok(base), Some(content)) = (digits.parse::<u8>(), bytes(content)) else { continue };
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

/// Hexadecimal digits, then `+N` for N zeros.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let (digits, zeros) = text.split_once('+').unwrap_or((text, "0"));
    let pairs = (0..digits.len()).step_by(2);
    let mut bytes =
        pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect::<Option<Vec<u8>>>()?;
    bytes.resize(bytes.len() + zeros.parse::<usize>().ok()?, 0);
    Some(bytes)
}
