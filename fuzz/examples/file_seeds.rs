//! Fills the corpora of `small_files`, `metadata_snapshot` and `producer_snapshot` from what Apache Kafka wrote:
//! `crates/metadata/testdata` and `crates/log/testdata`, and the small files as it leaves them.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

/// Files as Apache Kafka 4.3.1 leaves them; the number is the target's for the file.
const SMALL: [(u8, &str); 10] = [
    (
        0,
        "#\n#Sat Nov 21 12:00:00 UTC 2026\ncluster.id=KAAAAAAAAAAAAAAAAAAAAA\ndirectory.id=AAAAAAAAAAEAAAAAAAAAAg\nnode.id=1\nversion=1\n",
    ),
    (0, "cluster.id: a\\=b\nnode.id=1\nversion=1"),
    (
        1,
        r#"{"leaderId":1,"leaderEpoch":2,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#,
    ),
    (
        1,
        r#"{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}"#,
    ),
    (2, "0\n2\nflights 0 12\nshort.lived 1 0\n"),
    (2, "0\n0\n"),
    (3, "0\n2\n0 0\n4 17\n"),
    (3, "0\n0\n"),
    (4, "version: 0\ntopic_id: AAAAAAAAAAEAAAAAAAAAAg"),
    (5, "{\"version\":0,\"brokerEpoch\":42}"),
];

fn main() -> std::io::Result<()> {
    for (number, (kind, text)) in SMALL.iter().enumerate() {
        seed("small_files", &format!("{number}"), *kind, text.as_bytes())?;
    }
    for entry in fs::read_dir("../crates/metadata/testdata")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "gz") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            seed("metadata_snapshot", &name, 0, &unpacked(&path)?)?;
        }
    }
    let text =
        String::from_utf8_lossy(&unpacked(Path::new("../crates/log/testdata/golden_logs.gz"))?).into_owned();
    let (mut scenario, mut number) = ("", 0);
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["scenario", name, ..] => scenario = name,
            ["file", _, name, content] if name.ends_with(".snapshot") => {
                number += 1;
                let content = fuzz::hex(content).expect("golden files are hexadecimal digits");
                seed("producer_snapshot", &format!("{scenario}-{number}"), 0, &content)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn seed(target: &str, name: &str, choice: u8, content: &[u8]) -> std::io::Result<()> {
    let folder = Path::new("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), [&[choice], content].concat())
}

fn unpacked(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes)
}
