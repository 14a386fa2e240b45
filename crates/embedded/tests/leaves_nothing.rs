//! What a node leaves behind: nothing. Alone in its binary, so that the threads and descriptors it counts are its own.

use std::collections::BTreeSet;
use std::fs;

use embedded::Milena;

/// Threads and open descriptors of this process.
fn counted() -> (usize, usize) {
    let entries = |path| fs::read_dir(path).expect("Linux has it").count();
    // Reading the second directory takes a descriptor in both counts.
    (entries("/proc/self/task"), entries("/proc/self/fd"))
}

#[test]
fn no_thread_no_descriptor_and_no_file_is_left() {
    // The first runtime of a process leaves tokio's own pair of sockets for signals.
    drop(tokio::runtime::Builder::new_current_thread().enable_all().build().expect("built"));
    let files = || fs::read_dir(std::env::temp_dir()).expect("there is one").flatten().map(|it| it.path());
    let files_before: BTreeSet<_> = files().collect();
    let before = counted();

    let nodes: Vec<Milena> =
        (0..3).map(|_| Milena::builder().ephemeral().start().expect("started")).collect();
    let (threads, descriptors) = counted();
    assert!(threads >= before.0 + 3 && descriptors > before.1, "what is counted goes up");
    drop(nodes);
    assert_eq!(counted(), before, "dropped");

    // With a client, on disk, stopped by word.
    let directory = tempfile::tempdir().expect("made");
    let node = Milena::builder().data_dir(directory.path()).start().expect("started");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("built");
    runtime.block_on(async move {
        let admin = client::admin::Admin::new(node.client("test"));
        let described = admin.describe_cluster(client::admin::Fenced::Excluded).await.expect("answered");
        assert_eq!(described.cluster_id, node.cluster_id());
        node.stop().await.expect("it had not failed");
    });
    drop(runtime);
    assert_eq!(counted(), before, "stopped");
    drop(directory);

    // In virtual time, which another thread holds.
    drop(Milena::builder().virtual_clock().start().expect("started"));
    assert_eq!(counted(), before, "virtual time");

    // On a runtime of the program's own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("built");
    runtime.block_on(async {
        let node = Milena::builder().start_on_this_runtime().await.expect("started");
        node.stop().await.expect("it had not failed");
        drop(Milena::builder().start_on_this_runtime().await.expect("started"));
    });
    drop(runtime);
    assert_eq!(counted(), before, "a runtime of the program's own");
    let files_after: BTreeSet<_> = files().collect();
    let left: Vec<_> = files_after.difference(&files_before).filter(|it| name_is_ours(it)).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn name_is_ours(path: &std::path::Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("milena"))
}
