//! `milena doctor`.

use serde_json::Value;

use crate::node::{Node, milena, run};

fn found<'a>(findings: &'a Value, check: &str) -> Vec<&'a Value> {
    let findings = findings.as_array().expect("a list");
    findings.iter().filter(|finding| finding["name"] == check).collect()
}

#[test]
fn a_node_at_rest_has_nothing_wrong() {
    let node = Node::start();
    node.done(&["topic", "create", "t"]);
    let data = node.directory().join("data");
    let data = data.to_str().expect("text");
    let findings = node.answer(&["doctor", "--all", "--data-dir", data]);
    for check in ["directories", "ownership", "clock", "brokers", "address", "partitions", "groups"] {
        let states: Vec<&Value> = found(&findings, check).iter().map(|finding| &finding["state"]).collect();
        assert_eq!(states, ["fine"], "{check}: {findings}");
    }
}

#[test]
fn what_is_wrong_is_told_with_what_shows_it_and_what_helps() {
    let node = Node::start();
    let data = node.directory().join("other");
    std::fs::create_dir(&data).expect("made");
    let data = data.to_str().expect("text");
    let told = node.ask(&["doctor", "--data-dir", data, "-o", "json"]);
    assert_eq!(told.code, Some(1), "{}", told.err);
    assert!(told.err.contains("error[directories]: "), "{}", told.err);
    let findings: Value = serde_json::from_str(&told.out).expect("JSON");
    let [finding] = found(&findings, "directories")[..] else { panic!("{findings}") };
    assert_eq!(finding["finding"], format!("{data} is not formatted"));
    assert_eq!(finding["help"], "milena storage info -o wide");
}

#[test]
fn a_group_that_waits_is_told_by_why() {
    let node = Node::start();
    node.done(&["topic", "create", "t"]);
    // Joins, and is stopped: the group then waits for it when another one comes.
    let mut first = node.command(&["consume", "t", "--group", "g"]).spawn().expect("the binary runs");
    while node.ask(&["group", "describe", "g", "-o", "template={state}"]).out != "Stable\n" {
        std::thread::yield_now();
    }
    crate::node::signal(&first, rustix::process::Signal::STOP);
    let mut second = node.command(&["consume", "t", "--group", "g"]).spawn().expect("the binary runs");
    let waits = loop {
        let findings = node.answer(&[
            "doctor",
            "--data-dir",
            node.directory().join("data").to_str().expect("text"),
            "--all",
        ]);
        let [finding] = found(&findings, "groups")[..] else { panic!("{findings}") };
        if finding["state"] == "warning" {
            break finding.clone();
        }
    };
    assert!(waits["finding"].as_str().is_some_and(|told| told.starts_with("group g is ")), "{waits}");
    assert_eq!(waits["help"], "milena why group g");
    for child in [&mut first, &mut second] {
        child.kill().expect("it runs");
        child.wait().expect("it ends");
    }
}

#[test]
fn a_cluster_that_is_not_there_is_a_class_of_its_own() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let words = ["doctor", "-b", "127.0.0.1:1", "--timeout", "300ms"];
    let told = run(milena().args(words).current_dir(directory.path()));
    assert_eq!(told.code, Some(6), "{}", told.err);
    let offline = run(milena().args(["doctor", "--offline"]).current_dir(directory.path()));
    assert_eq!(offline.code, Some(0), "{}", offline.err);
}
