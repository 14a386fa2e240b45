//! Which process holds what this one wants, as far as the system tells (`/proc`, so on Linux, and for one's own processes
//! or as root).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A process of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// Its name, as `ps` shows it.
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// Who listens at `address`, or on every interface at its port.
pub fn of_port(address: SocketAddr) -> Option<Holder> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let inode =
        tables.iter().flat_map(|table| table.lines()).find_map(|line| listening_inode(line, address))?;
    let link = format!("socket:[{inode}]");
    let holds = |pid: &u32| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|file| std::fs::read_link(file.path()).ok())
            .any(|target| target.as_os_str() == link.as_str())
    };
    holder(processes().find(holds)?)
}

/// Who holds the lock on the file `path`.
pub fn of_lock(path: &Path) -> Option<Holder> {
    let inode = std::fs::metadata(path).ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    holder(locks.lines().find_map(|line| locking_pid(line, inode))?)
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn holder(pid: u32) -> Option<Holder> {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(Holder { pid, name: name.trim().to_owned() })
}

/// The inode of the socket in a line of `/proc/net/tcp` that listens where `address` would.
fn listening_inode(line: &str, address: SocketAddr) -> Option<u64> {
    const LISTEN: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
    let (host, port) = local.split_once(':')?;
    let is_there = *state == LISTEN && u16::from_str_radix(port, 16).ok()? == address.port();
    (is_there && meets(host, address.ip())).then(|| inode.parse().ok())?
}

/// Whether a listener at `host` (hexadecimal, in the machine's byte order) is in the way of one at `wanted`.
fn meets(host: &str, wanted: IpAddr) -> bool {
    let is_any = host.bytes().all(|digit| digit == b'0');
    let same = match wanted {
        IpAddr::V4(wanted) => {
            u32::from_str_radix(host, 16).is_ok_and(|bits| bits.to_ne_bytes() == wanted.octets())
        }
        IpAddr::V6(_) => false,
    };
    is_any || same || wanted.is_unspecified() || (wanted.is_ipv6() && host.len() == 32)
}

/// The process in a line of `/proc/locks` that holds the file of this inode.
fn locking_pid(line: &str, inode: u64) -> Option<u32> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let file = fields.get(5)?;
    let is_it = file.rsplit(':').next()?.parse() == Ok(inode);
    is_it.then(|| fields.get(4)?.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_is_found_in_the_table() {
        let line = "   0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1";
        let at = |text: &str| text.parse::<SocketAddr>().expect("an address");
        if cfg!(target_endian = "little") {
            assert_eq!(listening_inode(line, at("127.0.0.1:9092")), Some(4711));
            assert_eq!(listening_inode(line, at("127.0.0.2:9092")), None);
        }
        assert_eq!(listening_inode(line, at("0.0.0.0:9092")), Some(4711));
        assert_eq!(listening_inode(line, at("127.0.0.1:9093")), None);
        assert_eq!(listening_inode(&line.replace(" 0A ", " 01 "), at("127.0.0.1:9092")), None);
        assert_eq!(listening_inode("  sl  local_address rem_address", at("127.0.0.1:9092")), None);
    }

    #[test]
    fn who_locks_is_found_in_the_table() {
        let line = "1: POSIX  ADVISORY  WRITE 812 08:01:4711 0 EOF";
        assert_eq!(locking_pid(line, 4711), Some(812));
        assert_eq!(locking_pid(line, 4712), None);
        assert_eq!(locking_pid("", 4711), None);
    }

    #[test]
    fn this_process_is_found_by_its_socket() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let found = of_port(socket.local_addr().expect("it is bound"));
        if cfg!(target_os = "linux") {
            assert_eq!(found.map(|holder| holder.pid), Some(std::process::id()));
        }
    }
}
