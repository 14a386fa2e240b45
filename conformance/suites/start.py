"""How a node of Milena starts, refuses to start, and stops. Apache Kafka has no such options and is left out."""

import signal
import struct

from harness import brokers, kcat, processes, wire
from harness.checks import case, equal, true


def run(world):
    if world.target != "milena":
        return
    picks_a_port(world)
    refuses(world)
    names_its_broker(world)
    reads_kafkas_configuration(world)


def picks_a_port(world):
    node = world.Node()
    try:
        with case("--port 0 picks a port and --ready-file tells it; SIGINT and SIGTERM are clean stops"):
            for number in (signal.SIGINT, signal.SIGTERM):
                node.ready_file.unlink(missing_ok=True)
                node.spawn([node.binary(), "--port", "0", "--ephemeral", "--ready-file", str(node.ready_file)])
                written = lambda: node.ready_file.exists() and b"\n" in node.ready_file.read_bytes()  # noqa: E731
                processes.wait_until(written, 20, "the ready file", alive=node.process)
                node.port = int(node.ready_file.read_text().splitlines()[0].rpartition(":")[2])
                kcat.produce(node, "t", [b"x"])
                equal(kcat.consume(node, "t"), [b"x"], "records")
                node.process.send_signal(number)
                equal(node.process.wait(timeout=20), 0, f"exit code after {number.name}")
    finally:
        node.close()


def refuses(world):
    with world.Node() as node:
        with case("a taken port is an error that names it"):
            other = refused(node, "--port", node.port, "--ephemeral")
            true(str(node.port) in other, f"what it said: {other}")
        with case("a directory that another node holds is an error that names it"):
            other = refused(node, "--port", 0, "--data-dir", node.data)
            true(str(node.data) in other, f"what it said: {other}")
        with case("a setting that is not legal is an error that names it"):
            other = refused(node, "--port", 0, "--ephemeral", "--override", "log.segment.bytes=many")
            true("log.segment.bytes" in other, f"what it said: {other}")
        with case("the node that was there goes on"):
            kcat.produce(node, "t", [b"x"])
            equal(kcat.consume(node, "t"), [b"x"], "records")


def refused(node, *options):
    """What a node says that must not start."""
    done = processes.finish([node.binary(), *map(str, options)], seconds=20)
    true(done.returncode not in (0, -9), f"exit code {done.returncode}")
    return done.stderr.decode()


def names_its_broker(world):
    """A cluster without brokers is news that librdkafka acts on: it forgets the one that it knew, and may not come back."""
    with world.Node() as node:
        with case("a client that calls while the node starts is answered when there is a broker to name"):
            for _ in range(world.amount(20, 5)):
                node.stop()
                node.prepare()
                node.spawn(node.command())
                equal(first_answer(node), 1, "brokers in the first Metadata that a node answers")


def first_answer(node):
    """How many brokers the first Metadata names (version 1, no topic asked)."""
    found = []

    def answered():
        try:
            found.append(struct.unpack_from(">i", wire.ask(node.port, 3, 1, struct.pack(">i", 0)))[0])
        except OSError:
            pass
        return found

    processes.wait_until(answered, 30, "an answer", alive=node.process)
    return found[0]


def reads_kafkas_configuration(world):
    with case("--config takes the server.properties of Apache Kafka, and the directory that it names"):
        with world.Oracle() as oracle:
            kcat.produce(oracle, "t", [b"x"])
            oracle.stop()
            node = brokers.Milena()
            try:
                node.port = oracle.port
                node.spawn([node.binary(), "--config", str(oracle.properties_file), "--ready-file", str(node.ready_file)])
                processes.wait_until(node.ready_file.exists, 30, "the ready file", alive=node.process)
                equal(kcat.consume(node, "t"), [b"x"], "records")
                node.stop()
            finally:
                node.close()
