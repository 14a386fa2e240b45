//! Every way in which a start fails, provoked with the binary itself: the code, the value, the command that helps; and a
//! page in docs/errors.md for each code.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A test cannot fill the disk of the machine: `node::error_test` fills a simulated one.
const PROVOKED_ELSEWHERE: &[&str] = &["no-space"];

fn milena() -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_milena")))
}

/// What the shell of whoever runs the tests sets is no part of them.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("KAFKA_") || ["RUST_LOG", "CLUSTER_ID"].contains(&name))
        {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// A node that runs until it is told to stop.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    announced: Vec<String>,
}

impl Running {
    fn start(options: &[&str]) -> Self {
        Self::start_as(milena(), options)
    }

    fn start_as(mut command: Command, options: &[&str]) -> Self {
        let mut child = command.args(["--port", "0"]).args(options).spawn().expect("the binary runs");
        let mut stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut lines = Vec::new();
        while !lines.last().is_some_and(|line: &String| line.starts_with("  cluster")) {
            let mut line = String::new();
            assert_ne!(stderr.read_line(&mut line).expect("readable"), 0, "it did not start: {lines:?}");
            lines.push(line.trim_end().to_owned());
        }
        let ready = lines.iter().position(|line| line.contains(" is ready in ")).expect("it is told");
        Self { child, stderr, announced: lines.split_off(ready) }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
        kill_process(pid, signal).expect("it is there");
    }

    /// Its exit code and what it said since it was ready.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).expect("readable");
        (self.child.wait().expect("it ends").code(), said)
    }

    fn stop(self) {
        self.signal(Signal::TERM);
        let (code, said) = self.end();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("stopped cleanly"), "{said}");
    }
}

/// What a start that fails says. One that does not fail is ended, and no failure.
fn refusal(mut command: Command) -> (Option<i32>, String) {
    let mut child = command.spawn().expect("the program runs");
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().expect("it is piped")).lines() {
        let line = line.expect("readable");
        if line.contains(" is ready in ") {
            child.kill().expect("it runs");
            break;
        }
        said = said + &line + "\n";
    }
    (child.wait().expect("it ends").code(), said)
}

/// The start fails with this code; what it says holds these words.
fn check(provoked: &mut BTreeSet<String>, code: &str, options: &[&str], words: &[&str]) {
    let mut command = milena();
    command.args(options);
    check_command(provoked, code, command, words);
}

fn check_command(provoked: &mut BTreeSet<String>, code: &str, command: Command, words: &[&str]) {
    let (exit, said) = refusal(command);
    check_told(provoked, code, exit, &said, words);
}

fn check_told(provoked: &mut BTreeSet<String>, code: &str, exit: Option<i32>, said: &str, words: &[&str]) {
    assert!(matches!(exit, Some(1 | 2)), "{code}: exit code {exit:?}, {said}");
    let told = [format!("error[{code}]: "), "  help: ".to_owned(), format!("  page: docs/errors.md#{code}")];
    for word in told.iter().map(String::as_str).chain(words.iter().copied()) {
        assert!(said.contains(word), "{code}: no {word:?} in what it said:\n{said}");
    }
    provoked.insert(code.to_owned());
}

#[test]
fn a_start_tells_what_it_is_and_the_ready_file_where() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let ready = directory.path().join("ready");
    let node = Running::start(&["--ephemeral", "--ready-file", ready.to_str().expect("is text")]);
    let told = node.announced.join("\n");
    for fact in ["is ready in ", " ms", "clients  127.0.0.1:", "data     /", "cluster  ", "(node 1)"] {
        assert!(told.contains(fact), "{fact:?} in {told}");
    }
    node.stop();
    let first = std::fs::read_to_string(&ready).expect("it was written");
    let address = first.lines().next().expect("a line");
    assert!(told.contains(&format!("clients  {address}")), "{address} in {told}");
    assert!(address.parse::<std::net::SocketAddr>().is_ok_and(|address| address.port() != 0), "{address}");
}

