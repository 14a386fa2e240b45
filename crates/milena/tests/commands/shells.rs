//! `milena completions` and `milena man`.

use crate::node::{Node, milena, run};

/// What bash would offer for the last of these words.
fn offered(words: &[&str]) -> Vec<String> {
    let mut command = milena();
    command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
    command.env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_IFS", "\n").arg("--").args(words);
    let told = run(&mut command);
    assert_eq!(told.code, Some(0), "{}", told.err);
    told.out.lines().map(str::to_owned).collect()
}

#[test]
fn words_topics_and_groups_are_completed() {
    let node = Node::start();
    node.done(&["topic", "create", "orders", "other", "stock"]);
    let told =
        node.done(&["group", "reset", "readers", "-t", "orders", "--to-earliest", "--execute", "-o", "name"]);
    assert_ne!(told, "");
    assert_eq!(offered(&["milena", "topic", "des"]), ["describe"]);
    let server = ["-b", node.bootstrap.as_str()];
    let topics = [&["milena", "topic", "describe"], &server[..], &["o"]].concat();
    assert_eq!(offered(&topics), ["orders", "other"]);
    let groups = [&["milena", "group", "describe"], &server[..], &["r"]].concat();
    assert_eq!(offered(&groups), ["readers"]);
    let nobody = ["milena", "topic", "describe", "-b", "127.0.0.1:1", "o"];
    assert_eq!(offered(&nobody), [""; 0], "nobody answers, and nothing is said");
}

#[test]
fn every_shell_has_its_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let told = run(milena().args(["completions", shell]));
        assert!(told.code == Some(0) && told.out.contains("COMPLETE"), "{shell}: {told:?}");
    }
    let told = run(milena().args(["completions", "bassh"]));
    assert!(told.code == Some(2) && told.err.contains("did you mean bash?"), "{told:?}");
}

#[test]
fn every_command_has_its_page() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let told = run(milena().args(["man", "--dir"]).arg(directory.path()));
    assert_eq!(told.code, Some(0), "{}", told.err);
    let page = |name: &str| std::fs::read_to_string(directory.path().join(name)).expect("a page");
    assert!(page("milena.1").contains(".TH milena 1"));
    assert!(page("milena-topic-create.1").contains("replication\\-factor"));
    let told = run(milena().args(["man", "topic", "create"]));
    assert!(told.out.contains("replication\\-factor"), "{told:?}");
    let told = run(milena().args(["man", "topic", "creat"]));
    assert!(told.code == Some(2) && told.err.contains("did you mean create?"), "{told:?}");
}

#[test]
fn nothing_is_coloured_without_a_terminal() {
    let mut said = String::new();
    for words in [&["--help"][..], &["topic", "lsit"], &["topic", "--help"]] {
        let told = run(milena().args(words));
        said = said + &told.out + &told.err;
    }
    // Warns of the key, then fails.
    let start =
        run(milena().args(["--port", "0", "--override", "no.such.key=1", "--data-dir", "/dev/null/data"]));
    assert!(start.err.contains("WARN") && start.err.contains("error["), "{}", start.err);
    said += &start.err;
    assert!(said.contains("similar subcommands exist: 'ls', 'list'"), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
}
