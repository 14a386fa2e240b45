//! Where a node keeps its data, and who else is in the process.

use embedded::{Api, EphemeralDisk, Milena, StartError};
use types::Offset;

use crate::clients::{create, ends, member, producer, read, send};

#[tokio::test]
async fn a_record_goes_in_and_comes_out() {
    let node = Milena::builder().ephemeral().start().expect("started");
    let producer = producer(&node, 1);
    assert_eq!(send(&producer, "first").await.expect("acknowledged"), Some(Offset(0)));
    assert_eq!(read(&member(&node, "reader")).await, ["first"]);
    node.stop().await.expect("it had not failed");
}

#[tokio::test]
async fn nodes_beside_each_other_share_nothing() {
    let nodes: Vec<Milena> = (0..3).map(|_| Milena::builder().start().expect("started")).collect();
    for node in &nodes {
        create(node, "t", &[]).await;
        send(&producer(node, 1), "mine").await.expect("acknowledged");
        assert_eq!(ends(node).await, (0, 1));
    }
    let ids: std::collections::BTreeSet<&str> = nodes.iter().map(Milena::cluster_id).collect();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn on_the_programs_own_runtime_it_is_a_task() {
    let node = Milena::builder().start_on_this_runtime().await.expect("started");
    send(&producer(&node, 1), "first").await.expect("acknowledged");
    node.stop().await.expect("it had not failed");
}

#[tokio::test]
async fn a_disk_in_memory_outlives_its_node() {
    let disk = EphemeralDisk::new();
    let node = Milena::builder().on(&disk).start().expect("started");
    let cluster = node.cluster_id().to_owned();
    send(&producer(&node, 1), "first").await.expect("acknowledged");
    let refused = Milena::builder().on(&disk).start().expect_err("the first one has it");
    assert!(matches!(refused, StartError::Node(_)), "{refused}");
    node.stop().await.expect("it had not failed");

    let node = Milena::builder().on(&disk).start().expect("started");
    assert_eq!((node.cluster_id(), ends(&node).await), (&*cluster, (0, 1)));
}

#[tokio::test]
async fn a_power_cut_takes_what_was_not_synced() {
    let disk = EphemeralDisk::new();
    let node = Milena::builder().on(&disk).start().expect("started");
    create(&node, "t", &[("flush.messages", "1")]).await;
    send(&producer(&node, 1), "synced").await.expect("acknowledged");
    // What a clean stop syncs is too late.
    disk.set_syncs_left(Some(0));
    node.stop().await.expect("it had not failed");
    disk.set_syncs_left(None);
    disk.cut_power(7);
    let node = Milena::builder().on(&disk).start().expect("started");
    assert_eq!(ends(&node).await, (0, 1));
}

#[tokio::test]
async fn a_data_directory_is_kept_and_is_the_binarys() {
    let directory = tempfile::tempdir().expect("made");
    let node = Milena::builder().data_dir(directory.path()).start().expect("started");
    send(&producer(&node, 1), "first").await.expect("acknowledged");
    let refused = Milena::builder().data_dir(directory.path()).start().expect_err("the first one has it");
    assert!(matches!(refused, StartError::DirectoryInUse { .. }), "{refused}");
    node.stop().await.expect("it had not failed");
    assert!(directory.path().join("t-0/00000000000000000000.log").exists());
    let node = Milena::builder().data_dir(directory.path()).start().expect("started");
    assert_eq!(ends(&node).await, (0, 1));
}

#[tokio::test]
async fn a_disk_that_fails_takes_its_partitions_out_of_service() {
    let disk = EphemeralDisk::new();
    let node = Milena::builder().on(&disk).start().expect("started");
    create(&node, "t", &[("flush.messages", "1")]).await;
    let producer = producer(&node, 1);
    send(&producer, "first").await.expect("acknowledged");
    disk.set_syncs_left(Some(0));
    let again = node.on(Api::Produce).nth(2).hold_answer();
    tokio::select! {
        sent = send(&producer, "second") => panic!("{sent:?} on a disk that fails"),
        // What was refused is tried again.
        () = again.struck() => {}
    }
}

#[test]
fn settings_are_kafkas_and_a_mistype_is_none() {
    drop(Milena::builder().set("num.partitions", 3).start().expect("started"));
    let refused = Milena::builder().set("num.partition", 3).start().expect_err("there is no such key");
    assert!(refused.to_string().contains("num.partitions"), "{refused}");
    let refused = Milena::builder().set("group.share.max.size", 3).start().expect_err("not served yet");
    assert!(
        matches!(&refused, StartError::NotServed { key, .. } if key == "group.share.max.size"),
        "{refused}"
    );
    let refused = Milena::builder().set("num.partitions", "many").start().expect_err("no number");
    assert!(matches!(refused, StartError::Setting(_)), "{refused}");
}

#[tokio::test]
async fn a_seed_gives_the_same_ids() {
    let id = || Milena::builder().seed(7).start().expect("started").cluster_id().to_owned();
    assert_eq!(id(), id());
}
