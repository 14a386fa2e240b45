#!/usr/bin/env python3
"""Makes crates/metadata/testdata and crates/config/testdata/describe-topics.txt anew: a metadata log of Apache Kafka with
most kinds of records, some of the snapshots it took on the way, and how it describes the settings of two topics.

    golden_metadata.py
"""

import gzip
import time

from harness import brokers, kafka, processes

METADATA = brokers.ROOT / "crates/metadata/testdata"
CONFIG = brokers.ROOT / "crates/config/testdata"
SETTINGS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "metadata.log.max.record.bytes.between.snapshots": "700",
    "metadata.log.max.snapshot.interval.ms": "0",
    "metadata.max.idle.interval.ms": "0",
}
ACLS = "org.apache.kafka.tools.AclCommand"
FEATURES = "org.apache.kafka.tools.FeatureCommand"


def work(node):
    """Writes one record of each kind, and removes some again."""
    at = ["--bootstrap-server", node.bootstrap]

    def topics(*arguments):
        kafka.tool("kafka-topics", *at, *arguments)

    def configs(kind, name, *arguments):
        entity = ["--entity-default"] if name is None else ["--entity-name", name]
        kafka.tool("kafka-configs", *at, "--alter", "--entity-type", kind, *entity, *arguments)

    def run(main, *arguments):
        processes.run(kafka.java(main, *at, *arguments), seconds=120)

    kept = ["--config", "retention.ms=86400000", "--config", "cleanup.policy=compact,delete"]
    topics("--create", "--topic", "flights", "--partitions", "3", "--replication-factor", "1", *kept)
    topics("--create", "--topic", "short.lived", "--partitions", "2")
    topics("--create", "--topic", "manual", "--replica-assignment", "1,1")
    topics("--alter", "--topic", "flights", "--partitions", "5")
    configs("topics", "manual", "--add-config", "min.insync.replicas=1,segment.ms=3600000")
    configs("topics", "manual", "--delete-config", "segment.ms")
    configs("brokers", None, "--add-config", "log.retention.ms=3600000")
    configs("brokers", "1", "--add-config", "num.io.threads=4")
    configs("users", "alice", "--add-config", "SCRAM-SHA-256=[iterations=4096,password=x]")
    configs("users", "bob", "--add-config", "SCRAM-SHA-512=[iterations=4096,password=y]")
    configs("users", "bob", "--delete-config", "SCRAM-SHA-512")
    configs("users", "alice", "--add-config", "producer_byte_rate=1024")
    configs("clients", None, "--add-config", "consumer_byte_rate=2048,request_percentage=50.5")
    configs("clients", None, "--delete-config", "request_percentage")
    run(ACLS, "--add", "--allow-principal", "User:alice", "--operation", "Read", "--topic", "flights")
    denied = ["--deny-principal", "User:bob", "--operation", "All", "--topic", "fl", "--resource-pattern-type", "prefixed"]
    run(ACLS, "--add", *denied)
    run(ACLS, "--remove", "--force", *denied)
    topics("--delete", "--topic", "short.lived")
    kafka.tool("kafka-console-producer", *at, "--topic", "manual", stdin=b"hello\n")
    processes.run(kafka.java(FEATURES, *at, "downgrade", "--feature", "streams.version=0"), seconds=120)


def describe(node, topic):
    at = ["--bootstrap-server", node.bootstrap]
    return kafka.tool("kafka-configs", *at, "--describe", "--all", "--entity-type", "topics", "--entity-name", topic)


def main():
    with brokers.Oracle(overrides=SETTINGS) as node:
        work(node)
        node.stop()
        # A second start: another leader epoch, another incarnation, partitions that find their leader again.
        node.start()
        (CONFIG / "describe-topics.txt").write_text(describe(node, "flights") + describe(node, "manual"))
        time.sleep(2)
        node.stop()
        keep(node.data / "__cluster_metadata-0")


def keep(source):
    METADATA.mkdir(parents=True, exist_ok=True)
    for old in METADATA.glob("*.gz"):
        old.unlink()
    written = [source / "00000000000000000000.log", *sorted(source.glob("*-000000000[1-9].checkpoint"))]
    for path in written:
        name = "log" if path.suffix == ".log" else path.stem.lstrip("0") + ".checkpoint"
        (METADATA / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


if __name__ == "__main__":
    main()
