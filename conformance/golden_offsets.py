#!/usr/bin/env python3
"""Makes crates/group-coordinator/testdata/consumer-offsets anew: a log of __consumer_offsets that Apache Kafka wrote, and
what Kafka's own commands tell of the groups in it.

    golden_offsets.py

In it: groups with members (dynamic, static, cooperative), one that all members left, offsets with epochs and metadata,
and, as tombstones, what was deleted or expired.
"""

import contextlib
import gzip

from harness import brokers, kafka, kcat, processes, wire
from harness.clients import CLIENTS
from harness.scenario import Member, shared_out

DATA = brokers.ROOT / "crates/group-coordinator/testdata/consumer-offsets"
PARTITIONS = 4
SETTINGS = {
    "offsets.topic.num.partitions": 1,
    "offsets.retention.check.interval.ms": 500,
    "group.initial.rebalance.delay.ms": 0,
}


def work(node, members):
    """Groups of every kind; those with members stay as they are."""
    wire.create_topic(node.port, "orders", PARTITIONS, {})
    wire.create_topic(node.port, "gone", 1, {})
    for partition in range(PARTITIONS):
        kcat.produce(node, "orders", [b"record"] * (partition + 1), "-p", partition)
    for group, strategy, instances in (("dynamic", "range", [None, None]), ("static", "range", ["one", "two"]),
                                       ("cooperative", "cooperative", [None, None])):
        joined = [member(node, members, group, strategy, instance) for instance in instances]
        shared_out(joined, [2, 2])
        processes.wait_until(lambda joined=joined: committed(joined) == PARTITIONS, 60, "all is committed")
    left = member(node, members, "left", "range", None)
    processes.wait_until(lambda: committed([left]) == PARTITIONS, 60, "all is committed")
    left.leave()
    for group in ("offsets-only", "deleted"):
        offsets(node, "commit", group, "orders", PARTITIONS)
    offsets(node, "commit", "offsets-only", "gone", 1)
    groups(node, "--delete", "--group", "deleted")
    groups(node, "--delete-offsets", "--group", "offsets-only", "--topic", "orders:3")
    kafka.tool("kafka-topics", "--bootstrap-server", node.bootstrap, "--delete", "--topic", "gone")
    wire.commit_offset(node.port, "expired", "orders", 0, 7, retention_ms=1)
    wire.commit_offset(node.port, "ending", "orders", 1, 8, retention_ms=10**15)
    over = lambda: "expired" not in groups(node, "--list") and "gone" not in offsets(node, "list", "offsets-only")  # noqa: E731
    processes.wait_until(over, 60, "what expires has expired")


def member(node, members, group, strategy, instance):
    client = next(client for client in CLIENTS if client.name == "confluent-kafka")
    told = {"bootstrap": node.bootstrap, "group": group, "topics": ["orders"], "strategy": strategy, "commit": True}
    joined = Member(client.start("member", {**told, "instance": instance, "session_ms": 45_000, "heartbeat_ms": 1000}))
    members.append(joined)
    return joined


def committed(members):
    return sum(len(member.committed()) for member in members)


def groups(node, *arguments):
    return kafka.tool("kafka-consumer-groups", "--bootstrap-server", node.bootstrap, *arguments)


def offsets(node, *arguments):
    """Commits or lists offsets with what no command shows: leader epochs and metadata."""
    return processes.run(kafka.java("GroupOffsets", node.bootstrap, *arguments, classes=kafka.compiled("GroupOffsets"))).decode()


def table(text):
    """The lines of a command's table, columns parted by tabs, without headings."""
    rows = sorted("\t".join(line.split()) for line in text.splitlines() if line.strip())
    notes = ("GROUP", "Consumer group")
    return "".join(f"{row}\n" for row in rows if not row.replace("\t", " ").startswith(notes))


def main():
    members = []
    with contextlib.ExitStack() as at_the_end, brokers.Oracle(overrides=SETTINGS) as node:
        at_the_end.callback(lambda: [member.kill() for member in members])
        work(node, members)
        names = sorted(group for group in groups(node, "--list").splitlines() if group)
        told = {
            "groups.txt": table(groups(node, "--list", "--state", "--type")),
            "members.txt": table(groups(node, "--describe", "--all-groups", "--members", "--verbose")),
            "offsets.txt": offsets(node, "list", *names),
        }
        node.stop()
        DATA.mkdir(parents=True, exist_ok=True)
        log = node.data / "__consumer_offsets-0/00000000000000000000.log"
        (DATA / "log.gz").write_bytes(gzip.compress(log.read_bytes(), mtime=0))
        for name, text in told.items():
            (DATA / name).write_text(text)


if __name__ == "__main__":
    main()
