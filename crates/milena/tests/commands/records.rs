//! `milena produce` and `milena consume`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::node::Node;

fn produce(node: &Node, words: &[&str], input: &str) {
    let told = node.ask_with_input(&[&["produce"], words].concat(), input.as_bytes());
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{words:?}");
}

/// Everything there is in the topic `t`, printed in this way.
fn consume(node: &Node, words: &[&str]) -> String {
    node.done(&[&["consume", "t", "--from-beginning", "--exit-at-end"], words].concat())
}

fn node() -> Node {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "2"]);
    node
}

#[test]
fn records_say_all_that_was_said_of_them() {
    let node = node();
    let file = node.directory().join("lines");
    std::fs::write(&file, "k1=v1\nk2=\n").expect("written");
    let file = file.to_str().expect("text");
    let options =
        ["-K", "=", "-Z", "-H", "a=1", "-H", "b=2", "--timestamp", "1000", "--partition", "1", "-z", "zstd"];
    produce(&node, &[&["t", file, "-"], &options[..]].concat(), "k3=v3\n");
    let format = "%p@%o %T %k %s:%S [%h]\\n";
    let expected = "1@0 1000 k1 v1:2 [a=1,b=2]\n1@1 1000 k2 :-1 [a=1,b=2]\n1@2 1000 k3 v3:2 [a=1,b=2]\n";
    assert_eq!(consume(&node, &["-f", format]), expected);
    assert_eq!(consume(&node, &["--partition", "0"]), "");
    assert_eq!(consume(&node, &["--print-key", "-K", "|", "-c", "1"]), "k1|v1\n");
}

#[test]
fn what_is_printed_as_json_can_be_sent_as_json() {
    let node = node();
    let lines = "{\"key\":\"k\",\"value\":\"v\",\"timestamp\":7,\"headers\":[{\"key\":\"h\",\"value\":\"x\"}]}\n\
                 {\"value_base64\":\"/wA=\",\"timestamp\":8}\n{\"key\":\"gone\",\"timestamp\":9}\n";
    produce(&node, &["t", "--json", "--partition", "0"], lines);
    let printed = consume(&node, &["--json"]);
    produce(&node, &["t", "--json", "--partition", "1"], &printed);
    let again = consume(&node, &["--json", "--partition", "1"]);
    assert_eq!(again, printed.replace("\"partition\":0", "\"partition\":1"));
    assert_eq!(consume(&node, &["--partition", "1", "-f", "%o %v{hex}\\n"]), "0 76\n1 ff00\n2 \n");
    let told = node.ask_with_input(&["produce", "t", "--json"], b"{\"value\":\"v\"}\n{\"vlaue\":\"v\"}\n");
    assert_eq!(told.code, Some(2), "{}", told.err);
    assert!(told.err.contains("line 2 is no record: unknown field `vlaue`"), "{}", told.err);
}

#[test]
fn a_line_that_is_no_record_takes_none_before_it_along() {
    let node = node();
    let told = node.ask_with_input(&["produce", "t", "--json"], b"{\"value\":\"v\"}\n{\"vlaue\":\"w\"}\n");
    assert_eq!(told.code, Some(2), "{}", told.err);
    assert_eq!(consume(&node, &[]), "v\n");
}

#[test]
fn a_line_too_large_for_the_topic_is_told_and_takes_no_other_along() {
    let node = node();
    node.done(&["topic", "create", "narrow", "-p", "1", "-c", "max.message.bytes=1000"]);
    let lines = ["small", &"x".repeat(2000), "also small"].join("\n");
    let told = node.ask_with_input(&["produce", "narrow"], lines.as_bytes());
    assert_eq!(told.code, Some(4), "{}", told.err);
    assert!(told.err.contains("MESSAGE_TOO_LARGE"), "{}", told.err);
    assert_eq!(node.done(&["consume", "narrow", "--from-beginning", "--exit-at-end"]), "small\nalso small\n");
}

#[test]
fn a_dry_run_sends_nothing_and_says_what_is_wrong() {
    let node = node();
    let told = node.ask_with_input(&["produce", "t", "--dry-run"], b"a\nb\nc");
    assert_eq!((told.code, told.err.as_str()), (Some(0), "3 records would be sent to t\n"));
    assert_eq!(consume(&node, &[]), "");
    node.refused(&["produce", "tt", "--dry-run"], 3, "the topic tt does not exist");
    node.refused(&["produce", "t", "no/such/file"], 3, "no/such/file: ");
    node.refused(&["produce", "t", "--header", "a"], 2, "expected KEY=VALUE");
}

