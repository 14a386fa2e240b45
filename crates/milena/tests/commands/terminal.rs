//! `milena top` on a terminal: whatever ends it, the terminal is as it was.

use std::fs::File;
use std::io::Read;
use std::process::{Child, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::node::{Node, signal};

/// A terminal: the end that a person sits at, and that of the programs.
struct Terminal {
    person: File,
    program: File,
}

impl Terminal {
    fn new() -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has terminals");
        grantpt(&person).expect("ours");
        unlockpt(&person).expect("ours");
        let name = ptsname(&person, Vec::new()).expect("it has a name");
        let program = open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("it can be opened");
        Self { person: person.into(), program: program.into() }
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.program).expect("a terminal").local_modes.contains(LocalModes::ICANON)
    }

    /// What is on the screen once `text` is.
    fn until(&mut self, text: &str) -> String {
        let (mut seen, mut bytes) = (String::new(), [0; 4096]);
        while !seen.contains(text) {
            let count = self.person.read(&mut bytes).expect("somebody draws");
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        seen
    }
}

fn top(node: &Node, terminal: &Terminal) -> Child {
    let end = || Stdio::from(terminal.program.try_clone().expect("a descriptor is free"));
    node.command(&["top"]).stdin(end()).stdout(end()).spawn().expect("the binary runs")
}

#[test]
fn a_terminal_is_as_it_was_when_top_is_terminated() {
    let node = Node::start();
    let mut terminal = Terminal::new();
    assert!(!terminal.is_raw());
    let mut top = top(&node, &terminal);
    terminal.until("1 topics");
    assert!(terminal.is_raw());
    signal(&top, Signal::TERM);
    assert_eq!(top.wait().expect("it is ours").code(), Some(0));
    assert!(!terminal.is_raw());
    terminal.until("\x1b[?1049l");
}
