//! The image from scratch: one layer with the program, the user it runs as and the directories it needs (OCI image
//! specification 1.1).
//!
//! Whoever runs Kafka's official image finds here what he is used to: `KAFKA_…` variables are keys, port 9092, data in
//! `/var/lib/kafka/data`, user 1000.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Release;
use super::archive::{gzip, sha256};
use super::tar::{self, Entry};

/// The number of the user that runs the program, that of the official image.
const USER: u32 = 1000;

/// Defaults that a container needs other than a machine; a `-e` overrides each.
const ENVIRONMENT: [&str; 4] = [
    "PATH=/usr/bin",
    "KAFKA_LISTENERS=PLAINTEXT://:9092",
    "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:9092",
    "KAFKA_LOG_DIRS=/var/lib/kafka/data",
];

/// The files of the layout, by path.
///
/// # Errors
/// When a file of `packaging/` cannot be read.
pub fn image(release: &Release) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let licence = release.packaging("../LICENSE")?;
    let users = format!("milena:x:{USER}:{USER}::/var/lib/kafka/data:/sbin/nologin\n");
    let groups = format!("milena:x:{USER}:\n");
    let directory = |path, mode, owner| Entry { path, mode, owner, content: b"" };
    let file = |path, mode, content| Entry { path, mode, owner: 0, content };
    let layer = tar::archive(
        [
            directory("etc/", 0o755, 0),
            file("etc/group", 0o644, groups.as_bytes()),
            file("etc/passwd", 0o644, users.as_bytes()),
            directory("tmp/", 0o1777, 0),
            directory("usr/", 0o755, 0),
            directory("usr/bin/", 0o755, 0),
            file("usr/bin/milena", 0o755, &release.binary),
            directory("usr/share/", 0o755, 0),
            directory("usr/share/doc/", 0o755, 0),
            directory("usr/share/doc/milena/", 0o755, 0),
            file("usr/share/doc/milena/copyright", 0o644, &licence),
            directory("var/", 0o755, 0),
            directory("var/lib/", 0o755, 0),
            directory("var/lib/kafka/", 0o755, USER),
            directory("var/lib/kafka/data/", 0o755, USER),
        ],
        release.epoch,
    );
    let created = rfc3339(release.epoch);
    let packed = gzip(&layer);
    let config = encoded(&json!({
        "created": created,
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "ExposedPorts": { "9092/tcp": {} },
            "Env": ENVIRONMENT,
            "Entrypoint": ["/usr/bin/milena"],
            "Cmd": ["start"],
            "Volumes": { "/var/lib/kafka/data": {} },
            "WorkingDir": "/",
            "StopSignal": "SIGTERM",
            "Labels": {
                "org.opencontainers.image.title": "Milena",
                "org.opencontainers.image.version": release.version,
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", sha256(&layer))] },
        "history": [{ "created": created, "created_by": "cargo xtask dist" }],
    }));
    let manifest = encoded(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &packed)],
    }));
    let mut listed = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
    listed["platform"] = json!({ "architecture": "amd64", "os": "linux" });
    // The second is what docker and containerd name an image by that they load.
    let name = format!("milena:{}", release.version);
    listed["annotations"] = json!({
        "org.opencontainers.image.ref.name": name,
        "io.containerd.image.name": format!("docker.io/library/{name}"),
    });
    let index = encoded(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [listed],
    }));
    let blobs = [packed, config, manifest];
    let mut files: BTreeMap<String, Vec<u8>> =
        blobs.into_iter().map(|blob| (format!("blobs/sha256/{}", sha256(&blob)), blob)).collect();
    files.insert("index.json".to_owned(), index);
    files.insert("oci-layout".to_owned(), encoded(&json!({ "imageLayoutVersion": "1.0.0" })));
    Ok(files)
}

/// The layout as one file.
pub fn archive(image: &BTreeMap<String, Vec<u8>>, epoch: u64) -> Vec<u8> {
    let directory = |path| Entry { path, mode: 0o755, owner: 0, content: b"" };
    let files = image.iter().map(|(path, content)| Entry { path, mode: 0o644, owner: 0, content });
    tar::archive([directory("blobs/"), directory("blobs/sha256/")].into_iter().chain(files), epoch)
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": format!("sha256:{}", sha256(content)), "size": content.len() })
}

fn encoded(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("values of ours")
}

/// A time as the specification wants it; days are counted as Howard Hinnant's `civil_from_days` does.
fn rfc3339(epoch: u64) -> String {
    let (days, seconds) = (epoch / 86_400 + 719_468, epoch % 86_400);
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        Release { version: "1.2.3".to_owned(), binary: b"program".to_vec(), epoch: 1_795_288_881 }
    }

    #[test]
    fn the_same_input_gives_the_same_image() {
        assert_eq!(image(&release()).expect("made"), image(&release()).expect("made again"));
    }

    #[test]
    fn every_descriptor_names_a_blob_by_its_digest_and_size() {
        let files = image(&release()).expect("made");
        let parsed = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
        let blob = |descriptor: &Value| {
            let digest = descriptor["digest"].as_str().expect("a digest");
            let blob = &files[&format!("blobs/{}", digest.replace(':', "/"))];
            assert_eq!(descriptor["size"], blob.len());
            assert_eq!(digest, format!("sha256:{}", sha256(blob)));
            blob.clone()
        };
        let manifest = parsed(&blob(&parsed(&files["index.json"])["manifests"][0]));
        let config = parsed(&blob(&manifest["config"]));
        assert_eq!(config["created"], "2026-11-21T19:21:21Z");
        assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
        blob(&manifest["layers"][0]);
    }

    #[test]
    fn times_are_told_as_the_calendar_has_them() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_709_251_199), "2024-02-29T23:59:59Z");
    }
}
