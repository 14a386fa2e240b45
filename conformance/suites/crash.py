"""kill -9 under load, again and again: nothing acknowledged is lost, nothing is doubled with idempotence.

Three producers run through all crashes: a plain and an idempotent Java producer that write down each acknowledgement,
and an idempotent kcat that is fed lines. The node starts again on the same port and directory each time.
"""

import collections
import subprocess
import threading

from harness import kafka, kcat, processes
from harness.checks import case, equal, true

PARTITIONS = 3
ROUNDS = 20
RATE = 1500


def run(world):
    rounds = world.amount(ROUNDS, 3)
    with world.Node(overrides={"num.partitions": PARTITIONS}) as node:
        producers = [Recorder(node, "plain", idempotent=False), Recorder(node, "idempotent", idempotent=True)]
        feeder = Feeder(node, "fed")
        with case(f"the node is killed {rounds} times under load and starts again each time"):
            for round_number in range(rounds):
                marks = [producer.acknowledged() for producer in producers]
                for producer, mark in zip(producers, marks):
                    enough = lambda p=producer, m=mark: p.acknowledged() >= m + RATE // 4  # noqa: E731
                    processes.wait_until(enough, 60, f"round {round_number}: records acknowledged", producer.process)
                node.kill()
                node.start()
        with case("the producers end well: all that they sent was acknowledged"):
            for producer in producers:
                producer.finish()
            feeder.finish()
        for producer in producers:
            with case(f"{producer.topic}: every acknowledged record is where it was acknowledged"):
                kept(node, producer)
            with case(f"{producer.topic}: offsets are dense"):
                dense(node, producer.topic)
        with case("idempotent: every record once, in the order sent"):
            in_order(node, "idempotent", range(producers[1].sent))
        with case("fed by kcat (idempotent): every record once, in the order sent"):
            in_order(node, "fed", range(feeder.sent))


class Recorder:
    """A Java producer that writes down what was acknowledged."""

    def __init__(self, node, topic, idempotent):
        self.topic = topic
        self.file = node.scratch / f"{topic}.acknowledged"
        self.file.touch()
        self.sent = None
        classes = kafka.compiled("RecordingProducer")
        arguments = (node.bootstrap, topic, PARTITIONS, str(idempotent).lower(), RATE, self.file)
        command = kafka.java("RecordingProducer", *arguments, classes=classes)
        errors = open(node.scratch / f"{topic}.errors", "wb")
        self.process = processes.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)

    def acknowledged(self):
        """How many lines the file holds."""
        with open(self.file, "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))

    def lines(self):
        """Triples of partition, offset and number; a record that was given up is an error."""
        lines = [line.split() for line in self.file.read_text().splitlines()]
        failed = [line for line in lines if line[0] == "failed"]
        equal(failed, [], f"records that the {self.topic} producer gave up")
        return [tuple(map(int, line)) for line in lines]

    def finish(self):
        output, _ = self.process.communicate(timeout=150)
        self.sent = int(output)
        equal(len(self.lines()), self.sent, f"acknowledgements of the {self.topic} producer")


class Feeder:
    """An idempotent kcat that is fed numbers until it is told to finish; each number goes to one of the partitions."""

    def __init__(self, node, topic, rate=RATE):
        self.sent, self.together = 0, rate // 100
        self.done = threading.Event()
        reliable = ("enable.idempotence=true", "message.timeout.ms=120000", "reconnect.backoff.max.ms=100", "linger.ms=2")
        settings = [word for setting in reliable for word in ("-X", setting)]
        options = ("-P", "-E", "-t", topic, "-K", "\t", *settings)
        self.process = kcat.start(node, *options, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self.feed, daemon=True)
        self.thread.start()

    def feed(self):
        while not self.done.wait(0.01):
            lines = b"".join(b"%d\t%d\n" % (number % 10, number) for number in range(self.sent, self.sent + self.together))
            self.process.stdin.write(lines)
            self.process.stdin.flush()
            self.sent += self.together

    def finish(self):
        self.done.set()
        self.thread.join()
        self.process.stdin.close()
        equal(self.process.wait(timeout=150), 0, "exit code of kcat")


def kept(node, producer):
    """Every acknowledged number stands at the offset that the acknowledgement named."""
    log = {}
    for line in kcat.consume(node, producer.topic, format="%p %o %s\\n"):
        partition, offset, number = map(int, line.split())
        log[partition, offset] = number
    lost = [(p, o, n) for p, o, n in producer.lines() if log.get((p, o)) != n]
    equal(lost[:10], [], f"{len(lost)} acknowledged records that are not there (partition, offset, number)")
    true(producer.sent > 0, "records were sent")


def dense(node, topic):
    """The offsets of each partition run from 0 without a gap."""
    offsets = collections.defaultdict(list)
    for line in kcat.consume(node, topic, format="%p %o\\n"):
        partition, offset = map(int, line.split())
        offsets[partition].append(offset)
    for partition, found in offsets.items():
        equal(found, list(range(len(found))), f"offsets of partition {partition}")


def in_order(node, topic, numbers):
    """Every number is there once, and each key's or partition's numbers ascend."""
    by_place = collections.defaultdict(list)
    for line in kcat.consume(node, topic, format="%p %k %s\\n"):
        words = line.split()
        by_place[words[0], words[1] if len(words) == 3 else b""].append(int(words[-1]))
    for place, found in by_place.items():
        equal(found, sorted(set(found)), f"numbers of {place}, once each and ascending")
    found = sorted(number for numbers_found in by_place.values() for number in numbers_found)
    equal(found, list(numbers), "all numbers")
