//! One reading of a page, from an empty folder: its commands run in order, in as many terminals as it opens.
//!
//! `console` blocks name their terminal (`terminal=node`) and say whether they ask again until the answer is as shown
//! (`until`). The last command of a terminal may still run when the page goes on in another.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, PipeReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::Instant;

use crate::fence::Fence;
use crate::pages;
use crate::transcript::{self, Step};

/// Long enough for any machine; nothing waits so long when it works.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a page types as `milena`: the binary under test, a node at a port that is free, and clients that find it there.
const WRAPPER: &str = r#"#!/bin/sh
for word; do
    case $word in -b | --bootstrap-server | --bootstrap-server=* | --help | --version) exec BINARY "$@" ;; esac
done
case "$1 $2" in
start* | -* | " ") exec BINARY "$@" --port 0 --ready-file SCRATCH/bootstrap ;;
log* | storage* | ctx* | completions* | man* | "config explain") exec BINARY "$@" ;;
esac
until [ -s SCRATCH/bootstrap ]; do sleep 0.02; done
exec BINARY "$@" --bootstrap-server "$(cat SCRATCH/bootstrap)"
"#;

/// A page as it is read.
pub struct Session {
    page: String,
    folder: tempfile::TempDir,
    scratch: tempfile::TempDir,
    terminals: BTreeMap<String, Running>,
    background: Vec<Running>,
}

/// Options of a `console` block.
pub struct Options {
    terminal: String,
    asks_until: bool,
}

impl Session {
    /// What stands behind ```` ```console ````; `None` where it is not understood.
    pub fn options(info: &str) -> Option<Options> {
        let mut options = Options { terminal: String::new(), asks_until: false };
        for word in info.split(' ').skip(1) {
            match word.split_once('=') {
                Some(("terminal", name)) => options.terminal = name.to_owned(),
                None if word == "until" => options.asks_until = true,
                _ => return None,
            }
        }
        Some(options)
    }

