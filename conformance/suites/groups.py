"""Groups of both protocols and committed offsets, by raw requests: every API at every version, in the lives of groups.

The Java program wire.Groups asks both brokers the same, which rebalance and assign without delay; the answers are compared
as those of the suite `wire`. What fits into a batch of __consumer_offsets fits on both sides, to the byte.
"""

from harness import kafka, processes
from suites import wire


def run(world):
    wire.judge("groups", answers(world.Node), answers(world.Oracle), DIFFERENCES)


def answers(Kind):
    """What a fresh broker answers."""
    at_once = {"group.initial.rebalance.delay.ms": 0, "group.consumer.assignment.interval.ms": 0}
    with Kind(overrides=at_once) as node:
        command = kafka.java("wire.Groups", "127.0.0.1", node.port, classes=kafka.compiled("wire"))
        return wire.parsed(processes.run(command, seconds=180).decode())


def large_deletions(question, found, expected):
    return question[2] == "of more than a batch"


DIFFERENCES = [("large-deletions", large_deletions)]
