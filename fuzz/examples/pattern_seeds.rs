//! Fills `corpus/topic_patterns` from the patterns that Apache Kafka was asked about:
//! `crates/group-coordinator/testdata/topic-patterns-4.3.1.tsv`.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new("corpus/topic_patterns");
    fs::create_dir_all(folder)?;
    let text = fs::read_to_string("../crates/group-coordinator/testdata/topic-patterns-4.3.1.tsv")?;
    for (number, line) in text.lines().enumerate() {
        let quoted = line.split('\t').next().unwrap_or_default();
        let pattern = quoted.trim_matches('"').replace(r"\\", r"\");
        fs::write(
            folder.join(number.to_string()),
            [&[number as u8 & 1], pattern.as_bytes(), b"\norders-1"].concat(),
        )?;
    }
    Ok(())
}
