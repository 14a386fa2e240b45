//! A node tells the service manager that started it when clients can connect, and when it stops; nothing where none did.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Long enough for any machine; nothing waits so long when it works.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends the node whatever becomes of the test.
struct Node(Child);

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

    let pid = i32::try_from(node.0.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
    kill_process(pid, Signal::TERM).expect("it is there");
    assert_eq!(heard(&socket), "STOPPING=1\nSTATUS=stopping");
    assert_eq!(node.0.wait().expect("it ends").code(), Some(0));
}
