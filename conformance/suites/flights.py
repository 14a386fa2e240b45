"""Real data through everything: 336,776 flights keyed by tail number (no key where it is missing).

kcat (zstd, idempotent) and the Java console producer send them to topics of six partitions; the node is killed with
-9 in the middle of each and started again on the same port. Then everybody reads every flight: kcat, the Java console
consumer by partition, and `milena consume`. Per-key order has to be kept and the digest has to be that of the input.
Apache Kafka then serves the same directory, and the node under test what Apache Kafka left.
"""

import collections
import subprocess
import threading
import time

from harness import flights, kafka, kcat, processes, wire
from harness.checks import case, digest, equal, true

PARTITIONS = 6
SEPARATOR = b"\t"


def run(world):
    sent = flights.keyed_lines()
    equal(len(sent), flights.COUNT, "flights in the package")
    sent = sent[: world.amount(len(sent), 20_000)]
    topics = {"flights-kcat": kcat_producer, "flights-java": java_producer}
    with world.Node() as node:
        for topic, producer in topics.items():
            with case(f"{topic}: the node is killed in the middle of {len(sent)} flights and goes on"):
                create(node, topic)
                send_through_a_crash(node, topic, producer, sent)
        everybody_reads(world, node, topics, sent)
        with case("the oracle serves the directory"):
            node.stop()
            with world.Oracle(data=node.data) as oracle:
                for topic in topics:
                    complete(read_with_kcat(oracle, topic), sent)
                oracle.stop()
        with case("the node serves what the oracle left"):
            node.start()
            for topic in topics:
                complete(read_with_kcat(node, topic), sent)


def create(node, topic):
    server = ("--bootstrap-server", node.bootstrap)
    kafka.tool("kafka-topics", *server, "--create", "--topic", topic, "--partitions", PARTITIONS)


def kcat_producer(node, topic):
    settings = ("enable.idempotence=true", "compression.codec=zstd", "message.timeout.ms=120000", "linger.ms=5")
    options = [word for setting in settings for word in ("-X", setting)]
    return ["kcat", "-b", node.bootstrap, "-P", "-E", "-t", topic, "-K", "\t", *options]


def java_producer(node, topic):
    properties = ("parse.key=true", "key.separator=\t", "ignore.error=true")
    reader = [word for setting in properties for word in ("--reader-property", setting)]
    settings = ("enable.idempotence=true", "request.timeout.ms=10000", "linger.ms=5")
    producer = [word for setting in settings for word in ("--command-property", setting)]
    server = ("--bootstrap-server", node.bootstrap)
    return kafka.java(kafka.TOOLS["kafka-console-producer"], *server, "--topic", topic, *reader, *producer)


def send_through_a_crash(node, topic, producer, sent):
    """Feeds a producer; once a third of the records is in the log the node is killed and started again."""
    lines = [value if key is None else key + SEPARATOR + value for key, value in sent]
    errors = open(node.scratch / f"{topic}.errors", "wb")
    process = processes.start(producer(node, topic), stdin=subprocess.PIPE, stdout=errors, stderr=errors)
    half = threading.Event()

    def feed():
        # The second half waits for the crash, so that a crash in the middle it is.
        middle = len(lines) // 2
        process.stdin.write(b"".join(line + b"\n" for line in lines[:middle]))
        process.stdin.flush()
        half.wait()
        process.stdin.write(b"".join(line + b"\n" for line in lines[middle:]))
        process.stdin.close()

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    third = lambda: sum(wire.end_offsets(node.port, topic, PARTITIONS)) > len(lines) // 3  # noqa: E731
    processes.wait_until(third, 60, "a third of the flights in the log", alive=process)
    node.kill()
    half.set()
    node.start()
    feeder.join(120)
    true(not feeder.is_alive(), "the producer took all lines")
    code = process.wait(timeout=150)
    complaint = (node.scratch / f"{topic}.errors").read_bytes()[-600:].decode(errors="replace")
    equal(code, 0, f"exit code of the producer ({complaint})")


def everybody_reads(world, node, topics, sent):
    readers = {"kcat": read_with_kcat, "the Java console consumer by partition": read_with_java}
    if world.target == "milena":
        readers["milena consume"] = read_with_milena
    for topic in topics:
        for name, read in readers.items():
            with case(f"{topic}: {name} reads every flight"):
                begun = time.monotonic()
                complete(read(node, topic), sent)
                true(time.monotonic() - begun < 120, "within two minutes")


def read_with_kcat(node, topic):
    """Pairs of key and value, partition by partition in order."""
    read = kcat.consume(node, topic, format="%K\\t%k\\t%s\\n")
    pairs = (line.split(SEPARATOR, 2) for line in read)
    return [(None if length == b"-1" else key, value) for length, key, value in pairs]


def read_with_java(node, topic):
    return [pair for partition in range(PARTITIONS) for pair in java_partition(node, topic, partition)]


def java_partition(node, topic, partition):
    count = wire.end_offsets(node.port, topic, PARTITIONS)[partition]
    server = ("--bootstrap-server", node.bootstrap, "--topic", topic, "--partition", partition)
    limits = ("--offset", "earliest", "--max-messages", count, "--timeout-ms", 30_000)
    text = kafka.tool("kafka-console-consumer", *server, *limits, "--formatter-property", "print.key=true")
    return [null_key(*line.encode().split(SEPARATOR, 1)) for line in text.splitlines()]


def read_with_milena(node, topic):
    options = ("--bootstrap-server", node.bootstrap, "--from-beginning", "--exit-at-end", "--print-key")
    text = processes.run([node.binary(), "consume", topic, *options], seconds=120)
    pairs = (line.split(SEPARATOR, 1) for line in text.splitlines())
    return [(key or None, value) for key, value in pairs]


def null_key(key, value):
    """Kafka's console consumer prints a missing key as the word null, which is no tail number."""
    return (None if key == b"null" else key, value)


def complete(read, sent):
    """Every record once, each key's in the order sent."""
    equal(len(read), len(sent), "records")
    equal(digest(map(joined, read)), digest(map(joined, sent)), "digest of all flights")
    found, expected = by_key(read), by_key(sent)
    equal(len(found), len(expected), "keys")
    disordered = [key for key, values in expected.items() if found.get(key) != values]
    equal(disordered[:5], [], "keys whose flights are out of order")


def joined(pair):
    key, value = pair
    return (b"(none)" if key is None else key) + SEPARATOR + value


def by_key(pairs):
    """Values by key, in order; records without a key have no order."""
    values = collections.defaultdict(list)
    for key, value in pairs:
        if key is not None:
            values[key].append(value)
    return values
