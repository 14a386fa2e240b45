//! `milena perf`, and `milena top --once`.

use serde_json::Value;

use crate::node::Node;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn what_was_sent_is_measured_and_read() {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "3"]);
    let sent = node.answer(&["perf", "produce", "t", "-c", "5000", "-s", "100", "-z", "lz4"]);
    assert_eq!((&sent["records"], &sent["bytes"]), (&5000.into(), &500_000.into()));
    assert!(number(&sent["records_per_second"]) > 0.0 && number(&sent["cpu_seconds"]) > 0.0, "{sent}");
    let ms: Vec<f64> =
        sent["latencies"].as_array().expect("a list").iter().map(|row| number(&row["ms"])).collect();
    assert!(ms.len() == 7 && ms[1..].is_sorted() && ms[1] > 0.0, "{ms:?}");
    let read = node.answer(&["perf", "consume", "t"]);
    assert_eq!((&read["records"], &read["bytes"]), (&5000.into(), &500_000.into()));
    assert_eq!(node.answer(&["perf", "consume", "t", "-c", "70"])["records"], 70);
    let few = ["perf", "consume", "t", "-c", "5001", "--patience", "200ms"];
    node.refused(&few, 7, "after 5000 records none came within 200 ms");
    node.refused(&["perf", "consume", "tt"], 3, "the topic tt does not exist");
}

#[test]
fn a_rate_is_kept() {
    let node = Node::start();
    let sent = node.answer(&["perf", "produce", "t", "-c", "100", "--rate", "200"]);
    let rate = number(&sent["records_per_second"]);
    assert!((100.0..=202.5).contains(&rate), "{sent}");
}

#[test]
fn records_come_one_after_the_other() {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "2"]);
    let measured = node.answer(&["perf", "e2e", "t", "-c", "50", "-s", "10"]);
    assert_eq!((&measured["records"], &measured["bytes"]), (&50.into(), &500.into()));
    assert!(number(&measured["latencies"][1]["ms"]) > 0.0, "{measured}");
    assert!(node.done(&["perf", "e2e", "t", "-c", "5"]).contains("LATENCY"), "for people");
    node.refused(&["perf", "e2e", "tt"], 3, "the topic tt does not exist");
}

#[test]
fn one_look_at_a_cluster_is_told_to_programs() {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "2"]);
    node.ask_with_input(&["produce", "t", "--partition", "1"], b"a\nb\nc\n");
    node.done(&["group", "reset", "g", "-t", "t", "--to-earliest", "--execute"]);
    let seen = node.answer(&["top", "--once", "--interval", "100ms"]);
    let topic = &seen["topics"][0];
    assert_eq!(
        (&topic["name"], &topic["partitions"], &topic["lag"]),
        (&"t".into(), &2.into(), &3.into()),
        "{seen}"
    );
    let ends: Vec<&Value> =
        seen["partitions"].as_array().expect("a list").iter().map(|row| &row["end"]).take(2).collect();
    assert_eq!(ends, [&Value::from(0), &Value::from(3)]);
    assert_eq!((&seen["groups"][0]["name"], &seen["groups"][0]["lag"]), (&"g".into(), &3.into()));
    assert!(node.done(&["top", "--once", "--interval", "1ms"]).contains("GROUP"), "for people");
    node.refused(&["top"], 2, "are not a terminal");
}
