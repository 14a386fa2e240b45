//! A node of the binary, and commands beside it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A node that is gone, with its data, when the test ends.
pub(crate) struct Node {
    child: Child,
    directory: tempfile::TempDir,
    /// host:port.
    pub(crate) bootstrap: String,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The binary without what the shell of whoever runs the tests sets.
pub(crate) fn milena() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_milena"));
    for (name, _) in std::env::vars_os() {
        let is_ours = |name: &str| {
            name.starts_with("KAFKA_")
                || name.starts_with("MILENA_")
                || ["RUST_LOG", "COMPLETE", "CLUSTER_ID"].contains(&name)
        };
        if name.to_str().is_some_and(is_ours) {
            command.env_remove(name);
        }
    }
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Told {
    told(command.output().expect("the binary runs"))
}

fn told(output: Output) -> Told {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Told { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Sends a signal to a process that this one started.
pub(crate) fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
    // It may have ended, which the test will notice.
    let _ = kill_process(pid, signal);
}

impl Node {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = directory.path().join("data");
        Self::start_in(directory, &data)
    }

    /// A node on a directory that lasts.
    pub(crate) fn start_on(data: &Path) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary directory"), data)
    }

    fn start_in(directory: tempfile::TempDir, data: &Path) -> Self {
        let mut child = milena()
            .args(["--port", "0", "--data-dir"])
            .arg(data)
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary runs");
        // Read to its end: who logs into a pipe that nobody reads stops some day.
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let (announced, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(address) = line.trim_start().strip_prefix("clients ") {
                    // Whoever waited may have given up.
                    let _ = announced.send(address.trim().to_owned());
                }
            }
        });
        let bootstrap = address.recv().expect("the node starts");
        Self { child, directory, bootstrap }
    }

    /// Stops it cleanly.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    /// Keeps it from doing anything.
    pub(crate) fn hang(&self) {
        signal(&self.child, Signal::STOP);
    }

    /// The end of [`Node::hang`].
    pub(crate) fn go_on(&self) {
        signal(&self.child, Signal::CONT);
    }

    fn end(&mut self) {
        signal(&self.child, Signal::TERM);
        let _ = self.child.wait();
    }

    /// A place for a test's files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A command that asks this node.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = milena();
        command.args(words).args(["--bootstrap-server", &self.bootstrap]);
        command
    }

    pub(crate) fn ask(&self, words: &[&str]) -> Told {
        run(&mut self.command(words))
    }

    /// A command with something on standard input.
    pub(crate) fn ask_with_input(&self, words: &[&str], input: &[u8]) -> Told {
        let mut child = self.command(words).stdin(Stdio::piped()).spawn().expect("the binary runs");
        child.stdin.take().expect("it is piped").write_all(input).expect("it reads");
        told(child.wait_with_output().expect("it ends"))
    }

    /// What a command that succeeds prints.
    pub(crate) fn done(&self, words: &[&str]) -> String {
        let told = self.ask(words);
        assert_eq!(told.code, Some(0), "{words:?}: {}", told.err);
        told.out
    }

    /// What a command that succeeds answers with `-o json`.
    pub(crate) fn answer(&self, words: &[&str]) -> serde_json::Value {
        let words = [words, &["-o", "json"]].concat();
        serde_json::from_str(&self.done(&words)).expect("JSON")
    }

    /// A command fails with this exit code, and says this.
    pub(crate) fn refused(&self, words: &[&str], code: i32, reason: &str) {
        let told = self.ask(words);
        assert_eq!(told.code, Some(code), "{words:?}: {}", told.err);
        assert!(told.err.contains(reason), "no {reason:?} in {}", told.err);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}
