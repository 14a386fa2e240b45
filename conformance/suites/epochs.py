"""Leader epochs: a partition that was led anew after clean stops and kills answers as Kafka's does.

Both brokers live the same life: records between restarts, so that some epochs have records and some have none. Then
the program wire.Epochs asks where each epoch ends and what a fetch is told that goes on from it.
"""

import concurrent.futures

from harness import kafka, processes
from suites import wire

# What happens in the life of the partition: records written, and how the broker's life ends.
LIVES = [(3, "stop"), (2, "kill"), (0, "stop"), (4, "kill"), (1, "stop")]


def run(world):
    with concurrent.futures.ThreadPoolExecutor() as both:
        found, expected = both.map(answers, (world.Node, world.Oracle))
    wire.judge("epochs", found, expected, wire.DIFFERENCES)


def answers(Kind):
    """What a broker answers after its lives."""
    with Kind() as node:
        ask(node, "make")
        for records, end in LIVES:
            if records:
                ask(node, "write", records)
            getattr(node, end)()
            node.start()
        ask(node, "write", 1)
        return wire.parsed(ask(node, "ask"))


def ask(node, *words):
    """Runs the program once."""
    command = kafka.java("wire.Epochs", "127.0.0.1", node.port, *words, classes=kafka.compiled("wire"))
    return processes.run(command, seconds=180).decode()
