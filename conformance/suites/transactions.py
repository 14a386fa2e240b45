"""Transactions, by raw requests: every API at every version, good and bad, at each transaction.version.

The Java program wire.Transactions asks both brokers the same; the answers are compared as those of the suite `wire`.
"""

from harness import kafka, processes
from suites import wire


def run(world):
    wire.judge("transactions", answers(world.Node), answers(world.Oracle), DIFFERENCES)


def answers(Kind):
    """What a fresh broker answers."""
    with Kind() as node:
        command = kafka.java("wire.Transactions", "127.0.0.1", node.port, classes=kafka.compiled("wire"))
        return wire.parsed(processes.run(command, seconds=180).decode())


DIFFERENCES = [("kafka-stumbles", wire.kafka_stumbles)]
