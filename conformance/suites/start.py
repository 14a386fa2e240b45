"""How a node of Milena starts, refuses to start, and stops. Apache Kafka has no such options and is left out."""

import os
import signal
import struct

from harness import brokers, kafka, kcat, processes, wire
from harness.checks import case, equal, true


def run(world):
    if world.target != "milena":
        return
    picks_a_port(world)
    refuses(world)
    names_its_broker(world)
    refuses_what_is_not_served(world)
    reads_the_environment(world)
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


def refuses_what_is_not_served(world):
    node = world.Node()
    try:
        for key, value in (
            ("listeners", "SSL://127.0.0.1:0"),
            ("ssl.keystore.location", "/etc/keys.jks"),
            ("sasl.enabled.mechanisms", "PLAIN"),
            ("listener.name.plaintext.plain.sasl.jaas.config", "x"),
            ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
            ("create.topic.policy.class.name", "org.example.Policy"),
            ("principal.builder.class", "org.example.Builder"),
        ):
            with case(f"a node that is asked for {key} does not start, and names it"):
                for options, environment in (
                    (["--override", f"{key}={value}"], {}),
                    ([], {"KAFKA_" + key.upper().replace(".", "_"): value}),
                ):
                    told = refused(node, "--port", 0, "--ephemeral", *options, environment=environment)
                    true(key in told and "config-not-served" in told, f"what it said: {told}")
    finally:
        node.close()


def reads_the_environment(world):
    with case("KAFKA_ variables are settings as in the official image, over the file and under --override"):
        node = world.Node()
        environment = {
            "KAFKA_NUM_PARTITIONS": "4",
            "KAFKA_LOG_RETENTION_MINUTES": "7",
            "KAFKA_MAX_CONNECTION": "9",
            "KAFKA_HEAP_OPTS": "-Xmx1G",
        }
        properties = node.scratch / "server.properties"
        properties.write_text("num.partitions=3\nlog.retention.hours=1\nlog.segment.bytes=2097152\n")
        try:
            options = ["--config", str(properties), "--port", "0", "--ephemeral", "--ready-file", str(node.ready_file)]
            options += ["--override", "log.segment.bytes=3145728"]
            with open(node.log, "ab") as log:
                node.process = processes.start(
                    [node.binary(), *options], stdout=log, stderr=log, env={**os.environ, **environment})
            processes.wait_until(node.ready_file.exists, 20, "the ready file", alive=node.process)
            node.port = int(node.ready_file.read_text().splitlines()[0].rpartition(":")[2])
            kcat.produce(node, "t", [b"x"])
            describe = ["--describe", "--all", "--entity-type", "topics", "--entity-name", "t"]
            configs = kafka.java(kafka.TOOLS["kafka-configs"], "--bootstrap-server", node.bootstrap, *describe)
            told = processes.run(configs).decode()
            for setting in ("retention.ms=420000 ", "segment.bytes=3145728 "):
                true(f"  {setting}" in told, f"{setting} in {told}")
            log = node.log.read_text()
            true("max.connections" in log and "KAFKA_MAX_CONNECTION" in log, f"the warning: {log}")
            true("HEAP" not in log and "heap" not in log, f"a variable of the JVM is no key: {log}")
            node.stop()
        finally:
            node.close()


def refused(node, *options, environment=None):
    """What a node says that must not start."""
    done = processes.finish(
        [node.binary(), *map(str, options)], seconds=20, environment={**os.environ, **(environment or {})})
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
