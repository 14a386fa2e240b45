//! Archives as tar keeps them (POSIX ustar), of files whose names are ours: the same entries, the same bytes.

/// Longer names would need an extension.
const NAME_MAX: usize = 100;
const BLOCK: usize = 512;
/// Archives end at a multiple of this, as GNU tar writes them.
const RECORD: usize = 20 * BLOCK;

/// An entry of an archive.
pub struct Entry<'a> {
    /// Its path; that of a directory ends in a slash.
    pub path: &'a str,
    /// Its permissions.
    pub mode: u32,
    /// The number of its user and its group.
    pub owner: u32,
    /// Its content; that of a directory is empty.
    pub content: &'a [u8],
}

/// The archive of `entries`, all of the same time.
pub fn archive<'a>(entries: impl IntoIterator<Item = Entry<'a>>, epoch: u64) -> Vec<u8> {
    let mut archive = Vec::new();
    for entry in entries {
        archive.extend_from_slice(&header(&entry, epoch));
        archive.extend_from_slice(entry.content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize((archive.len() + 2 * BLOCK).next_multiple_of(RECORD), 0);
    archive
}

fn header(entry: &Entry<'_>, epoch: u64) -> [u8; BLOCK] {
    assert!(entry.path.len() <= NAME_MAX, "{}: our paths are short", entry.path);
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, entry.path.as_bytes());
    put(100, format!("{:07o}", entry.mode).as_bytes());
    put(108, format!("{:07o}", entry.owner).as_bytes());
    put(116, format!("{:07o}", entry.owner).as_bytes());
    put(124, format!("{:011o}", entry.content.len()).as_bytes());
    put(136, format!("{epoch:011o}").as_bytes());
    // The checksum is taken with blanks in its own place.
    put(148, b"        ");
    put(156, if entry.path.ends_with('/') { b"5" } else { b"0" });
    put(257, b"ustar\x0000");
    if entry.owner == 0 {
        put(265, b"root");
        put(297, b"root");
    }
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn tar_lists_what_was_archived() {
        let entries = [
            Entry { path: "./", mode: 0o755, owner: 0, content: b"" },
            Entry { path: "./a/b", mode: 0o640, owner: 1000, content: b"hello" },
        ];
        let archive = archive(entries, 86_400);
        assert_eq!(archive.len() % RECORD, 0);
        let mut tar = Command::new("tar")
            .args(["--list", "--verbose", "--numeric-owner", "--utc", "--full-time"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a tar");
        tar.stdin.take().expect("piped").write_all(&archive).expect("taken");
        let listed = tar.wait_with_output().expect("it ends");
        assert!(listed.status.success());
        let listed = String::from_utf8(listed.stdout).expect("text");
        let words: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["drwxr-xr-x", "0/0", "0", "1970-01-02", "00:00:00", "./"]);
        assert_eq!(words[1], ["-rw-r-----", "1000/1000", "5", "1970-01-02", "00:00:00", "./a/b"]);
    }
}
