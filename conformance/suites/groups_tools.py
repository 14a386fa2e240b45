"""kafka-consumer-groups and kafka-groups: the same commands against the node under test and against the oracle.

Both print the same once ids and addresses are masked; lines are compared in sorted order, for the tools print the
members and partitions of hash maps.
"""

import re
import struct

from harness import processes, wire
from harness.checks import case, equal, true
from harness.clients import client
from harness.scenario import Member, hexed, shared_out
from harness.side_by_side import SideBySide

PARTITIONS = 3
RECORDS = 10
BASE_TIME = 1_700_000_000_000
# The time of the record with offset 4, as kafka-consumer-groups wants it.
TIME_OF_4 = "2023-11-14T22:13:24.000"
FIND_COORDINATOR, COORDINATOR_NOT_AVAILABLE = 10, 15
OVERRIDES = {"group.initial.rebalance.delay.ms": 0, "auto.create.topics.enable": "false"}


def run(world):
    with world.Node(overrides=OVERRIDES) as node, world.Oracle(overrides=OVERRIDES) as oracle:
        both = Groups(node, oracle)
        for one in (node, oracle):
            fill(one)
        resets(both)
        without_members(both)
        with_members(both)
        deletions(both)
        both.close()
    too_few_brokers(world)


class Groups(SideBySide):
    """Both nodes, asked by kafka-consumer-groups."""

    def groups(self, *arguments):
        """Runs kafka-consumer-groups against both; what it prints has to be the same, and is returned."""
        return self.same("kafka-consumer-groups", *arguments)


def fill(node):
    """A topic whose records have the seconds from BASE_TIME on as their timestamps."""
    wire.create_topic(node.port, "orders", PARTITIONS, {"retention.ms": -1})
    wire.create_topic(node.port, "other", 1, {})
    records = [{"partition": partition, "value": hexed(b"v"), "timestamp": BASE_TIME + 1000 * number}
               for partition in range(PARTITIONS) for number in range(RECORDS)]
    run = {"topic": "orders", "codec": "none", "acks": "all", "idempotent": False, "records": records}
    client("confluent-kafka").run("produce", {"bootstrap": node.bootstrap, "runs": [run]})


def resets(both):
    reset = ("--reset-offsets", "--group", "idle")
    whole = (*reset, "--topic", "orders")
    with case("kafka-consumer-groups resets the offsets of a new group: dry run, then for good"):
        both.groups(*whole, "--to-earliest", "--dry-run")
        both.groups("--describe", "--group", "idle")
        both.groups(*whole, "--to-earliest", "--execute")
        both.groups("--describe", "--group", "idle")
    with case("kafka-consumer-groups resets to the latest offset, to an offset, by a shift, beyond the ends"):
        both.groups(*whole, "--to-latest", "--execute")
        both.groups(*whole, "--to-offset", "6", "--execute")
        both.groups(*whole, "--shift-by", "-2", "--execute")
        both.groups(*whole, "--shift-by", "100", "--execute")
        both.groups(*whole, "--to-offset", "99", "--dry-run")
        both.groups(*reset, "--topic", "orders:0,2", "--to-offset", "3", "--execute")
        both.groups("--describe", "--group", "idle")
    with case("kafka-consumer-groups resets by time, by duration and to the current offset"):
        found = both.groups(*whole, "--to-datetime", TIME_OF_4, "--execute")
        true(re.search(r"orders\s+0\s+4\b", found), f"the record of that time: {found}")
        both.groups(*whole, "--by-duration", "PT1H", "--execute")
        both.groups(*whole, "--to-datetime", "2001-01-01T00:00:00.000", "--execute")
        both.groups(*whole, "--to-current", "--execute")
    with case("kafka-consumer-groups exports a plan, and resets from a file"):
        both.groups(*whole, "--to-offset", "7", "--dry-run", "--export")
        plan = both.node.scratch / "plan.csv"
        plan.write_text("orders,0,1\norders,1,2\n")
        both.groups(*reset, "--from-file", str(plan), "--execute")
        both.groups(*reset, "--all-topics", "--shift-by", "1", "--execute")
        both.groups("--describe", "--group", "idle", "--offsets")


def without_members(both):
    with case("kafka-consumer-groups describes a group without members"):
        both.groups("--describe", "--group", "idle", "--state")
        both.groups("--describe", "--group", "idle", "--members")
    with case("kafka-consumer-groups tells of a group that does not exist"):
        both.groups("--describe", "--group", "absent")
        both.groups("--describe", "--group", "absent", "--state")
        both.groups("--delete", "--group", "absent")


