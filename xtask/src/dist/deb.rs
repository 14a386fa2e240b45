//! The package for Debian and its relatives: an `ar` of its format's version, the control files and the files themselves
//! (deb(5)). Written here in forty lines, as `cargo-deb` would be a program to install for each build.

use super::Release;
use super::archive::gzip;
use super::tar::{self, Entry};

/// Debian's name of the processor.
pub const ARCHITECTURE: &str = "amd64";

/// Files that an upgrade leaves as the administrator has written them.
const CONFFILES: &str = "/etc/default/milena\n/etc/milena/server.properties\n";

/// The package.
///
/// # Errors
/// When a file of `packaging/` cannot be read.
pub fn package(release: &Release) -> anyhow::Result<Vec<u8>> {
    let (unit, settings) = (release.packaging("milena.service")?, release.packaging("server.properties")?);
    let (variables, licence) = (release.packaging("default")?, release.packaging("../LICENSE")?);
    let files: [(&str, u32, &[u8]); 5] = [
        ("./etc/default/milena", 0o644, &variables),
        ("./etc/milena/server.properties", 0o644, &settings),
        ("./usr/bin/milena", 0o755, &release.binary),
        ("./usr/lib/systemd/system/milena.service", 0o644, &unit),
        ("./usr/share/doc/milena/copyright", 0o644, &licence),
    ];
    let bytes: usize = files.iter().map(|(_, _, content)| content.len()).sum();
    let control = control(release, bytes.div_ceil(1024));
    let scripts = ["postinst", "prerm", "postrm"].map(|name| release.packaging(&format!("debian/{name}")));
    let [postinst, prerm, postrm] = scripts;
    let (postinst, prerm, postrm) = (postinst?, prerm?, postrm?);
    let control_files: [(&str, u32, &[u8]); 5] = [
        ("./conffiles", 0o644, CONFFILES.as_bytes()),
        ("./control", 0o644, control.as_bytes()),
        ("./postinst", 0o755, &postinst),
        ("./postrm", 0o755, &postrm),
        ("./prerm", 0o755, &prerm),
    ];
    Ok(ar(
        &[
            ("debian-binary", b"2.0\n"),
            ("control.tar.gz", &gzip(&tree(&control_files, release.epoch))),
            ("data.tar.gz", &gzip(&tree(&files, release.epoch))),
        ],
        release.epoch,
    ))
}

fn control(release: &Release, kilobytes: usize) -> String {
    format!(
        "Package: milena
Version: {}
Architecture: {ARCHITECTURE}
Maintainer: The Milena project <milena@localhost>
Installed-Size: {kilobytes}
Depends: adduser, init-system-helpers
Section: net
Priority: optional
Description: Apache Kafka's broker and controller as one small program
 Speaks Kafka's wire protocol and keeps Kafka's disk format: clients and data
 directories of Apache Kafka stay as they are. The command line that comes along
 works with both.
",
        release.version
    )
}

/// The files and, once each, the directories above them.
fn tree(files: &[(&str, u32, &[u8])], epoch: u64) -> Vec<u8> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (path, mode, content) in files {
        for (at, _) in path.match_indices('/') {
            let directory = &path[..=at];
            if !entries.iter().any(|entry| entry.path == directory) {
                entries.push(Entry { path: directory, mode: 0o755, owner: 0, content: b"" });
            }
        }
        entries.push(Entry { path, mode: *mode, owner: 0, content });
    }
    tar::archive(entries, epoch)
}

/// An archive of `ar`, the outermost of a package.
fn ar(members: &[(&str, &[u8])], epoch: u64) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let header = format!("{name:<16}{epoch:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, "100644", content.len());
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(content);
        if content.len() % 2 == 1 {
            archive.push(b'\n');
        }
    }
    archive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_input_gives_the_same_package() {
        let release = Release { version: "1.2.3".to_owned(), binary: b"program".to_vec(), epoch: 1 };
        let made = package(&release).expect("made");
        assert_eq!(made, package(&release).expect("made again"));
        assert!(
            made.starts_with(b"!<arch>\ndebian-binary   1           0     0     100644  4         `\n2.0\n")
        );
        assert_eq!(made.len() % 2, 0);
    }

    #[test]
    fn every_conffile_is_in_the_package() {
        let source = include_str!("deb.rs");
        for path in CONFFILES.lines() {
            assert!(source.contains(&format!("\"./{}\"", &path[1..])), "{path}");
        }
    }
}
