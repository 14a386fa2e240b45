//! `milena ctx`, and who is asked where several are named.

use std::path::Path;
use std::process::Command;

use crate::node::{Node, Told, milena, run};

fn of(home: &Path, words: &[&str]) -> Command {
    let mut command = milena();
    command.env("XDG_CONFIG_HOME", home).args(words);
    command
}

fn ctx(home: &Path, words: &[&str]) -> Told {
    run(of(home, &["ctx"]).args(words))
}

fn done(home: &Path, words: &[&str], expected: &str) {
    let told = ctx(home, words);
    assert_eq!((told.code, told.out.as_str()), (Some(0), expected), "{words:?}: {}", told.err);
}

#[test]
fn contexts_are_set_used_listed_and_deleted() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    done(home, &["list"], "");
    done(home, &["set", "alpha", "-b", "h:1", "--dry-run"], "context alpha would be set\n");
    done(home, &["list"], "");
    done(home, &["set", "alpha", "-b", "h:1,h:2"], "context alpha set\n");
    done(home, &["set", "b", "-b", "i:1"], "context b set\n");
    let list = ["list", "-o", "template={name} {current} {bootstrap_server}"];
    done(home, &list, "alpha true h:1,h:2\nb false i:1\n");
    done(home, &["use", "b", "--dry-run"], "context b would be used from now on\n");
    done(home, &["use", "b"], "context b used from now on\n");
    done(home, &list, "alpha false h:1,h:2\nb true i:1\n");
    assert_eq!(
        run(of(home, &["ctx"]).env("MILENA_CONTEXT", "alpha").args(list)).out,
        "alpha true h:1,h:2\nb false i:1\n"
    );
    done(home, &["delete", "b"], "context b deleted\n");
    done(home, &list, "alpha false h:1,h:2\n");
    for words in [["use", "alpa"], ["delete", "alpa"]] {
        let told = ctx(home, &words);
        assert_eq!(told.code, Some(3));
        assert!(told.err.contains("there is no context alpa; did you mean alpha?"), "{}", told.err);
    }
}

#[test]
fn a_command_asks_the_cluster_that_is_named_nearest() {
    let node = Node::start();
    node.done(&["topic", "create", "orders"]);
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let nobody = "127.0.0.1:1";
    done(home, &["set", "nobody", "-b", nobody], "context nobody set\n");
    done(home, &["set", "here", "-b", &node.bootstrap], "context here set\n");
    let list = ["topic", "list", "-o", "name", "--timeout", "300ms"];
    let ask =
        |variable: &str, words: &[&str]| run(of(home, &list).env("MILENA_CONTEXT", variable).args(words));
    let nothing_reached = ask("", &[]);
    assert!(
        nothing_reached.code == Some(6) && nothing_reached.err.contains(nobody),
        "the current one: {nothing_reached:?}"
    );
    assert_eq!(ask("here", &[]).out, "orders\n");
    assert_eq!(ask("nobody", &["--context", "here"]).out, "orders\n");
    assert_eq!(ask("nobody", &["-b", &node.bootstrap]).out, "orders\n");
    assert_eq!(ask("heer", &[]).code, Some(3), "a slip does not ask somebody else");
    assert_eq!(ask("", &["--context", "here", "-b", nobody]).code, Some(2));
}