def with_members(both):
    for group, strategy in (("live", "range"), ("served", "server")):
        members_of(both, group, strategy)


def members_of(both, group, strategy):
    programs = []
    try:
        for node in (both.node, both.oracle):
            times = {"session_ms": 30_000, "heartbeat_ms": 1000}
            told = {"bootstrap": node.bootstrap, "group": group, "topics": ["orders"], "strategy": strategy}
            told = {**told, "instance": None, "commit": True, **times}
            members = [Member(client("confluent-kafka").start("member", told)) for _ in range(2)]
            programs += members
            shared_out(members, [1, 2])
            ends = {partition: RECORDS for partition in range(PARTITIONS)}
            done = lambda members=members: {p: o for m in members for p, o in m.committed().items()} == ends  # noqa: E731
            processes.wait_until(done, 30, "all is committed")
        described(both, group)
        for member in programs:
            member.leave()
    finally:
        for member in programs:
            member.kill()


def described(both, group):
    with case(f"kafka-consumer-groups describes the group {group} with its members: offsets, members, state"):
        for what in ((), ("--members",), ("--state",)):
            both.groups("--describe", "--group", group, *what)
            both.groups("--describe", "--group", group, *what, "--verbose")
        both.groups("--describe", "--all-groups")
    with case(f"kafka-consumer-groups lists groups beside {group}, by state and by type"):
        for what in ((), ("--state",), ("--state", "stable"), ("--type",), ("--type", "classic"), ("--type", "consumer"),
                     ("--state", "--type")):
            both.groups("--list", *what)
    with case(f"kafka-groups lists groups beside {group}, by type and by protocol"):
        for what in ((), ("--consumer",), ("--group-type", "classic"), ("--group-type", "consumer"), ("--protocol", "consumer"), ("--share",)):
            both.same("kafka-groups", "--list", *what)
    with case(f"kafka-consumer-groups is refused what must not happen to the group {group} while it has members"):
        both.groups("--reset-offsets", "--group", group, "--topic", "orders", "--to-earliest", "--execute")
        both.groups("--delete", "--group", group)
        both.groups("--delete-offsets", "--group", group, "--topic", "orders")


def deletions(both):
    with case("kafka-consumer-groups deletes offsets of partitions and of topics"):
        both.groups("--delete-offsets", "--group", "idle", "--topic", "orders:0")
        both.groups("--describe", "--group", "idle")
        both.groups("--delete-offsets", "--group", "idle", "--topic", "other")
        both.groups("--delete-offsets", "--group", "live", "--topic", "orders")
    with case("kafka-consumer-groups deletes groups"):
        both.groups("--delete", "--group", "idle")
        both.groups("--delete", "--all-groups")
        both.groups("--list")
        both.groups("--describe", "--group", "idle")


def too_few_brokers(world):
    """Three replicas of __consumer_offsets are what Kafka asks for by default, and what one broker cannot have."""
    overrides = {**OVERRIDES, "offsets.topic.replication.factor": 3}
    with world.Node(overrides=overrides) as node, world.Oracle(overrides=overrides) as oracle:
        both = Groups(node, oracle)
        with case("a node with too large an offsets.topic.replication.factor serves no groups, and says why"):
            for one in (node, oracle):
                answer = wire.ask(one.port, FIND_COORDINATOR, 1, struct.pack(">h", 7) + b"readers\0")
                equal(struct.unpack_from(">h", answer, 4)[0], COORDINATOR_NOT_AVAILABLE, f"answer of the {one.name}")
                why = {"milena": "offsets.topic.replication.factor", "oracle": "INVALID_REPLICATION_FACTOR"}[one.name]
                told = lambda one=one, why=why: f"{why}" in one.log.read_text()  # noqa: E731
                processes.wait_until(told, 30, f"{why} in the log of the {one.name}")
            both.groups("--list")
            both.groups("--describe", "--group", "readers", "--timeout", "3000")
        with case("it serves groups when it was started anew with one replica"):
            node.stop()
            node.overrides["offsets.topic.replication.factor"] = 1
            node.start()
            wire.create_topic(node.port, "orders", 1, {})
            reset = ("--reset-offsets", "--group", "readers", "--topic", "orders", "--to-earliest", "--execute")
            server = ("--bootstrap-server", node.bootstrap)
            text, code = both.tools[node].run("kafka-consumer-groups", *server, *reset)
            equal(code, 0, f"exit code of kafka-consumer-groups, which said {text}")
            true("readers" in both.tools[node].run("kafka-consumer-groups", *server, "--list")[0], "the group is there")
        both.close()
