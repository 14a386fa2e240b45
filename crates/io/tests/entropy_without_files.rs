//! Where no file can be opened, as in an image without `/dev`, the operating system still gives randomness. A process of
//! its own, for the limit on open files is the whole process's.

use std::fs::File;

use io::Entropy;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn the_system_gives_randomness_where_no_file_can_be_opened() {
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..before }).expect("a limit can be lowered");
    let opened = File::open("/dev/urandom").is_ok();
    let seeded = (0..2).map(|_| Entropy::from_system()).collect::<std::io::Result<Vec<_>>>();
    setrlimit(Resource::Nofile, before).expect("up to the hard limit it can be raised again");
    assert!(!opened, "the test would prove nothing");
    let first: Vec<u64> = seeded.expect("without a file").iter().map(Entropy::next_u64).collect();
    assert_ne!(first[0], first[1], "each start has numbers of its own");
}