#[test]
fn every_failure_says_what_which_value_and_what_helps() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name).to_str().expect("is text").to_owned();
    let write = |name: &str, text: &str| {
        std::fs::write(directory.path().join(name), text).expect("written");
        path(name)
    };
    let provoked = &mut BTreeSet::new();

    let nowhere = path("nowhere/server.properties");
    check(provoked, "config-file", &["--config", &nowhere], &[&nowhere, "ls -l"]);
    let file = write("syntax", "a=b\nc=\\u12\n");
    check(provoked, "config-syntax", &["--config", &file], &[&file]);
    check(provoked, "config-override", &["--override", "num.partitions"], &["\"num.partitions\""]);
    let options = ["--override", "num.partitions=x"];
    check(provoked, "config-value", &options, &["num.partitions=x", "milena config explain num.partitions"]);
    let file = write("roles", "process.roles=broker,controller\n");
    check(provoked, "config-missing", &["--config", &file], &["node.id", &file]);
    let options = ["--override", "authorizer.class.name=x.Y"];
    check(provoked, "config-not-served", &options, &["authorizer.class.name=x.Y", "config explain"]);
    let options = ["--override", "log.retention.ms=0"];
    check(provoked, "config-conflict", &options, &["log.retention.ms=0", "at least 1"]);
    let options = ["--override", "advertised.listeners=PLAINTEXT://0.0.0.0:9092"];
    check(provoked, "advertised-address", &options, &["PLAINTEXT://0.0.0.0:9092", "every interface"]);
    check(provoked, "data-directory", &["--data-dir", "a,b"], &["a,b", "--data-dir DIR"]);
    check(provoked, "log-level", &["--log-level", "net=loud"], &["net=loud"]);

    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = socket.local_addr().expect("it is bound").port().to_string();
    let me = format!("(process {})", std::process::id());
    check(provoked, "port-taken", &["--ephemeral", "--port", &port], &[&port, &me, "--port 0"]);
    let options = ["--ephemeral", "--override", "listeners=PLAINTEXT://192.0.2.1:0"];
    check(provoked, "listen-address", &options, &["192.0.2.1", "ip -brief address"]);
    let missing = path("nowhere/ready");
    let options = ["--ephemeral", "--port", "0", "--ready-file", &missing];
    check(provoked, "ready-file", &options, &[&missing, "ls -ld"]);
    let mut few = clean(Command::new("sh"));
    few.args(["-c", "ulimit -n 100; exec \"$0\" --ephemeral --port 0", env!("CARGO_BIN_EXE_milena")]);
    check_command(provoked, "too-few-descriptors", few, &["100 files", "256", "ulimit -n"]);

    let (one, two, fresh) = (path("one"), path("two"), path("fresh"));
    let node = Running::start(&["--data-dir", &one]);
    let options = ["--port", "0", "--data-dir", &one];
    let holder = format!("milena (process {})", node.child.id());
    check(provoked, "directory-locked", &options, &[&one, &holder, "kill ", "--data-dir DIR"]);
    node.stop();
    Running::start(&["--data-dir", &two]).stop();
    let below_a_file = path("roles/data");
    let options = ["--port", "0", "--data-dir", &below_a_file];
    check(provoked, "directory-unusable", &options, &[&below_a_file, "ls -ld"]);
    let options = ["--port", "0", "--data-dir", &one, "--override", "node.id=2"];
    check(provoked, "directory-of-other-node", &options, &[&one, "node 1", "--override node.id=1"]);
    let both = format!("log.dirs={one},{two}");
    let options = ["--port", "0", "--override", &both];
    check(provoked, "directory-of-other-cluster", &options, &[&one, &two, "meta.properties"]);
    let both = format!("log.dirs={one},{fresh}");
    let options = ["--port", "0", "--override", &both];
    check(provoked, "directory-not-mounted", &options, &[&fresh, "findmnt"]);
    write("two/__cluster_metadata-0/quorum-state", "{");
    let options = ["--port", "0", "--data-dir", &two];
    check(provoked, "node-failed", &options, &["quorum-state"]);

    let node = Running::start(&["--data-dir", &one]);
    // Both come at once, so that the second is there before the node has stopped.
    for signal in [Signal::STOP, Signal::TERM, Signal::INT, Signal::CONT] {
        node.signal(signal);
    }
    let (exit, said) = node.end();
    check_told(provoked, "ended-at-once", exit, &said, &["recovers the logs"]);

    provoked.extend(PROVOKED_ELSEWHERE.iter().map(|code| (*code).to_owned()));
    let known: BTreeSet<String> = command_line::start::codes().map(str::to_owned).collect();
    assert_eq!(*provoked, known);
}

#[test]
fn the_environment_names_the_cluster_of_a_fresh_directory_and_has_one_of_another_refused() {
    const ID: &str = "5L6g3nShT-eMCtK--X86sw";
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let options = ["--data-dir", data.to_str().expect("is text")];
    let in_cluster = |id: &str| {
        let mut command = milena();
        command.env("CLUSTER_ID", id);
        command
    };
    // The first finds the directory fresh; without the variable, or with an empty one, the directory says it.
    for command in [in_cluster(ID), in_cluster(ID), in_cluster(""), milena()] {
        let node = Running::start_as(command, &options);
        let told = node.announced.join("\n");
        assert!(told.contains(&format!("cluster  {ID} (node 1)")), "{told}");
        node.stop();
    }
    let meta = std::fs::read_to_string(data.join("meta.properties")).expect("it was written");
    assert!(meta.contains(&format!("cluster.id={ID}")), "{meta}");

    let other = "AAAAAAAAAAAAAAAAAAAAAQ";
    let mut command = in_cluster(other);
    command.args(["--port", "0"]).args(options);
    let words = [options[1], ID, other, "CLUSTER_ID"];
    check_command(&mut BTreeSet::new(), "directory-of-other-cluster", command, &words);
    let mut command = in_cluster("two words");
    command.args(["--port", "0"]).args(options);
    check_command(&mut BTreeSet::new(), "config-value", command, &["CLUSTER_ID=two words", "random-uuid"]);
    assert_eq!(std::fs::read_to_string(data.join("meta.properties")).expect("still there"), meta);
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let text = std::fs::read_to_string(path).expect("docs/errors.md");
    let mut pages = BTreeSet::new();
    for page in text.split("\n## ").skip(1) {
        let (code, said) = page.split_once('\n').expect("a heading and a text");
        assert!(said.trim().len() > 80, "the page of {code} says too little");
        assert!(pages.insert(code), "{code} has two pages");
    }
    assert_eq!(pages, command_line::start::codes().collect::<BTreeSet<_>>());
}