    /// An empty folder.
    pub fn new(page: &str) -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        let wrapper = WRAPPER
            .replace("BINARY", env!("CARGO_BIN_EXE_milena"))
            .replace("SCRATCH", &scratch.path().display().to_string());
        let path = scratch.path().join("milena");
        fs::write(&path, wrapper).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
        Self {
            page: page.to_owned(),
            folder: tempfile::tempdir().expect("a temporary directory"),
            scratch,
            terminals: BTreeMap::new(),
            background: Vec::new(),
        }
    }

    /// Runs a block.
    ///
    /// # Panics
    /// When something is otherwise than the page shows.
    pub fn run(&mut self, fence: &Fence) {
        let place = format!("{}:{}", fence.page, fence.line);
        if fence.info == "sh" {
            let mut script = self.spawn(&format!("set -e\n{}", fence.text));
            let (ended, printed) = script.until(|_| false);
            assert!(ended.is_some_and(|status| status.success()), "{place}: {ended:?}\n{printed}");
            return;
        }
        let options = Self::options(&fence.info).unwrap_or_else(|| panic!("{place}: {}", fence.info));
        let steps = transcript::steps(&fence.text);
        for (at, step) in steps.iter().enumerate() {
            let is_last = at + 1 == steps.len();
            let place = format!("{place}: $ {}", step.command);
            let (fits, ended, printed) = match step.command.as_str() {
                "^C" => self.interrupt(&options.terminal, step),
                _ if options.asks_until => self.ask_until(step),
                _ => self.step(&options.terminal, step, is_last),
            };
            let printed = self.shown_folder()(&printed);
            if std::env::var_os("MILENA_SHOW_DOCS").is_some() {
                eprintln!("$ {}\n{printed}", step.command);
            }
            assert!(fits, "{place}\nprints\n{printed}\nand not\n{}", step.printed);
            let shows_error = step.printed.contains("error[");
            if let Some(status) = ended.filter(|_| step.command != "^C") {
                assert_eq!(status.success(), !shows_error, "{place}\nended with {status}\n{printed}");
            }
        }
    }

    /// Stops what still runs.
    ///
    /// # Panics
    /// When something had ended in disorder.
    pub fn end(mut self) {
        for mut running in
            self.background.drain(..).rev().chain(std::mem::take(&mut self.terminals).into_values())
        {
            running.interrupt();
            let (ended, printed) = running.until(|_| false);
            assert!(ended.is_some(), "{}: {} goes on after ^C:\n{printed}", self.page, running.command);
        }
    }

    /// A command and what it printed until it ended, or, where it may go on, until that was as shown.
    fn step(&mut self, terminal: &str, step: &Step, is_last: bool) -> (bool, Option<ExitStatus>, String) {
        assert!(!self.terminals.contains_key(terminal), "the terminal {terminal:?} is not free");
        let mut running = self.spawn(&step.command);
        let may_go_on = step.in_background || is_last && !terminal.is_empty();
        let folder = self.shown_folder();
        let shown =
            |printed: &str| may_go_on && transcript::begins_as_printed(&step.printed, &folder(printed));
        let (ended, printed) = running.until(shown);
        let fits = match ended {
            Some(_) => transcript::is_as_printed(&step.printed, &folder(&printed)),
            None => transcript::begins_as_printed(&step.printed, &folder(&printed)),
        };
        match ended {
            None if step.in_background => self.background.push(running),
            None => drop(self.terminals.insert(terminal.to_owned(), running)),
            Some(_) => {}
        }
        (fits, ended, printed)
    }

    fn ask_until(&mut self, step: &Step) -> (bool, Option<ExitStatus>, String) {
        let begun = Instant::now();
        loop {
            let (ended, printed) = self.spawn(&step.command).until(|_| false);
            let fits = transcript::is_as_printed(&step.printed, &self.shown_folder()(&printed));
            if fits || begun.elapsed() > PATIENCE {
                return (fits, ended, printed);
            }
        }
    }

    fn interrupt(&mut self, terminal: &str, step: &Step) -> (bool, Option<ExitStatus>, String) {
        let mut running = self.terminals.remove(terminal).expect("something runs in this terminal");
        let already = running.printed.len();
        running.interrupt();
        let (ended, printed) = running.until(|_| false);
        let since = printed[already..].to_owned();
        (ended.is_some() && transcript::is_as_printed(&step.printed, &since), ended, since)
    }

    /// Paths of the empty folder as the pages show them.
    fn shown_folder(&self) -> impl Fn(&str) -> String + use<> {
        let folder = self.folder.path().canonicalize().expect("it is there").display().to_string();
        move |printed| printed.replace(&folder, "/tmp/flights")
    }

    fn spawn(&self, command: &str) -> Running {
        let (output, input) = std::io::pipe().expect("a pipe");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            if name
                .to_str()
                .is_some_and(|name| name.starts_with("KAFKA_") || ["RUST_LOG", "CLUSTER_ID"].contains(&name))
            {
                shell.env_remove(name);
            }
        }
        let child = shell
            .args(["-c", command])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.scratch.path().display()))
            .env("MILENA", pages::root())
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("MILENA_CONTEXT")
            .stdin(Stdio::null())
            .stdout(input.try_clone().expect("a pipe"))
            .stderr(input)
            .process_group(0)
            .spawn()
            .expect("there is a shell");
        Running { command: command.to_owned(), child, lines: lines(output), printed: String::new() }
    }
}

/// A command that was begun.
struct Running {
    command: String,
    child: Child,
    lines: Receiver<String>,
    printed: String,
}

impl Running {
    /// Waits until it ends, or what it has printed `is_enough`; neither after a while is the end of patience.
    fn until(&mut self, is_enough: impl Fn(&str) -> bool) -> (Option<ExitStatus>, String) {
        let begun = Instant::now();
        loop {
            if is_enough(&self.printed) {
                return (None, self.printed.clone());
            }
            match self.lines.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
                Ok(line) => self.printed.push_str(&line),
                Err(RecvTimeoutError::Timeout) => return (None, self.printed.clone()),
                // The last of its processes has closed its output.
                Err(RecvTimeoutError::Disconnected) => {
                    return (Some(self.child.wait().expect("it ends")), self.printed.clone());
                }
            }
        }
    }

    fn interrupt(&self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::INT);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && matches!(self.child.try_wait(), Ok(None))
        {
            let _ = kill_process_group(group, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// The lines that come out of a pipe, until nobody holds its other end.
fn lines(output: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}
