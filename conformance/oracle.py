#!/usr/bin/env python3
"""Apache Kafka by hand: a single node on loopback, or one of its tools.

    oracle.py start [DATA]        starts a node on a fresh directory, or on one that a node left; runs until Ctrl-C
    oracle.py run NAME ARGS...    runs one of Kafka's commands, such as kafka-topics --bootstrap-server H:P --list
    oracle.py jars                prints the directory of Kafka's jars
"""

import os
import signal
import sys

from harness import brokers, kafka


def start(data=None):
    with brokers.Oracle(data) as node:
        signals = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        print(f"{node.bootstrap}\npid {node.pid}\ndata {node.data}", flush=True)
        signal.sigwait(signals)
        node.stop()


def run(name, *arguments):
    command = kafka.java(kafka.TOOLS.get(name, name), *arguments)
    os.execvp(command[0], command)


def jars():
    print(kafka.jars())


if __name__ == "__main__":
    commands = {"start": start, "run": run, "jars": jars}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
