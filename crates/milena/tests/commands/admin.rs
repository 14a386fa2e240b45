//! Verbs that ask and change what single topics and groups are not: partitions, features, quotas, credentials, brokers.

use crate::node::Node;

#[test]
fn records_are_deleted_up_to_an_offset() {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "2"]);
    node.ask_with_input(&["produce", "t", "--partition", "0"], b"a\nb\nc\n");
    let delete = ["partition", "delete-records"];
    let told = node.done(&[&delete[..], &["t-0=2", "--dry-run"]].concat());
    assert_eq!(told, "t-0: records before 2 would be deleted\n");
    let left = || node.done(&["consume", "t", "--from-beginning", "--exit-at-end"]);
    assert_eq!(left(), "a\nb\nc\n");
    assert_eq!(node.done(&[&delete[..], &["t-0=2"]].concat()), "t-0: records before 2 deleted\n");
    assert_eq!(left(), "c\n");
    assert_eq!(node.done(&[&delete[..], &["t-0=end"]].concat()), "t-0: records before 3 deleted\n");
    assert_eq!(left(), "");
    node.refused(&[&delete[..], &["t-0=9"]].concat(), 4, "OFFSET_OUT_OF_RANGE");
    node.refused(&[&delete[..], &["t-2=1"]].concat(), 3, "t has partitions 0 to 1, not 2");
    node.refused(&[&delete[..], &["tt-0=1", "--dry-run"]].concat(), 3, "the topic tt does not exist");
}

#[test]
fn partitions_are_moved_led_and_asked_for_their_producers() {
    let node = Node::start();
    node.done(&["topic", "create", "t", "-p", "2"]);
    let told = node.done(&["partition", "reassign", "t-0=1", "--dry-run"]);
    assert_eq!(told, "partition t-0 would be moved to 1\n");
    assert_eq!(node.done(&["partition", "reassign", "t-0=1"]), "partition t-0 moved to 1\n");
    node.refused(&["partition", "reassign", "t-0=7"], 4, "INVALID_REPLICA_ASSIGNMENT");
    node.refused(&["partition", "reassign", "t-0="], 4, "NO_REASSIGNMENT_IN_PROGRESS");
    assert_eq!(node.done(&["partition", "list-moves"]), "");
    assert_eq!(node.done(&["partition", "elect", "t-1", "--dry-run"]), "leader of t-1 would be elected\n");
    assert_eq!(node.done(&["partition", "elect", "t-1"]), "leader of t-1 not needed\n");
    assert_eq!(node.done(&["partition", "elect", "--every"]), "");
    node.refused(&["partition", "elect", "t-9"], 3, "t has partitions 0 to 1, not 9");
    node.refused(&["partition", "elect"], 2, "TOPIC-PARTITION");
    node.ask_with_input(&["produce", "t", "--partition", "1"], b"a\nb\n");
    let producers = node.answer(&["partition", "producers", "t-0", "t-1"]);
    let [producer] = &producers.as_array().expect("a list")[..] else { panic!("{producers}") };
    assert_eq!((&producer["name"], &producer["last_sequence"]), (&"t-1".into(), &1.into()));
}

#[test]
fn features_are_told_and_set() {
    let node = Node::start();
    let level = || {
        let features = node.answer(&["feature", "list"]);
        let features = features.as_array().expect("a list").clone();
        features.into_iter().find(|it| it["name"] == "group.version").expect("Kafka has it")["level"].clone()
    };
    assert_eq!(level(), 1);
    let set = ["feature", "set", "group.version=0"];
    node.refused(&set, 4, "group.version");
    let down = [&set[..], &["--downgrade"]].concat();
    assert_eq!(node.done(&[&down[..], &["--dry-run"]].concat()), "feature group.version would be set to 0\n");
    assert_eq!(level(), 1);
    assert_eq!(node.done(&down), "feature group.version set to 0\n");
    assert_ne!(level(), 1);
    node.refused(&["feature", "set", "grop.version=1"], 3, "did you mean group.version?");
    node.refused(&["feature", "set", "group.version=x"], 2, "a level is a number");
}

#[test]
fn quotas_are_set_shown_and_taken_away() {
    let node = Node::start();
    let anna = ["--user", "anna"];
    let set = [&["quota", "set", "producer_byte_rate=1000"], &anna[..]].concat();
    let show = ["quota", "describe", "-o", "template={name}: {key}={value}"];
    let told = node.done(&[&set[..], &["--dry-run"]].concat());
    assert_eq!(told, "user anna: producer_byte_rate would be set\n");
    assert_eq!(node.done(&show), "");
    assert_eq!(node.done(&set), "user anna: producer_byte_rate set\n");
    node.done(&["quota", "set", "request_percentage=50", "--user", "default", "--client-id", "c"]);
    assert_eq!(
        node.done(&show).lines().collect::<std::collections::BTreeSet<_>>(),
        ["user anna: producer_byte_rate=1000", "client-id c, user default: request_percentage=50"].into()
    );
    assert_eq!(node.done(&[&show[..], &anna[..]].concat()), "user anna: producer_byte_rate=1000\n");
    node.done(&[&["quota", "unset", "producer_byte_rate"], &anna[..]].concat());
    assert_eq!(node.done(&[&show[..], &anna[..]].concat()), "");
    node.refused(&["quota", "set", "producer_byte_rate=1"], 2, "name whom it is for");
    node.refused(&[&["quota", "set", "no_such=1"], &anna[..]].concat(), 4, "no_such");
}

#[test]
fn quorum_credentials_and_brokers_are_told() {
    let node = Node::start();
    let quorum = node.answer(&["cluster", "quorum"]);
    assert_eq!((&quorum["leader"], &quorum["replicas"][0]["role"]), (&1.into(), &"leader".into()));
    assert_eq!(node.done(&["scram", "list"]), "");
    node.refused(&["scram", "list", "anna"], 3, "RESOURCE_NOT_FOUND");
    node.refused(&["node", "unregister", "1"], 4, "node 1 is in service");
    node.refused(&["node", "unregister", "7", "--dry-run"], 3, "there is no broker 7; there are 1");
    node.refused(&["node", "unregister", "7"], 4, "BROKER_ID_NOT_REGISTERED");
}
