//! `milena storage`. That what it leaves is what Kafka leaves is shown in `controller-node`, and in the conformance suite
//! `storage`.

use std::path::Path;

use crate::node::{Node, Told, milena, run};

const CLUSTER: &str = "MkU3OEVBNTcwNTJENDM2Qk";

fn storage(words: &[&str], data: &Path) -> Told {
    run(milena().arg("storage").args(words).arg("--data-dir").arg(data))
}

fn answer(words: &[&str], data: &Path) -> serde_json::Value {
    let told = storage(&[words, &["-o", "json"]].concat(), data);
    serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{words:?}: {error}: {told:?}"))
}

fn refused(words: &[&str], data: &Path, code: i32, reason: &str) {
    let told = storage(words, data);
    assert!(told.code == Some(code) && told.err.contains(reason), "{words:?}: no {reason:?} in {told:?}");
}

#[test]
fn a_directory_is_formatted_once_and_told_about() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = &directory.path().join("data");
    refused(&["info"], data, 1, "does not exist");
    let format = ["format", "-t", CLUSTER];
    assert_eq!(answer(&[&format[..], &["--dry-run"]].concat(), data)[0]["outcome"], "would be formatted");
    assert!(!data.exists(), "nothing is done");
    let formatted = &answer(&format, data)[0];
    assert_eq!(
        (&formatted["outcome"], &formatted["metadata_version"]),
        (&"formatted".into(), &"4.3-IV0".into())
    );
    refused(&format, data, 1, "is formatted already; --ignore-formatted");
    assert_eq!(answer(&["format", "--ignore-formatted"], data)[0]["outcome"], "is formatted already");
    refused(&["format", "-g", "-t", "other"], data, 1, "belongs to node 1 of cluster MkU3OEVBNTcwNTJENDM2Qk");
    let info = answer(&["info"], data);
    assert_eq!((&info["cluster_id"], &info["node_id"]), (&CLUSTER.into(), &1.into()));
    let found = &info["directories"][0];
    assert_eq!((&found["state"], &found["logs"]), (&"formatted".into(), &1.into()), "the metadata log");
    assert_eq!((&found["used_by"], &info["problems"]), (&serde_json::Value::Null, &serde_json::json!([])));
}

#[test]
fn what_a_new_cluster_cannot_have_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = &directory.path().join("data");
    for (words, reason) in [
        (&["-r", "9.9"][..], "there is no metadata.version 9.9: it goes from 3.3-IV3 to 4.3-IV0"),
        (&["-f", "grup.version=1"], "there is no feature grup.version"),
        (&["-f", "group.version=7"], "group.version has levels 0 to 1, not 7"),
        (&["-f", "group.version=new"], "a level is a number"),
        (&["-r", "3.9", "-f", "eligible.leader.replicas.version=1"], "needs metadata.version at 23 at least"),
        (&["-f", "kraft.version=0"], "kraft.version is 0 where controller.quorum.voters is set"),
        (&["-s", "-N"], "cannot be used with"),
        (
            &[
                "-s",
                "--override",
                "controller.quorum.voters=1@localhost:9093",
                "--override",
                "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093",
            ],
            "controller.quorum.voters names the voters",
        ),
    ] {
        refused(&[&["format"], words].concat(), data, 2, reason);
    }
    assert!(!data.exists(), "nothing is done");
}

#[test]
fn a_node_starts_on_what_was_formatted_and_has_it_to_itself() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = &directory.path().join("data");
    answer(&["format", "-t", CLUSTER, "-f", "group.version=0"], data);
    let node = Node::start_on(data);
    assert_eq!(node.answer(&["cluster", "describe"])["name"], CLUSTER);
    refused(&["format", "-g"], data, 1, "is in use by ");
    let found = answer(&["info"], data)["directories"][0].clone();
    assert!(
        found["used_by"].as_str().is_some_and(|process| process.starts_with("milena (process ")),
        "{found}"
    );
    node.stop();
    let found = answer(&["info"], data)["directories"][0].clone();
    assert_eq!((&found["used_by"], &found["was_closed_cleanly"]), (&serde_json::Value::Null, &true.into()));
}

#[test]
fn ids_are_random() {
    let id = || run(milena().args(["storage", "random-uuid"])).out;
    let (one, other) = (id(), id());
    assert_ne!(one, other);
    assert_eq!(one.trim_end().len(), 22, "{one:?}");
}
