#!/usr/bin/env python3
"""Proves that the suites can fail: runs some against Apache Kafka with a fault built in, which they have to find."""

import os
import sys

import run
from harness import brokers, checks
from suites import crash, exchange, kcat


class Lossy(brokers.Oracle):
    """Loses the end of one topic's logs in each crash."""

    def kill(self):
        super().kill()
        cut_tails(self.data, "plain-*")


class Forgetful(brokers.Oracle):
    """Hands a directory over with the end of one partition's log missing."""

    def stop(self):
        super().stop()
        cut_tails(self.data, "handed-2")
        (self.data / ".kafka_cleanshutdown").unlink()


class Odd(brokers.Oracle):
    """Is configured otherwise than asked."""

    def __init__(self, data=None, overrides=None):
        super().__init__(data, {**(overrides or {}), "num.partitions": 2, "message.max.bytes": 5_000_000})


EXPECTED = [
    "plain: every acknowledged record is where it was acknowledged",
    "kcat -L lists the node as controller, and a topic that it creates",
    "a record larger than max.message.bytes is refused, and the connection lives on",
    "from oracle to oracle after a clean stop: oracle serves the same records, offsets and settings",
]


def cut_tails(data, partitions):
    for directory in data.glob(partitions):
        last = max(directory.glob("*.log"))
        os.truncate(last, last.stat().st_size * 7 // 10)


def main():
    world = run.World("oracle", quick=True)
    world.Node = Lossy
    crash.run(world)
    world.Node = Odd
    kcat.run(world)
    exchange.handed_over(world, Forgetful, world.Oracle, "a clean stop")
    if checks.failures != EXPECTED:
        print(f"the faults were not found as expected: {checks.failures}")
        return 1
    print("every fault was found, and nothing else")
    return 0


if __name__ == "__main__":
    sys.exit(main())
