#!/usr/bin/env python3
"""Proves that the suites can fail: runs some against Apache Kafka with a fault built in, which they have to find."""

import os
import sys

import run
from harness import brokers, checks
from suites import clients, compaction, crash, exchange, exchange_transactions, groups, groups_tools, groups_under_fire, kcat


class Lossy(brokers.Oracle):
    """Loses the end of some logs in each crash."""

    loses = "plain-*"

    def kill(self):
        super().kill()
        cut_tails(self.data, self.loses)


class LosesCommits(Lossy):
    """Loses committed offsets in each crash."""

    loses = "__consumer_offsets-*"


class Forgetful(brokers.Oracle):
    """Hands a directory over with the end of one partition's log missing."""

    def stop(self):
        super().stop()
        cut_tails(self.data, "handed-2")
        (self.data / ".kafka_cleanshutdown").unlink()


class Undecided(brokers.Oracle):
    """Hands a directory over without the marker of a transaction that is complete."""

    def stop(self):
        super().stop()
        exchange_transactions.cut_off(self, "settled-0")


class Odd(brokers.Oracle):
    """Is configured otherwise than asked."""

    settings = {"num.partitions": 2, "message.max.bytes": 5_000_000}

    def __init__(self, data=None, overrides=None):
        super().__init__(data, {**(overrides or {}), **self.settings})


class Timeless(Odd):
    """Gives records the time at which they came."""

    settings = {"log.message.timestamp.type": "LogAppendTime"}


class Narrow(Odd):
    """Takes hardly any metadata with an offset."""

    settings = {"offset.metadata.max.bytes": 2}


class Hasty(Odd):
    """Has no patience with tombstones."""

    settings = {"log.cleaner.delete.retention.ms": 0}


# How the titles of the cases begin that have to fail, in this order.
EXPECTED = [
    "plain: every acknowledged record is where it was acknowledged",
    "kcat -L lists the node as controller, and a topic that it creates",
    "a record larger than max.message.bytes is refused, and the connection lives on",
    "from oracle to oracle after a clean stop: oracle serves the same records, offsets and settings",
    "from oracle to oracle after a clean stop, transaction.version 2: oracle tells the same of every transaction, and shows none",
    "groups: OFFSET_FETCH: ",
    "groups: OFFSET_COMMIT: ",
    "kafka-consumer-groups resets by time, by duration and to the current offset",
    # The offsets that were set by time are seen here, too.
    "kafka-consumer-groups exports a plan, and resets from a file",
    "kafka-consumer-groups describes a group with members: offsets, members, state",
    "kafka-consumer-groups deletes offsets of partitions and of topics",
    "confluent-kafka: record fields",
    "tombstones stay for delete.retention.ms, and are gone after a later cleaning",
    "no acknowledged commit was lost by a kill",
]
# What goes with it, by chance: members that go on from an older offset commit it again.
MAY_FAIL = ["no committed offset fell back"]


def cut_tails(data, partitions):
    for directory in data.glob(partitions):
        last = max(directory.glob("*.log"))
        os.truncate(last, last.stat().st_size * 7 // 10)


def main():
    with_faults()
    found = [title for title in checks.failures if title not in MAY_FAIL]
    if len(found) != len(EXPECTED) or not all(title.startswith(start) for title, start in zip(found, EXPECTED)):
        print(f"the faults were not found as expected: {checks.failures}")
        return 1
    print("every fault was found, and nothing else")
    return 0


def with_faults():
    world = run.World("oracle", quick=True)
    world.Node = Lossy
    crash.run(world)
    world.Node = Odd
    kcat.run(world)
    exchange.handed_over(world, Forgetful, world.Oracle, "a clean stop")
    exchange_transactions.handed_over(Undecided, world.Oracle, "a clean stop", 2)
    world.Node = Narrow
    groups.run(world)
    world.Node = Timeless
    groups_tools.run(world)
    os.environ.update(MILENA_CLIENTS="confluent-kafka", MILENA_SCENARIOS="record fields,commit and resume")
    clients.run(world)
    with Hasty(overrides=compaction.SETTINGS) as node:
        compaction.tombstones(world, node)
    world.Node = LosesCommits
    groups_under_fire.run(world)


if __name__ == "__main__":
    sys.exit(main())
