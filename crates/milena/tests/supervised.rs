//! A node tells the service manager that started it when clients can connect, and when it stops; nothing where none did.
//! It stops when it is told to, whatever it is doing.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

/// Long enough for any machine; nothing waits so long when it works.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends the node whatever becomes of the test.
struct Node(Child);

impl Node {
    fn pid(&self) -> Pid {
        i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).expect("a process has an id")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn heard(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let length = socket.recv(&mut buffer).expect("the node tells within a minute");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

/// How a process ends, unless it does not.
fn end_of(mut node: Node) -> Option<i32> {
    let (told, end) = mpsc::channel();
    std::thread::scope(|scope| {
        let killed = node.pid();
        scope.spawn(move || told.send(node.0.wait().expect("it is ours").code()));
        end.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = kill_process(killed, Signal::KILL);
            panic!("the node does not end");
        })
    })
}

#[test]
fn a_node_that_is_told_to_stop_while_it_starts_need_not_have_started() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let ready = directory.path().join("ready");
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_milena"));
        command.args(["--port", "0", "--data-dir"]).arg(&data).arg("--ready-file").arg(&ready);
        Node(command.stderr(Stdio::null()).spawn().expect("the binary runs"))
    };
    let node = start();
    let bootstrap = std::iter::repeat_with(|| std::fs::read_to_string(&ready))
        .inspect(|_| std::thread::yield_now())
        .find_map(|read| read.ok().filter(|text| !text.is_empty()))
        .expect("it repeats");
    let create = ["topic", "create", "t", "-p", "2", "--bootstrap-server", bootstrap.trim()];
    let created = Command::new(env!("CARGO_BIN_EXE_milena")).args(create).output().expect("the binary runs");
    assert!(created.status.success(), "{created:?}");
    kill_process(node.pid(), Signal::TERM).expect("it is there");
    assert_eq!(end_of(node), Some(0));

    // Whoever opens one to read waits for somebody who opens it to write: the logs are not recovered before.
    let checkpoints = ["t-0", "t-1"].map(|log| data.join(log).join("leader-epoch-checkpoint"));
    for checkpoint in &checkpoints {
        // A log that was never written to has none.
        let _ = std::fs::remove_file(checkpoint);
        mknodat(CWD, checkpoint, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("made");
    }
    let node = start();
    // So this returns when the node is at its logs, of which the other one keeps it.
    drop(std::fs::OpenOptions::new().write(true).open(&checkpoints[0]).expect("opened"));
    kill_process(node.pid(), Signal::TERM).expect("it is there");
    assert_eq!(end_of(node), Some(1));
}

#[test]
fn the_service_manager_is_told_of_a_nodes_readiness_and_end() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("bound");
    socket.set_read_timeout(Some(PATIENCE)).expect("taken");
    let mut node = Node(
        Command::new(env!("CARGO_BIN_EXE_milena"))
            .args(["--port", "0", "--ephemeral"])
            .env("NOTIFY_SOCKET", &path)
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs"),
    );

    let news = heard(&socket);
    let bootstrap = news.strip_prefix("READY=1\nSTATUS=clients connect at ").expect("it is ready");
    let address: SocketAddr = bootstrap.parse().expect("an address");
    drop(TcpStream::connect(address).expect("clients can connect once it is told"));

    kill_process(node.pid(), Signal::TERM).expect("it is there");
    assert_eq!(heard(&socket), "STOPPING=1\nSTATUS=stopping");
    assert_eq!(node.0.wait().expect("it ends").code(), Some(0));
}
