"""Fetch sessions when all slots are taken: who is given one, who loses one, after how long.

Both brokers are asked side by side by the program wire.SessionEviction, which lets two minutes pass (--quick: none).
"""

import concurrent.futures

from harness import kafka, processes
from suites import wire

SLOTS = 8


def run(world):
    waits = world.amount("wait", "hurry")
    with concurrent.futures.ThreadPoolExecutor() as both:
        found, expected = both.map(lambda Kind: answers(Kind, waits), (world.Node, world.Oracle))
    wire.judge("sessions", found, expected, wire.DIFFERENCES)


def answers(Kind, waits):
    """What a broker with few slots answers."""
    with Kind(overrides={"max.incremental.fetch.session.cache.slots": SLOTS}) as node:
        arguments = ("127.0.0.1", node.port, waits)
        command = kafka.java("wire.SessionEviction", *arguments, classes=kafka.compiled("wire"))
        return wire.parsed(processes.run(command, seconds=300).decode())
