//! `milena why`.

use crate::node::Node;

#[test]
fn why_answers_and_refuses_as_every_verb_does() {
    let node = Node::start();
    node.done(&["topic", "create", "orders"]);
    let told = node.answer(&["why", "partition", "orders-0"]);
    assert_eq!(told["subject"], "partition orders-0");
    assert_eq!(told["facts"]["high_watermark"], 0);
    assert_eq!(told["waits"], serde_json::json!([]));
    assert!(node.done(&["why", "partition", "orders-0"]).ends_with("\nnothing waits\n"));
    assert_eq!(node.done(&["why", "partition", "orders-0", "-o", "name"]), "orders-0\n");
    node.refused(
        &["why", "partition", "ordres-0"],
        3,
        "the topic ordres does not exist; did you mean orders?",
    );
    node.refused(&["why", "partition", "orders-7"], 3, "orders has partitions 0 to 0, not 7");
    node.refused(&["why", "group", "nobody"], 3, "the group nobody does not exist");
    node.refused(&["why", "group", "nobody", "-o", "jsn"], 2, "did you mean json?");
}
