//! Errors that a test cannot ask the operating system for: a disk without room, on a simulated one.

use config::NodeConfig;
use io::disk::SimulatedDisk;
use io::{Blocking, Clock, Disk, Entropy};

use crate::assembly::Silent;
use crate::node_test::NOW_MS;
use crate::{BoundListener, Environment, Node, NodeError};

async fn start(disk: &SimulatedDisk) -> Result<Node, NodeError> {
    let mut properties = NodeConfig::embedded_defaults();
    properties.set("log.dirs", "/data");
    let (config, _) = NodeConfig::from_properties(properties, "localhost").expect("the settings are valid");
    let environment = Environment {
        disk: Disk::Simulated(disk.clone()),
        clock: Clock::simulated(NOW_MS),
        entropy: Entropy::from_seed(1),
        blocking: Blocking::Inline,
    };
    let listener = BoundListener { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092 };
    Node::start(config, environment, &[listener]).await
}

/// Wherever a start runs out of room, it says so: on a fresh disk, and on one that was in use.
#[tokio::test(start_paused = true)]
async fn a_disk_without_room_is_told_as_that() {
    let mut refused = 0;
    for bytes in (0..2000).step_by(40) {
        let disk = SimulatedDisk::default();
        disk.set_bytes_left(Some(bytes));
        if let Err(error) = start(&disk).await {
            assert_eq!(error.code(), "no-space", "with {bytes} bytes: {error:?}");
            refused += 1;
        }
    }
    let disk = SimulatedDisk::default();
    let mut node = start(&disk).await.expect("there is room");
    node.open(Silent).await.expect("there is room");
    node.stop().await;
    disk.release_locks();
    disk.set_bytes_left(Some(0));
    let error = start(&disk).await.expect_err("there is no room");
    assert_eq!(error.code(), "no-space", "{error:?}");
    assert!(error.help().contains("df -h"));
    assert!(refused > 10, "only {refused} starts ran out of room");
}
