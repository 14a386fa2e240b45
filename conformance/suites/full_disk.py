"""A disk that becomes full under a node, and has room again (docs/operating.md). A file system in memory of a few megabytes
stands for it, in a mount namespace, which needs root or sudo without a password. Apache Kafka, which ends there, is left out.
"""

import os
import pathlib
import subprocess

from harness import brokers, kcat, processes
from harness.checks import case, equal, true

MEGABYTES = 24
RECORDS = [b"%06d" % number + b"." * 1000 for number in range(2_000)]
BATCHES = ("-X", "batch.size=100000", "-X", "linger.ms=5")


def run(world):
    if world.target != "milena":
        return
    with Small() as node:
        kcat.produce(node, "before", RECORDS, "-p", 0)
        for topic in ("refused", "waiting"):
            processes.run([node.binary(), "topic", "create", topic, "-b", node.bootstrap])
        with case("on a full disk appends are refused, and what is there is served"):
            node.fill()
            refused = producer(node, "refused", "-X", "message.timeout.ms=3000")
            true(refused.wait(timeout=60) != 0, "the producer is told that it failed")
            equal(len(kcat.consume(node, "before")), len(RECORDS), "records from before")
            true("No space left" in node.log.read_text(), "the log says why")
        with case("a topic that is created on a full disk exists, and says why it is not served"):
            # What the metadata log says of it fits into the block that it has begun; the topic's own log needs new ones.
            processes.run([node.binary(), "topic", "create", "late", "-b", node.bootstrap])
            why = [node.binary(), "why", "partition", "late-0", "-b", node.bootstrap]
            told = lambda: b"partition.log-not-made" in processes.run(why)  # noqa: E731
            processes.wait_until(told, 20, "the cause that its log is not made", alive=node.process)
        with case("a producer that goes on trying is served when there is room again, without a restart"):
            waiting = producer(node, "waiting", "-X", "message.timeout.ms=120000")
            asked = lambda: "/waiting-0/" in node.log.read_text()  # noqa: E731
            processes.wait_until(asked, 60, "an append that was refused", alive=waiting)
            node.make_room()
            equal(waiting.wait(timeout=120), 0, "exit code of the producer")
            equal([value[:6] for value in kcat.consume(node, "waiting")], [value[:6] for value in RECORDS], "records, each once, in order")
        with case("the topic from then is served without a restart, too"):
            kcat.produce(node, "late", RECORDS[:10], "-p", 0)
            equal(kcat.consume(node, "late"), RECORDS[:10], "records")
        with case("the node stops cleanly and serves the same afterwards"):
            node.stop()
            equal(node.process.returncode, 0, "exit code")


def producer(node, topic, *options):
    """kcat that sends the records to one partition, with idempotence."""
    command = ["kcat", "-b", node.bootstrap, "-P", "-E", "-t", topic, "-p", "0", "-X", "enable.idempotence=true", *BATCHES, *options]
    process = processes.start(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.stdin.write(b"".join(record + b"\n" for record in RECORDS))
        process.stdin.close()
    except BrokenPipeError:
        pass
    return process


class Small(brokers.Milena):
    """A node whose data directory is a small file system of its own."""

    def command(self):
        self.data.mkdir(exist_ok=True)
        script = f'mount -t tmpfs -o size={MEGABYTES}m tmpfs {self.data}; exec "$@"'
        privileged = [] if os.geteuid() == 0 else ["sudo", "-n"]
        return [*privileged, "unshare", "--mount", "sh", "-ec", script, "sh", *super().command()]

    @property
    def ballast(self):
        """A file on the node's file system, seen from here."""
        return pathlib.Path(f"/proc/{self.pid}/root{self.data}/ballast")

    def fill(self):
        with open(self.ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                return

    def make_room(self):
        self.ballast.unlink()