#[test]
fn acks_may_be_left_out() {
    let node = node();
    for (acks, value) in [("0", "a"), ("1", "b"), ("all", "c")] {
        produce(&node, &["t", "--acks", acks, "--partition", "0"], value);
    }
    // Nobody says when what was not acknowledged is there, but it is before what comes after it on one connection.
    let printed = node.done(&["consume", "t", "--from-beginning", "-c", "3"]);
    assert_eq!(printed.lines().count(), 3, "{printed}");
}

#[test]
fn a_group_goes_on_behind_what_was_printed() {
    let node = node();
    produce(&node, &["t", "--partition", "0"], "1\n2\n3\n4\n");
    produce(&node, &["t", "--partition", "1"], "5\n");
    let read =
        |words: &[&str]| node.done(&[&["consume", "t", "--group", "g", "--from-beginning"], words].concat());
    let mut printed: Vec<String> = read(&["-c", "2"]).lines().map(str::to_owned).collect();
    assert_eq!(printed.len(), 2);
    printed.extend(read(&["--exit-at-end"]).lines().map(str::to_owned));
    printed.sort();
    assert_eq!(printed, ["1", "2", "3", "4", "5"], "each once");
    assert_eq!(read(&["--exit-at-end"]), "", "everything is read");
    let group = &node.answer(&["group", "describe", "g"])[0];
    assert_eq!((&group["state"], &group["lag"]), (&"Empty".into(), &0.into()), "the members said goodbye");
    node.refused(&["consume", "tt", "--group", "g"], 3, "tt");
    node.refused(&["consume", "t", "--group", "g", "--offset", "1"], 2, "cannot be used with");
}

#[test]
fn a_group_may_leave_it_to_its_coordinator_who_reads_what() {
    let node = node();
    produce(&node, &["t", "--partition", "0"], "1\n2\n");
    let member = ["consume", "t", "--group", "g", "--group-protocol", "consumer", "--from-beginning"];
    assert_eq!(node.done(&[&member, &["-c", "2"][..]].concat()), "1\n2\n");
    let group = &node.answer(&["group", "describe", "g"])[0];
    let found = (&group["type"], &group["state"], &group["lag"]);
    assert_eq!(found, (&"consumer".into(), &"Empty".into(), &0.into()), "{group}");
    node.refused(&["consume", "t", "--group-protocol", "consumer"], 2, "--group");
}

#[test]
fn who_follows_sees_what_comes_and_leaves_when_interrupted() {
    let node = node();
    let mut follower = node
        .command(&["consume", "t", "--group", "g", "--from-beginning"])
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(follower.stdout.take().expect("it is piped")).lines();
    for value in ["one", "two"] {
        produce(&node, &["t"], value);
        assert_eq!(lines.next().expect("a line").expect("readable"), value);
    }
    crate::node::signal(&follower, rustix::process::Signal::INT);
    assert_eq!(follower.wait().expect("it ends").code(), Some(0));
    let group = &node.answer(&["group", "describe", "g"])[0];
    assert_eq!((&group["state"], &group["lag"]), (&"Empty".into(), &0.into()), "it said goodbye");
}

#[test]
fn who_interrupts_the_goodbye_does_not_wait_for_a_node_that_hangs() {
    let node = node();
    let mut follower = node
        .command(&["consume", "t", "--group", "g", "--from-beginning"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(follower.stdout.take().expect("it is piped")).lines();
    produce(&node, &["t"], "one");
    assert_eq!(lines.next().expect("a line").expect("readable"), "one");
    node.hang();
    while follower.try_wait().expect("it is ours").is_none() {
        crate::node::signal(&follower, rustix::process::Signal::INT);
        std::thread::yield_now();
    }
    node.go_on();
    let told = follower.wait_with_output().expect("it has ended");
    assert_eq!(told.status.code(), Some(1));
    let words = String::from_utf8(told.stderr).expect("text");
    assert!(words.starts_with("error[interrupted]: "), "{words}");
}
