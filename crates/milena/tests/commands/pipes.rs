//! `milena ... | head`: whoever stops reading has seen enough, and that is no failure.

use std::process::Stdio;

use crate::node::{Node, milena, run};

/// Standard output that nobody reads.
fn gone() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn a_reader_that_is_gone_ends_a_command_quietly() {
    let node = Node::start();
    node.done(&["topic", "create", "orders"]);
    let produced = node.ask_with_input(&["produce", "orders"], b"one\ntwo\n");
    assert_eq!(produced.code, Some(0), "{}", produced.err);
    let segment = node.directory().join("data/orders-0/00000000000000000000.log");
    let segment = segment.to_str().expect("text");
    let server = ["--bootstrap-server", &node.bootstrap];
    for words in [
        [&["topic", "list"][..], &server].concat(),
        [&["consume", "orders", "--from-beginning"][..], &server].concat(),
        vec!["log", "dump", segment],
        vec!["config", "explain", "log.dirs"],
    ] {
        let told = run(milena().args(&words).stdout(gone()));
        assert_eq!((told.code, told.err.as_str()), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn an_output_that_takes_nothing_is_a_failure() {
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("the system has it");
    let told = run(milena().args(["config", "explain", "log.dirs"]).stdout(full()));
    assert_eq!(told.code, Some(1), "{}", told.err);
    assert!(told.err.starts_with("error[output]: cannot write the output: "), "{}", told.err);
}
